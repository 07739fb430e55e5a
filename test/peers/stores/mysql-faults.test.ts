import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openStore } from "../../../backends/index.js";
import { all, conforms } from "../../backends/conformance.js";
import { MariaDb } from "../../support/mariadb.js";
import { muteServer } from "../../support/mute-server.js";
import { missing } from "../../support/peers.js";
import { literal } from "../../support/postgres.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { freePort } from "../../support/server.js";
import { faultOf } from "../../support/store-fault.js";
import { TestCa } from "../../support/tls.js";
import { Wire } from "../../support/wire.js";

const PASSWORD = "it's a %40 pass";

describe.skipIf(missing("mariadb", "mariadbd", "mariadb-install-db"))("MariaDB (needs mariadb-server)", () => {
	let mariadb: MariaDb;

	/** Settings that would change what statements mean, were it not for trocla's own. */
	const misleading = [
		"sql-mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES",
		"character-set-server=latin1",
		"skip-character-set-client-handshake",
		"autocommit=0",
		"transaction-isolation=READ-UNCOMMITTED",
		"log-bin",
		"binlog-format=STATEMENT",
	];

	beforeAll(async () => {
		mariadb = await MariaDb.start(misleading);
		await prepare(mariadb);
	});
	afterAll(() => mariadb?.stop());

	async function prepare(server: MariaDb): Promise<void> {
		await server.sql(`SET autocommit = 1; CREATE USER trocla@'127.0.0.1' IDENTIFIED BY ${literal(PASSWORD)}`);
		await server.sql("SET autocommit = 1; CREATE DATABASE trocla; GRANT ALL ON trocla.* TO trocla@'127.0.0.1'");
	}

	const urlOf = (port: number, host = "127.0.0.1") => `mysql://trocla@${host}:${port}/trocla`;
	const open = (options: object = {}) =>
		openStore("mysql", { url: urlOf(mariadb.port), password: PASSWORD, ...options }, true);
	const fault = (options: object) => faultOf(open(options), "a %40 pass");

	async function opened(options: object = {}): Promise<Backend> {
		const backend = await open(options);
		cleanUp(() => backend.close());
		return backend;
	}

	let tables = 0;
	conforms(() => open({ table: `t${++tables}` }));

	describe("what is wrong is told, with what to check:", () => {
		test.each([
			["a wrong password", { password: "it's another a %40 pass" }, /not let in: Access denied.*password/],
			["no password", { password: undefined }, /not let in: Access denied/],
			["a user who is not there", { url: "mysql://nobody@127.0.0.1:PORT/trocla" }, /not let in/],
			["a database that is not there", { url: "mysql://trocla@127.0.0.1:PORT/none" }, /not let in.*database 'none'/],
			["no database", { url: "mysql://trocla@127.0.0.1:PORT" }, /url names no database/],
			[
				"an unknown host",
				{ tls: false, url: "mysql://trocla@db.invalid/trocla" },
				/db.invalid\/trocla: there is no such host/,
			],
			[
				"a server without TLS that is told to have it",
				{ tls: true, url: "mysql://trocla@localhost:PORT/trocla" },
				/has no TLS.*ssl_cert.*tls: false/,
			],
			["an address where a certificate is to be checked", { tls: true }, /must have a name/],
		])("%s", async (_, options: { readonly url?: string; readonly [name: string]: unknown }, why) => {
			const url = options.url?.replace("PORT", String(mariadb.port)) ?? urlOf(mariadb.port);
			expect(await fault({ seconds: 1, ...options, url })).toMatch(why);
		});

		test("a port that nobody listens on, and a socket that is not there", async () => {
			expect(await fault({ seconds: 1, url: urlOf(await freePort()) })).toMatch(/nobody listens there/);
			expect(await fault({ seconds: 1, socket: "/nonexistent" })).toMatch(/nobody listens there/);
		});

		test("a server that accepts and never answers", async () => {
			const start = performance.now();
			expect(await fault({ seconds: 1, url: urlOf(await muteServer()) })).toMatch(/no answer in/);
			expect(performance.now() - start).toBeLessThan(5000);
		});
	});

	test("the socket is another way in", async () => {
		await mariadb.sql(
			`SET autocommit = 1; CREATE USER trocla@localhost IDENTIFIED BY ${literal(PASSWORD)}; GRANT ALL ON trocla.* TO trocla@localhost`,
		);
		const backend = await opened({ url: "mysql://trocla@localhost/trocla", socket: mariadb.socket });
		expect(await backend.swap("socket", undefined, "x")).toBe(true);
	});

	test("over TLS only a certificate of the configured CA and of the host's name is trusted", async () => {
		const authority = await TestCa.make(new Sandbox().directory);
		const { certificate, key, ca } = await authority.https();
		const secure = await MariaDb.start([`ssl-cert=${certificate}`, `ssl-key=${key}`]);
		cleanUp(() => secure.stop());
		await prepare(secure);
		await secure.sql("ALTER USER trocla@'127.0.0.1' REQUIRE SSL");
		const backend = await opened({ url: urlOf(secure.port, "localhost"), ca });
		expect(await backend.swap("a", undefined, "x")).toBe(true);
		expect(await fault({ url: urlOf(secure.port, "localhost"), tls: true })).toMatch(
			/CA that is not trusted.*store_options.ca/,
		);
		const other = await authority.client("db.example.com");
		writeFileSync(certificate, String(other.cert));
		writeFileSync(key, String(other.key));
		await secure.sql("FLUSH SSL");
		expect(await fault({ url: urlOf(secure.port, "localhost"), ca })).toMatch(/certificate is for another name/);
	});

	test("a server that is away for a while is waited for, by what reads and by what writes", async () => {
		const backend = await opened();
		await backend.swap("away", undefined, "1");
		await mariadb.crash();
		const read = backend.read("away");
		// Whether it was done is found out once the server is back; what was not done is decided again by who asked.
		const swapped = backend.swap("away", "1", "2");
		await new Promise((resolve) => setTimeout(resolve, 1000));
		await mariadb.resume();
		expect(await read).toBe("1");
		expect(await swapped).toBe(false);
		expect(await backend.swap("away", "1", "2")).toBe(true);
	});

	test("a server that stays away is told of when the time is over", async () => {
		const wire = await Wire.to(mariadb.port);
		const backend = await opened({ url: urlOf(wire.port), seconds: 1 });
		wire.stall();
		const start = performance.now();
		await expect(backend.read("a")).rejects.toMatchObject({ message: expect.stringContaining("no answer in") });
		await expect(backend.swap("a", undefined, "1")).rejects.toMatchObject({ fault: "unknown", key: "a" });
		await backend.close();
		expect(performance.now() - start).toBeLessThan(10_000);
	});

	test("a swap whose answer was lost is found out", async () => {
		const wire = await Wire.to(mariadb.port);
		const backend = await opened({ url: urlOf(wire.port) });
		const late: string[] = [];
		let cuts = 0;
		// The server gets the statement, and nobody its answer.
		wire.onSent = (bytes) => {
			if (!/trocla:(cut|many)\d+.*value|COMMIT/s.test(bytes.toString("latin1"))) return;
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

	test.each([
		[
			"a row",
			"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION; UPDATE keyv SET value = CONCAT(value, ' ') WHERE id = 'trocla:locked'",
		],
		["a table", "LOCK TABLES keyv WRITE"],
	])("%s that others keep locked is told of when the time is over", async (_, lock) => {
		const backend = await opened({ seconds: 2 });
		await backend.swap("locked", undefined, "1");
		const held = mariadb.sql(`USE trocla; ${lock}; SELECT SLEEP(4); ROLLBACK; UNLOCK TABLES`);
		const locked = async () => {
			for (;;) if (await backend.swap("locked", "1", "2")) await backend.swap("locked", "2", "1");
		};
		await expect(locked()).rejects.toMatchObject({ fault: "busy", hint: expect.stringContaining("PROCESSLIST") });
		await held;
		expect(await backend.swap("locked", await backend.read("locked"), "3")).toBe(true);
		expect(await backend.swap("locked", "3", undefined)).toBe(true);
	});

	test("a server that can only be read is told of", async () => {
		const backend = await opened();
		await backend.swap("only", undefined, "1");
		await mariadb.sql("SET GLOBAL read_only = 1");
		cleanUp(() => mariadb.sql("SET GLOBAL read_only = 0"));
		expect(await backend.read("only")).toBe("1");
		const refused = {
			fault: "full",
			message: expect.stringContaining("can only be read"),
			hint: expect.stringContaining("primary"),
		};
		await expect(backend.swap("only", "1", "2")).rejects.toMatchObject(refused);
		expect(await backend.check()).toMatchObject([{ hint: expect.stringContaining("primary") }]);
	});

	test("a full server is told of, and settings that lose records in a crash are found", async () => {
		const full = await MariaDb.start([
			"innodb-file-per-table=0",
			"innodb-data-file-path=ibdata1:12M:autoextend:max:20M",
			"innodb-flush-log-at-trx-commit=0",
		]);
		cleanUp(() => full.stop());
		await prepare(full);
		const backend = await opened({ url: urlOf(full.port) });
		expect(await backend.check()).toMatchObject([
			{ hint: expect.stringContaining("innodb_flush_log_at_trx_commit = 1") },
		]);
		const fill = async () => {
			for (let n = 0; n < 40; n++) await backend.swap(`k${n}`, undefined, randomBytes(250_000).toString("hex"));
		};
		await expect(fill()).rejects.toMatchObject({ fault: "full", message: expect.stringContaining("no space left") });
		const [last = ""] = (await all(backend.keys())).slice(-1);
		expect(await backend.read(last)).toHaveLength(500_000);
	});
});
