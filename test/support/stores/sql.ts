import type Keyv from "keyv";
import { describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openStore, type StoreName } from "../../../backends/index.js";
import { all } from "../../backends/conformance.js";
import { CuttingProxy, type Fate } from "../cutting-proxy.js";
import { muteServer } from "../mute-server.js";
import { cleanUp } from "../sandbox.js";
import { freePort } from "../server.js";
import { faultOf } from "../store-fault.js";

/** A database server with a user and a database for stores. */
export abstract class SqlServer {
	abstract readonly store: Extract<StoreName, "postgres" | "mysql">;
	abstract readonly server: { readonly port: number; resume(): Promise<void>; stop(): Promise<void> };

	/** Runs SQL in the stores' database as the administrator. */
	abstract sql(text: string): Promise<string[]>;
	abstract literal(text: string): string;
	/** A Keyv program, with its own adapter on a table. */
	abstract keyv(table: string): Keyv;
	/** Ends it in mid-work. */
	abstract pause(): Promise<void>;

	resume(): Promise<void> {
		return this.server.resume();
	}

	stop(): Promise<void> {
		return this.server.stop();
	}

	get port(): number {
		return this.server.port;
	}

	/** The URL of the database, on another port and by another name of this host where they are given. */
	url(port = this.port, host = "127.0.0.1"): string {
		return `${this.store}://trocla@${host}:${port}/trocla`;
	}

	/** Opens a store: as its user, and unless told in a table of all tests. */
	open(options: object = {}, create = true): Promise<Backend> {
		return openStore(this.store, { url: this.url(), password: PASSWORD, ...options }, create);
	}

	/** One that is closed when the running test has ended. */
	async opened(options?: object, create?: boolean): Promise<Backend> {
		const backend = await this.open(options, create);
		cleanUp(() => backend.close());
		return backend;
	}

	/** The error that opening one ends with, and its hint. */
	fault(options: object): Promise<string> {
		return faultOf(this.open(options), PASSWORD);
	}
}

/** The password of a store's user, which a URL or SQL would have to quote. */
export const PASSWORD = "it's a %40 pass";

let tables = 0;

/** The name of a table that there is not yet. */
export const freshTable = () => `t${++tables}`;

/** What is true of the table of every store in a database. */
export function keepsKeyvsRows(on: () => SqlServer): void {
	describe("Keyv", () => {
		test("reads what is stored, and writes what can be read, replaced and deleted", async () => {
			const table = freshTable();
			const backend = await on().opened({ table });
			const program = on().keyv(table);
			for (const [key, text] of Object.entries({ a: "1", "é'%": '{"v":1}', colon: ":x", ["K".repeat(512)]: "long" })) {
				await backend.swap(key, undefined, text);
				expect(await program.get(key)).toBe(text);
				await program.set(key, `${text}!`);
				expect(await backend.read(key)).toBe(`${text}!`);
				expect(await backend.swap(key, text, "x")).toBe(false);
				expect(await backend.swap(key, `${text}!`, "x")).toBe(true);
				expect(await program.getMany([key, "-"])).toEqual(["x", undefined]);
			}
			const pairs: unknown[] = [];
			for await (const pair of program.iterator?.("trocla") ?? []) pairs.push(pair);
			expect(pairs).toHaveLength(4);
			expect(await program.delete("a")).toBe(true);
			expect(await backend.read("a")).toBeUndefined();
		});

		test.each([
			["an expiry of none", '{"value":"x","expires":null}'],
			["other spaces", '{ "value" : "x" }'],
			["escapes", '{"value":"\\u0078"}'],
		])("of another version may have written a row with %s", async (_, row) => {
			const table = freshTable();
			const backend = await on().opened({ table });
			const write = () => on().sql(`INSERT INTO ${table} VALUES ('trocla:a', ${on().literal(row)})`);
			await write();
			expect(await backend.swap("a", "y", "z")).toBe(false);
			expect(await backend.swap("a", "x", "z")).toBe(true);
			expect(await backend.swap("a", "z", undefined)).toBe(true);
			await write();
			expect(await Promise.all(backend.swapMany([{ key: "a", before: "x", after: undefined }]))).toEqual([true]);
		});

		test("has keys of other namespaces in the same table, which are left alone", async () => {
			const table = freshTable();
			const backend = await on().opened({ table });
			const rows = "('other:a', '1'), ('trocla', '2'), ('troclb:a', '3'), ('trocla:bad', 'oops')";
			await on().sql(`INSERT INTO ${table} VALUES ${rows}`);
			await backend.swap("a", undefined, "x");
			expect(await all(backend.keys())).toEqual(["a", "bad"]);
			await expect(backend.read("bad")).rejects.toMatchObject({ fault: "damaged", key: "bad" });
		});
	});

	test("the table is made once, however many make it at once", async () => {
		const table = freshTable();
		const backends = await Promise.all(Array.from({ length: 20 }, () => on().opened({ table })));
		const won = await Promise.all(backends.map((backend, n) => backend.swap("a", undefined, `${n}`)));
		expect(won.filter(Boolean)).toHaveLength(1);
	});

	test("the table is not made where that is not wanted, and an error says what makes it", async () => {
		const table = freshTable();
		const where = on().url().replace("trocla@", "");
		await expect(on().open({ table }, false)).rejects.toMatchObject({
			message: expect.stringMatching(`^${where}: there is no table .*${table}. yet$`),
			hint: expect.stringContaining("first password"),
		});
		await on().opened({ table });
		await on().opened({ table }, false);
	});

	test("in a group the swap that the server refuses leaves the others alone", async () => {
		const table = freshTable();
		const backend = await on().opened({ table });
		await on().sql(`ALTER TABLE ${table} ADD CHECK (value NOT LIKE '%never%')`);
		const swaps = Array.from({ length: 9 }, (_, n) => ({
			key: `k${n}`,
			before: undefined,
			after: n === 4 ? "never" : `${n}`,
		}));
		const answers = await Promise.allSettled(backend.swapMany(swaps));
		expect(answers.map(({ status }) => status === "fulfilled")).toEqual(swaps.map((_, n) => n !== 4));
		expect(await all(backend.keys())).toHaveLength(8);
	});

	test("many swaps in opposite orders are each done by one of those who want them", async () => {
		const backend = await on().opened({ table: freshTable() });
		const swaps = (before: string | undefined, after: string) =>
			Array.from({ length: 200 }, (_, n) => ({ key: `k${n}`, before, after }));
		await Promise.all(backend.swapMany(swaps(undefined, "0")));
		for (let round = 0; round < 10; round++) {
			const next = swaps(`${round}`, `${round + 1}`);
			const answers = await Promise.all([
				...backend.swapMany(next),
				...backend.swapMany([...next].reverse()),
				...next.map(({ key, before, after }) => backend.swap(key, before, after)),
			]);
			expect(answers.filter(Boolean)).toHaveLength(200);
		}
	});
}

