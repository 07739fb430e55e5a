import { KeyvMysql } from "@keyv/mysql";
import Keyv from "keyv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openStore } from "../../../backends/index.js";
import { all, conforms } from "../../backends/conformance.js";
import { MariaDb } from "../../support/mariadb.js";
import { missing } from "../../support/peers.js";
import { literal } from "../../support/postgres.js";
import { cleanUp } from "../../support/sandbox.js";

const PASSWORD = "it's a %40 pass";

describe.skipIf(missing("mariadb", "mariadbd", "mariadb-install-db"))("MariaDB (needs mariadb-server)", () => {
	let mariadb: MariaDb;
	let tables = 0;

	beforeAll(async () => {
		mariadb = await MariaDb.start(["max-connections=300"]);
		await mariadb.sql(`CREATE USER trocla@'127.0.0.1' IDENTIFIED BY ${literal(PASSWORD)}`);
		await mariadb.sql("CREATE DATABASE trocla; GRANT ALL ON trocla.* TO trocla@'127.0.0.1'");
	});
	afterAll(() => mariadb?.stop());

	const sql = (text: string) => mariadb.sql(`USE trocla; ${text}`);
	const freshTable = () => `t${++tables}`;
	const url = (user = "trocla", database = "trocla") => `mysql://${user}@127.0.0.1:${mariadb.port}/${database}`;
	const open = (options: object = {}, create = true) =>
		openStore("mysql", { url: url(), password: PASSWORD, ...options }, create);

	async function opened(options: object = {}, create = true): Promise<Backend> {
		const backend = await open(options, create);
		cleanUp(() => backend.close());
		return backend;
	}

	conforms(() => open({ table: freshTable() }));

	describe("Keyv", () => {
		/** A Keyv program, with its own adapter on a table. */
		function keyv(table: string): Keyv {
			const adapter = new KeyvMysql({ uri: url().replace("@", `:${encodeURIComponent(PASSWORD)}@`), table });
			cleanUp(() => adapter.disconnect());
			return new Keyv({ store: adapter, namespace: "trocla" });
		}

		test("reads what is stored, and writes what can be read, replaced and deleted", async () => {
			const table = freshTable();
			const backend = await opened({ table });
			const program = keyv(table);
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
			["escapes", '{"value":"\\\\u0078"}'],
		])("of another version may have written a row with %s", async (_, row) => {
			const table = freshTable();
			const backend = await opened({ table });
			const write = () => sql(`INSERT INTO ${table} VALUES ('trocla:a', ${literal(row)})`);
			await write();
			expect(await backend.swap("a", "y", "z")).toBe(false);
			expect(await backend.swap("a", "x", "z")).toBe(true);
			expect(await backend.swap("a", "z", undefined)).toBe(true);
			await write();
			expect(await Promise.all(backend.swapMany([{ key: "a", before: "x", after: undefined }]))).toEqual([true]);
		});

		test("has keys of other namespaces in the same table, which are left alone", async () => {
			const table = freshTable();
			const backend = await opened({ table });
			await sql(
				`INSERT INTO ${table} VALUES ('other:a', '1'), ('trocla', '2'), ('troclb:a', '3'), ('trocla:bad', 'oops')`,
			);
			await backend.swap("a", undefined, "x");
			expect(await all(backend.keys())).toEqual(["a", "bad"]);
			await expect(backend.read("bad")).rejects.toMatchObject({ fault: "damaged", key: "bad" });
		});
	});

	test("keys that MySQL's collations take for one are several", async () => {
		const backend = await opened({ table: freshTable() });
		const keys = ["Key", "key", "KEY", "key ", "key  ", "kéy", "ke\u0301y", "ｋｅｙ", "ß", "ss", "ẞ"];
		const texts = ["x", "X", "x ", "é", "e\u0301"];
		for (const key of keys) expect(await backend.swap(key, undefined, key)).toBe(true);
		expect(await backend.readMany(keys)).toEqual(keys);
		for (const text of texts) {
			await backend.swap("text", undefined, text);
			for (const other of texts) if (other !== text) expect(await backend.swap("text", other, "y")).toBe(false);
			expect(await backend.swap("text", text, undefined)).toBe(true);
		}
	});

	describe("the table", () => {
		test("is made once, however many make it at once", async () => {
			const table = freshTable();
			const backends = await Promise.all(Array.from({ length: 20 }, () => opened({ table })));
			const won = await Promise.all(backends.map((backend, n) => backend.swap("a", undefined, `${n}`)));
			expect(won.filter(Boolean)).toHaveLength(1);
		});

		test("is not made where that is not wanted, and an error says what makes it", async () => {
			const table = freshTable();
			await expect(open({ table }, false)).rejects.toMatchObject({
				message: `mysql://127.0.0.1:${mariadb.port}/trocla: there is no table \`${table}\` yet`,
				hint: expect.stringContaining("first password"),
			});
			await opened({ table });
			await opened({ table }, false);
		});

		test.each([
			"(id INT PRIMARY KEY, name TEXT)",
			"(id VARCHAR(519) PRIMARY KEY, value LONGTEXT, owner INT)",
			"(id VARCHAR(519), value LONGTEXT)",
			"(id BIGINT PRIMARY KEY, value LONGTEXT)",
		])("of another program, %s, is refused and not touched", async (columns) => {
			const table = freshTable();
			await sql(`CREATE TABLE ${table} ${columns}`);
			const before = await sql(`SHOW CREATE TABLE ${table}`);
			await expect(open({ table })).rejects.toMatchObject({
				message: expect.stringContaining("is not a table of Keyv's"),
			});
			expect(await sql(`SHOW CREATE TABLE ${table}`)).toEqual(before);
		});

		test.each([
			["short keys, as Keyv's adapter makes it", "(id VARCHAR(255) PRIMARY KEY, value TEXT)"],
			[
				"a collation that ignores blanks at the end",
				"(id VARCHAR(519) COLLATE utf8mb4_bin PRIMARY KEY, value LONGTEXT COLLATE utf8mb4_bin) CHARACTER SET utf8mb4",
			],
			[
				"an engine without transactions",
				"(id VARCHAR(519) PRIMARY KEY, value LONGTEXT) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin ENGINE=Aria",
			],
		])("with %s is refused with what mends it", async (_, columns) => {
			const table = freshTable();
			await sql(`CREATE TABLE ${table} ${columns}`);
			const { hint = "" } = await open({ table }).then(
				() => ({ hint: "" }),
				(error: { hint?: string }) => error,
			);
			await sql(hint.replace(/^Run: /, ""));
			await opened({ table });
		});

		test("may have any name", async () => {
			await (await opened({ table: "key`v; --" })).swap("a", undefined, "1");
			expect(await sql("SELECT id FROM `key``v; --`")).toEqual(["trocla:a"]);
		});
	});

	test("a user who may only read and write the table's rows is enough, and one who may only read is told so", async () => {
		const table = freshTable();
		await (await opened({ table })).swap("a", undefined, "1");
		for (const [user, rights] of Object.entries({ writer: "SELECT, INSERT, UPDATE, DELETE", reader: "SELECT" })) {
			await sql(`CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY ${literal(PASSWORD)}`);
			await sql(`GRANT ${rights} ON trocla.${table} TO ${user}@'127.0.0.1'`);
		}
		const writer = await opened({ table, url: url("writer") });
		expect(await writer.swap("a", "1", "2")).toBe(true);
		expect(await writer.swap("b", undefined, "1")).toBe(true);
		expect(await writer.swap("b", "1", undefined)).toBe(true);
		const swaps = [
			{ key: "a", before: "2", after: "3" },
			{ key: "b", before: undefined, after: "1" },
		];
		expect(await Promise.all(writer.swapMany(swaps))).toEqual([true, true]);
		expect(await writer.check()).toEqual([]);
		const reader = await opened({ table, url: url("reader") });
		expect(await reader.read("a")).toBe("3");
		const refused = {
			message: expect.stringContaining("UPDATE command denied"),
			hint: expect.stringContaining("INSERT"),
		};
		await expect(reader.swap("a", "3", "4")).rejects.toMatchObject(refused);
		await expect(open({ table: "notmade", url: url("writer") })).rejects.toMatchObject({
			message: expect.stringContaining("not allowed"),
		});
	});

	test("in a group the swap that the server refuses leaves the others alone", async () => {
		const table = freshTable();
		const backend = await opened({ table });
		await sql(`ALTER TABLE ${table} ADD CHECK (value NOT LIKE '%never%')`);
		const swaps = Array.from({ length: 9 }, (_, n) => ({
			key: `k${n}`,
			before: undefined,
			after: n === 4 ? "never" : `${n}`,
		}));
		const answers = await Promise.allSettled(backend.swapMany(swaps));
		expect(answers.map(({ status }) => status === "fulfilled")).toEqual(swaps.map((_, n) => n !== 4));
		expect(await all(backend.keys())).toHaveLength(8);
	});

	test("many swaps in opposite orders are all done by one or the other", async () => {
		const backend = await opened({ table: freshTable() });
		const swaps = (before: string | undefined, after: string) =>
			Array.from({ length: 200 }, (_, n) => ({ key: `k${n}`, before, after }));
		await Promise.all(backend.swapMany(swaps(undefined, "0")));
		for (let round = 0; round < 10; round++) {
			const [one, other, ...alone] = await Promise.all([
				Promise.all(backend.swapMany(swaps(`${round}`, `${round + 1}`))),
				Promise.all(backend.swapMany(swaps(`${round}`, `${round + 1}`).reverse())),
				...swaps(`${round}`, `${round + 1}`).map(({ key, before, after }) => backend.swap(key, before, after)),
			]);
			expect([...one, ...other, ...alone].filter(Boolean)).toHaveLength(200);
		}
	});

	test("a record that is larger than the server's packets is refused with the limit, and others are stored", async () => {
		const [before] = await sql("SELECT @@GLOBAL.max_allowed_packet");
		await sql("SET GLOBAL max_allowed_packet = 1048576");
		const backend = await opened({ table: freshTable() });
		await sql(`SET GLOBAL max_allowed_packet = ${before}`);
		const big = "x".repeat(1024 * 1024);
		const refused = {
			message: expect.stringContaining("max_allowed_packet, 1048576"),
			hint: expect.stringContaining("Nothing was changed"),
		};
		await expect(backend.swap("big", undefined, big)).rejects.toMatchObject(refused);
		const answers = backend.swapMany(
			Array.from({ length: 8 }, (_, n) => ({
				key: `k${n}`,
				before: undefined,
				after: n === 3 ? big : "y".repeat(300_000),
			})),
		);
		const settled = await Promise.allSettled(answers);
		expect(settled.map(({ status }) => status === "fulfilled")).toEqual(settled.map((_, n) => n !== 3));
	});
});
