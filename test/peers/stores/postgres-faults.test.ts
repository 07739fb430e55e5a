import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { all } from "../../backends/conformance.js";
import { isRoot } from "../../support/nobody.js";
import { missing } from "../../support/peers.js";
import { literal, unprivileged } from "../../support/postgres.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { serverDirectory } from "../../support/server.js";
import { PostgresStores } from "../../support/stores/postgres-stores.js";
import { bearsFaults, tellsOfLocks } from "../../support/stores/sql.js";
import { TestCa } from "../../support/tls.js";

describe.skipIf(missing("initdb", "postgres", "psql"))("PostgreSQL (needs postgresql)", () => {
	let stores: PostgresStores;

	beforeAll(async () => {
		// Where a crash would lose what is not yet on the disk, were it not for trocla's own setting.
		const settings = ["fsync=on", "synchronous_commit=off", "wal_writer_delay=10s"];
		stores = await PostgresStores.start({ settings });
	});
	afterAll(() => stores?.stop());

	const sql = (text: string) => stores.sql(text);

	bearsFaults(() => stores);

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
			["a stray % in the URL", { url: "postgres://tro%cla@127.0.0.1:PORT/trocla" }, /url has a % .*%25/],
			[
				"an unknown host",
				{ url: "postgres://trocla@db.invalid/trocla" },
				/^postgres:\/\/db.invalid\/trocla: there is no such host/,
			],
			["a server without TLS that is told to have it", { tls: true }, /has no TLS.*ssl = on.*tls: false/],
			["files for TLS and none of it", { tls: false, ca: "/etc/ca.pem" }, /TLS, and tls: false/],
		])("%s", async (_, options: { readonly url?: string; readonly [name: string]: unknown }, why) => {
			const url = options.url?.replace("PORT", String(stores.port)) ?? stores.url();
			expect(await stores.fault({ seconds: 1, ...options, url })).toMatch(why);
		});
	});

	test("the socket lets in who is known to the system", async () => {
		const url = `postgres://trocla@localhost:${stores.port}/trocla`;
		const backend = await stores.opened({ url, socket: stores.server.socket, password: undefined });
		expect(await backend.swap("socket", undefined, "x")).toBe(true);
	});

	test("over TLS only a certificate of the configured CA and of the host's name is trusted", async () => {
		const files = await (await TestCa.make(new Sandbox().directory)).https();
		const secure = await PostgresStores.start({ tls: files });
		cleanUp(() => secure.stop());
		const url = secure.url(secure.port, "localhost");
		const backend = await secure.opened({ url, ca: files.ca });
		expect(await backend.swap("a", undefined, "x")).toBe(true);
		const tls = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'trocla'";
		expect(await secure.server.sql(tls)).toEqual(["t"]);
		expect(await secure.fault({ ca: files.ca })).toMatch(/certificate is for another name/);
		const unknown = await secure.fault({ url, tls: true });
		expect(unknown).toMatch(/CA that is not trusted.*store_options.ca/);
	});

	test("what was answered is there after a crash, though the server does not wait for its disk", async () => {
		const backend = await stores.opened();
		const swaps = Array.from({ length: 20 }, (_, n) => ({ key: `crash${n}`, before: undefined, after: `${n}` }));
		await Promise.all(backend.swapMany(swaps));
		expect(await backend.swap("crash", undefined, "1")).toBe(true);
		expect(await backend.swap("crash", "1", "2")).toBe(true);
		expect(await backend.swap("crash0", "0", undefined)).toBe(true);
		await stores.server.crash();
		await stores.resume();
		expect(await backend.readMany(["crash", "crash0", "crash1", "crash19"])).toEqual(["2", undefined, "1", "19"]);
	});

	test("a row that others keep locked is told of when the time is over", async () => {
		const lock = "BEGIN; UPDATE keyv SET value = value WHERE key = 'trocla:locked'; SELECT pg_sleep(4); COMMIT";
		await tellsOfLocks(stores, lock, "pg_stat_activity");
	});

	test("a server that can only be read is told of", async () => {
		const backend = await stores.opened();
		await backend.swap("a", undefined, "1");
		await stores.server.sql(
			"CREATE ROLE replica LOGIN PASSWORD 'r'; ALTER ROLE replica SET default_transaction_read_only = on; GRANT trocla TO replica",
		);
		const replica = await stores.opened({ url: `postgres://replica@127.0.0.1:${stores.port}/trocla`, password: "r" });
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
		await stores.server.sql(
			`CREATE TABLESPACE small LOCATION ${literal(disk.path)}; GRANT CREATE ON TABLESPACE small TO trocla`,
		);
		writeFileSync(join(disk.path, "ballast"), randomBytes(1_500_000));
		const backend = await stores.opened({ table: "small" });
		await sql("ALTER TABLE small SET TABLESPACE small");
		const text = () => randomBytes(250_000).toString("hex");
		const fill = async () => {
			for (let n = 0; n < 20; n++) await backend.swap(`k${n}`, undefined, text());
		};
		await expect(fill()).rejects.toMatchObject({ fault: "full", message: expect.stringContaining("no space left") });
		const [last = ""] = (await all(backend.keys())).slice(-1);
		expect(await backend.read(last)).toHaveLength(500_000);
		rmSync(join(disk.path, "ballast"));
		expect(await backend.swap("k", undefined, text())).toBe(true);
		await sql("DROP TABLE small");
		await stores.server.sql("DROP TABLESPACE small");
	});

	test("settings that lose records in a crash are found", async () => {
		const careless = await PostgresStores.start({ settings: ["fsync=off", "full_page_writes=off"] });
		cleanUp(() => careless.stop());
		const backend = await careless.opened();
		const flaws = await backend.check();
		expect(flaws.map(({ hint }) => hint)).toEqual([
			expect.stringContaining("fsync = on"),
			expect.stringContaining("full_page_writes = on"),
		]);
	});
});
