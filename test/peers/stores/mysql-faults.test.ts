import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { all, conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { literal } from "../../support/postgres.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { MysqlStores } from "../../support/stores/mysql-stores.js";
import { bearsFaults, freshTable, PASSWORD, tellsOfLocks } from "../../support/stores/sql.js";
import { TestCa } from "../../support/tls.js";

describe.skipIf(missing("mariadb", "mariadbd", "mariadb-install-db"))("MariaDB (needs mariadb-server)", () => {
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

	let stores: MysqlStores;
	beforeAll(async () => {
		stores = await MysqlStores.start(misleading);
	});
	afterAll(() => stores?.stop());

	conforms(() => stores.open({ table: freshTable() }));
	bearsFaults(() => stores);

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
			const url = options.url?.replace("PORT", String(stores.port)) ?? stores.url();
			expect(await stores.fault({ seconds: 1, ...options, url })).toMatch(why);
		});
	});

	test("the socket is another way in", async () => {
		await stores.server.sql(
			`SET autocommit = 1; CREATE USER trocla@localhost IDENTIFIED BY ${literal(PASSWORD)}; GRANT ALL ON trocla.* TO trocla@localhost`,
		);
		const backend = await stores.opened({ url: "mysql://trocla@localhost/trocla", socket: stores.server.socket });
		expect(await backend.swap("socket", undefined, "x")).toBe(true);
	});

	test("over TLS only a certificate of the configured CA and of the host's name is trusted", async () => {
		const authority = await TestCa.make(new Sandbox().directory);
		const { certificate, key, ca } = await authority.https();
		const secure = await MysqlStores.start([`ssl-cert=${certificate}`, `ssl-key=${key}`]);
		cleanUp(() => secure.stop());
		const url = secure.url(secure.port, "localhost");
		await secure.sql("ALTER USER trocla@'127.0.0.1' REQUIRE SSL");
		const backend = await secure.opened({ url, ca });
		expect(await backend.swap("a", undefined, "x")).toBe(true);
		expect(await secure.fault({ url, tls: true })).toMatch(/CA that is not trusted.*store_options.ca/);
		const other = await authority.client("db.example.com");
		writeFileSync(certificate, String(other.cert));
		writeFileSync(key, String(other.key));
		await secure.sql("FLUSH SSL");
		expect(await secure.fault({ url, ca })).toMatch(/certificate is for another name/);
	});

	test.each([
		[
			"a row",
			"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION; UPDATE keyv SET value = CONCAT(value, ' ') WHERE id = 'trocla:locked'",
		],
		["a table", "LOCK TABLES keyv WRITE"],
	])("%s that others keep locked is told of when the time is over", async (_, lock) => {
		await tellsOfLocks(stores, `${lock}; SELECT SLEEP(4); ROLLBACK; UNLOCK TABLES`, "PROCESSLIST");
	});

	test("a server that can only be read is told of", async () => {
		const backend = await stores.opened();
		await backend.swap("only", undefined, "1");
		await stores.server.sql("SET GLOBAL read_only = 1");
		cleanUp(() => stores.server.sql("SET GLOBAL read_only = 0"));
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
		const full = await MysqlStores.start([
			"innodb-file-per-table=0",
			"innodb-data-file-path=ibdata1:12M:autoextend:max:20M",
			"innodb-flush-log-at-trx-commit=0",
		]);
		cleanUp(() => full.stop());
		const backend = await full.opened();
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