/** What every store in a database does when its server, or the way to it, fails. */
export function bearsFaults(on: () => SqlServer): void {
	test("nobody listens on a port, or on a socket that is not there, and that is told", async () => {
		expect(await on().fault({ seconds: 1, url: on().url(await freePort()) })).toMatch(/nobody listens there/);
		expect(await on().fault({ seconds: 1, socket: "/nonexistent" })).toMatch(/nobody listens there/);
	});

	test("a server that accepts and never answers is told of in time", async () => {
		const start = performance.now();
		expect(await on().fault({ seconds: 1, url: on().url(await muteServer()) })).toMatch(/no answer in/);
		expect(performance.now() - start).toBeLessThan(5000);
	});

	test("a server that is away for ten seconds is waited for, by what reads and by what writes", async () => {
		const backend = await on().opened({ seconds: 30 });
		await backend.swap("away", undefined, "1");
		await on().pause();
		const read = backend.read("away");
		// What had no connection is sent once the server is back; what had, is found out then.
		const swapped = backend.swap("away", "1", "2").catch(({ fault }) => fault);
		await new Promise((resolve) => setTimeout(resolve, 10_000));
		await on().resume();
		expect(["1", "2"]).toContain(await read);
		expect([true, "lost"]).toContain(await swapped);
		expect(await backend.read("away")).toBe((await swapped) === true ? "2" : "1");
	});

	test("a server that stays away is told of when the time is over", async () => {
		const proxy = await proxied(on());
		const backend = await on().opened({ url: on().url(proxy.port), seconds: 1 });
		proxy.meet(...Array<Fate>(100).fill("silence"));
		const start = performance.now();
		await expect(backend.read("a")).rejects.toMatchObject({ message: expect.stringContaining("no answer in") });
		await expect(backend.swap("a", undefined, "1")).rejects.toMatchObject({ fault: "unknown", key: "a" });
		await backend.close();
		expect(performance.now() - start).toBeLessThan(10_000);
	});

	test.each<Fate>(["request-lost", "answer-lost"])("what became of swaps is found out: %s", async (fate) => {
		const proxy = await proxied(on());
		const backend = await on().opened({ url: on().url(proxy.port), connections: 1 });
		const wanted = (key: string) => ({ key: `${fate}-${key}`, before: undefined, after: "x" });
		const [first, ...others] = ["alone", "a", "b", "c"].map(wanted);
		// One that is alone is one piece, once the connection and the statement are ready.
		await backend.swap(`${fate}-ready`, undefined, "x");
		proxy.meet(fate);
		const answered = (swap: Promise<boolean>) => swap.catch(({ fault }) => fault);
		const [done, notDone] = [true, "lost"];
		expect(await answered(backend.swap(first?.key ?? "", undefined, "x"))).toBe(
			fate === "answer-lost" ? done : notDone,
		);
		// Several are one or more: whichever it is, what is answered is what is stored.
		for (let before = 0; before < 5; before++) {
			const swaps = others.map(({ key, ...swap }) => ({ ...swap, key: `${key}${before}` }));
			await backend.read(`${fate}-ready`);
			proxy.meet(...Array<Fate>(before).fill("through"), fate);
			const answers = await Promise.all(backend.swapMany(swaps).map(answered));
			proxy.meet();
			const stored = await backend.readMany(swaps.map(({ key }) => key));
			expect(answers).toEqual(stored.map((text) => (text === "x" ? done : notDone)));
		}
	});
}

async function proxied(server: SqlServer): Promise<CuttingProxy> {
	const proxy = await CuttingProxy.to(server.port);
	cleanUp(() => proxy.close());
	return proxy;
}

/** A row or a table that somebody else keeps locked for longer than a store waits. */
export async function tellsOfLocks(server: SqlServer, lockForFourSeconds: string, hint: string): Promise<void> {
	const backend = await server.opened({ seconds: 2 });
	await backend.swap("locked", await backend.read("locked"), "1");
	const held = server.sql(lockForFourSeconds);
	const change = async () => {
		for (;;) if (await backend.swap("locked", "1", "2")) await backend.swap("locked", "2", "1");
	};
	await expect(change()).rejects.toMatchObject({ fault: "busy", hint: expect.stringContaining(hint) });
	await held;
	expect(await backend.swap("locked", await backend.read("locked"), "3")).toBe(true);
}
