import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openStore } from "../../../backends/index.js";
import { all } from "../../backends/conformance.js";
import { muteServer } from "../../support/mute-server.js";
import { isRoot } from "../../support/nobody.js";
import { missing } from "../../support/peers.js";
import { literal, Postgres, unprivileged } from "../../support/postgres.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { freePort, serverDirectory } from "../../support/server.js";
import { faultOf } from "../../support/store-fault.js";
import { TestCa } from "../../support/tls.js";
import { Wire } from "../../support/wire.js";

const PASSWORD = "it's a %40 pass";

describe.skipIf(missing("initdb", "postgres", "psql"))("PostgreSQL (needs postgresql)", () => {
	let postgres: Postgres;

	beforeAll(async () => {
		// Where a crash would lose what is not yet on the disk, were it not for trocla's own setting.
		postgres = await Postgres.start({ settings: ["fsync=on", "synchronous_commit=off", "wal_writer_delay=10s"] });
		await prepare(postgres);
	});
	afterAll(() => postgres?.stop());

	async function prepare(server: Postgres): Promise<void> {
		await server.sql(`CREATE ROLE trocla LOGIN PASSWORD ${literal(PASSWORD)}`);
		await server.sql("CREATE DATABASE trocla OWNER trocla");
	}

	const urlOf = (port: number, host = "127.0.0.1") => `postgres://trocla@${host}:${port}/trocla`;
	const open = (options: object = {}) =>
		openStore("postgres", { url: urlOf(postgres.port), password: PASSWORD, ...options }, true);

	async function opened(options: object = {}): Promise<Backend> {
		const backend = await open(options);
		cleanUp(() => backend.close());
		return backend;
	}

	const fault = (options: object) => faultOf(open(options), "a %40 pass");

	describe("what is wrong is told, with what to check:", () => {
		test.each([
			["a wrong password", { password: "it's another a %40 pass" }, /not let in: password .*failed.*pg_hba/],
			["no password", { password: undefined }, /asks for a password.*password_file/],
			["a user who is not there", { url: "postgres://nobody@127.0.0.1:PORT/trocla" }, /not let in/],
			[
				"a database that is not there",
				{ url: "postgres://trocla@127.0.0.1:PORT/none" },
				/"none" does not exist.*CREATE DATABASE/,
			],
			["no database", { url: "postgres://trocla@127.0.0.1:PORT" }, /url names no database/],
			[
				"parameters in the URL",
				{ url: "postgres://trocla@127.0.0.1:PORT/trocla?sslmode=disable" },
				/can't have \?sslmode=disable/,
			],
			["a stray % in the URL", { url: "postgres://tro%cla@127.0.0.1:PORT/trocla" }, /url has a % .*%25/],
			[
				"an unknown host",
				{ url: "postgres://trocla@db.invalid/trocla" },
				/^postgres:\/\/db.invalid\/trocla: there is no such host/,
			],
			["a server without TLS that is told to have it", { tls: true }, /has no TLS.*ssl = on.*tls: false/],
			["files for TLS and none of it", { tls: false, ca: "/etc/ca.pem" }, /TLS, and tls: false/],
		])("%s", async (_, options: { readonly url?: string; readonly [name: string]: unknown }, why) => {
			const url = options.url?.replace("PORT", String(postgres.port)) ?? urlOf(postgres.port);
			expect(await fault({ seconds: 1, ...options, url })).toMatch(why);
		});

		test("a port that nobody listens on, and a socket that is not there", async () => {
			expect(await fault({ seconds: 1, url: urlOf(await freePort()) })).toMatch(/nobody listens there/);
			expect(await fault({ seconds: 1, socket: "/nonexistent" })).toMatch(/nobody listens there/);
		});

		test("a server that accepts and never answers", async () => {
			const start = performance.now();
			expect(await fault({ seconds: 1, url: urlOf(await muteServer()) })).toMatch(/no answer in time/);
			expect(performance.now() - start).toBeLessThan(5000);
		});
	});

	test("the socket lets in who is known to the system", async () => {
		const url = `postgres://trocla@localhost:${postgres.port}/trocla`;
		const backend = await opened({ url, socket: postgres.socket, password: undefined });
		expect(await backend.swap("socket", undefined, "x")).toBe(true);
	});

	test("over TLS only a certificate of the configured CA and of the host's name is trusted", async () => {
		const files = await (await TestCa.make(new Sandbox().directory)).https();
		const secure = await Postgres.start({ tls: files });
		cleanUp(() => secure.stop());
		await prepare(secure);
		const backend = await opened({ url: urlOf(secure.port, "localhost"), ca: files.ca });
		expect(await backend.swap("a", undefined, "x")).toBe(true);
		const tls = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'trocla'";
		expect(await secure.sql(tls)).toEqual(["t"]);
		expect(await fault({ url: urlOf(secure.port), ca: files.ca })).toMatch(/certificate is for another name/);
		const unknown = await fault({ url: urlOf(secure.port, "localhost"), tls: true });
		expect(unknown).toMatch(/CA that is not trusted.*store_options.ca/);
	});

	test("what was answered is there after a crash, though the server does not wait for its disk", async () => {
		const backend = await opened();
		const swaps = Array.from({ length: 20 }, (_, n) => ({ key: `crash${n}`, before: undefined, after: `${n}` }));
		await Promise.all(backend.swapMany(swaps));
		expect(await backend.swap("crash", undefined, "1")).toBe(true);
		expect(await backend.swap("crash", "1", "2")).toBe(true);
		expect(await backend.swap("crash0", "0", undefined)).toBe(true);
		await postgres.crash();
		await postgres.resume();
		expect(await backend.readMany(["crash", "crash0", "crash1", "crash19"])).toEqual(["2", undefined, "1", "19"]);
	});

	test("a server that is away for a while is waited for, by what reads and by what writes", async () => {
		const backend = await opened();
		await backend.swap("away", undefined, "1");
		await postgres.pause();
		const read = backend.read("away");
		// Whether it was done is found out once the server is back; what was not done is decided again by who asked.
		const swapped = backend.swap("away", "1", "2");
		await new Promise((resolve) => setTimeout(resolve, 1000));
		await postgres.resume();
		expect(await read).toBe("1");
		expect(await swapped).toBe(false);
		expect(await backend.swap("away", "1", "2")).toBe(true);
	});

	test("a server that stays away is told of when the time is over", async () => {
		const wire = await Wire.to(postgres.port);
		const backend = await opened({ url: urlOf(wire.port), seconds: 1 });
		wire.stall();
		const start = performance.now();
		await expect(backend.read("a")).rejects.toMatchObject({ message: expect.stringContaining("no answer in time") });
		await expect(backend.swap("a", undefined, "1")).rejects.toMatchObject({ fault: "unknown", key: "a" });
		await backend.close();
		expect(performance.now() - start).toBeLessThan(10_000);
	});

	test("a swap whose answer was lost is found out", async () => {
		const wire = await Wire.to(postgres.port);
		const backend = await opened({ url: urlOf(wire.port) });
		let cuts = 0;
		const late: string[] = [];
		// The server gets the statement, and nobody its answer.
		wire.onSent = (bytes) => {
			if (!/INSERT|UPDATE|DELETE/.test(bytes.toString("latin1"))) return;
			cuts++;
			setImmediate(() => wire.cut());
		};
		for (let n = 0; n < 20; n++) {
			if (await backend.swap(`cut${n}`, undefined, "x")) expect(await backend.read(`cut${n}`)).toBe("x");
			else late.push(`cut${n}`);
		}
		const answers = await Promise.all(
			backend.swapMany(Array.from({ length: 5 }, (_, n) => ({ key: `many${n}`, before: undefined, after: "x" }))),
		);
		for (const [n, done] of answers.entries()) {
			if (done) expect(await backend.read(`many${n}`)).toBe("x");
			else late.push(`many${n}`);
		}
		expect(cuts).toBeGreaterThanOrEqual(21);
		// What was not done when the answer was sought may have been done since, and then counts.
		wire.onSent = () => {};
		for (const key of late) {
			const done = await backend.swap(key, undefined, "y");
			expect(await backend.read(key)).toBe(done ? "y" : "x");
		}
	});

	test("a row or a table that others keep locked is told of when the time is over", async () => {
		const backend = await opened({ seconds: 1 });
		await backend.swap("locked", undefined, "1");
		const hold = (lock: string) => postgres.sql(`BEGIN; ${lock}; SELECT pg_sleep(2.5); COMMIT`, "trocla");
		const row = hold("UPDATE keyv SET value = value WHERE key = 'trocla:locked'");
		await expect(
			until(() => backend.swap("locked", "1", "1!").then((done) => done && backend.swap("locked", "1!", "1"))),
		).rejects.toMatchObject({
			fault: "busy",
			hint: expect.stringContaining("pg_stat_activity"),
		});
		await row;
		expect(await backend.swap("locked", await backend.read("locked"), "2")).toBe(true);
	});

	test("a server that can only be read is told of", async () => {
		const backend = await opened();
		await backend.swap("a", undefined, "1");
		await postgres.sql(
			"CREATE ROLE replica LOGIN PASSWORD 'r'; ALTER ROLE replica SET default_transaction_read_only = on; GRANT trocla TO replica",
		);
		const replica = await opened({ url: `postgres://replica@127.0.0.1:${postgres.port}/trocla`, password: "r" });
		expect(await replica.read("a")).toBe("1");
		const refused = {
			fault: "full",
			message: expect.stringContaining("can only be read"),
			hint: expect.stringContaining("primary"),
		};
		await expect(replica.swap("a", "1", "2")).rejects.toMatchObject(refused);
	});

	test.skipIf(!isRoot)("a full disk is told of, and takes records again once there is room", async () => {
		const disk = serverDirectory(unprivileged(), "4m");
		cleanUp(() => disk.remove());
		await postgres.sql(
			`CREATE TABLESPACE small LOCATION ${literal(disk.path)}; GRANT CREATE ON TABLESPACE small TO trocla`,
		);
		writeFileSync(join(disk.path, "ballast"), randomBytes(1_500_000));
		const backend = await opened({ table: "small" });
		await postgres.sql("ALTER TABLE small SET TABLESPACE small", "trocla");
		const text = () => randomBytes(250_000).toString("hex");
		const fill = async () => {
			for (let n = 0; n < 20; n++) await backend.swap(`k${n}`, undefined, text());
		};
		await expect(fill()).rejects.toMatchObject({ fault: "full", message: expect.stringContaining("no space left") });
		const [last = ""] = (await all(backend.keys())).slice(-1);
		expect(await backend.read(last)).toHaveLength(500_000);
		rmSync(join(disk.path, "ballast"));
		expect(await backend.swap("k", undefined, text())).toBe(true);
		await postgres.sql("DROP TABLE small", "trocla");
		await postgres.sql("DROP TABLESPACE small");
	});

	test("settings that lose records in a crash are found", async () => {
		const careless = await Postgres.start({ settings: ["fsync=off", "full_page_writes=off"] });
		cleanUp(() => careless.stop());
		await prepare(careless);
		const backend = await opened({ url: urlOf(careless.port) });
		const flaws = await backend.check();
		expect(flaws.map(({ hint }) => hint)).toEqual([
			expect.stringContaining("fsync = on"),
			expect.stringContaining("full_page_writes = on"),
		]);
	});
});

/** Does this again until it fails, for as long as a test may take. */
async function until(act: () => Promise<unknown>): Promise<never> {
	for (;;) await act();
}
