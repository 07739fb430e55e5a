import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { literal } from "../../support/postgres.js";
import { MysqlStores } from "../../support/stores/mysql-stores.js";
import { freshTable, keepsKeyvsRows, PASSWORD } from "../../support/stores/sql.js";

describe.skipIf(missing("mariadb", "mariadbd", "mariadb-install-db"))("MariaDB (needs mariadb-server)", () => {
	let stores: MysqlStores;

	beforeAll(async () => {
		stores = await MysqlStores.start(["max-connections=300"]);
	});
	afterAll(() => stores?.stop());

	const sql = (text: string) => stores.sql(text);
	const url = (user: string) => `mysql://${user}@127.0.0.1:${stores.port}/trocla`;

	conforms(() => stores.open({ table: freshTable() }));

	keepsKeyvsRows(() => stores);

	test("keys that MySQL's collations take for one are several", async () => {
		const backend = await stores.opened({ table: freshTable() });
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
		test.each([
			"(id INT PRIMARY KEY, name TEXT)",
			"(id VARCHAR(519) PRIMARY KEY, value LONGTEXT, owner INT)",
			"(id VARCHAR(519), value LONGTEXT)",
			"(id BIGINT PRIMARY KEY, value LONGTEXT)",
		])("of another program, %s, is refused and not touched", async (columns) => {
			const table = freshTable();
			await sql(`CREATE TABLE ${table} ${columns}`);
			const before = await sql(`SHOW CREATE TABLE ${table}`);
			await expect(stores.open({ table })).rejects.toMatchObject({
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
			const { hint = "" } = await stores.open({ table }).then(
				() => ({ hint: "" }),
				(error: { hint?: string }) => error,
			);
			await sql(hint.replace(/^Run: /, ""));
			await stores.opened({ table });
		});

		test("may have any name", async () => {
			await (await stores.opened({ table: "key`v; --" })).swap("a", undefined, "1");
			expect(await sql("SELECT id FROM `key``v; --`")).toEqual(["trocla:a"]);
		});
	});

	test("a user who may only read and write the table's rows is enough, and one who may only read is told so", async () => {
		const table = freshTable();
		await (await stores.opened({ table })).swap("a", undefined, "1");
		for (const [user, rights] of Object.entries({ writer: "SELECT, INSERT, UPDATE, DELETE", reader: "SELECT" })) {
			await sql(`CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY ${literal(PASSWORD)}`);
			await sql(`GRANT ${rights} ON trocla.${table} TO ${user}@'127.0.0.1'`);
		}
		const writer = await stores.opened({ table, url: url("writer") });
		expect(await writer.swap("a", "1", "2")).toBe(true);
		expect(await writer.swap("b", undefined, "1")).toBe(true);
		expect(await writer.swap("b", "1", undefined)).toBe(true);
		const swaps = [
			{ key: "a", before: "2", after: "3" },
			{ key: "b", before: undefined, after: "1" },
		];
		expect(await Promise.all(writer.swapMany(swaps))).toEqual([true, true]);
		expect(await writer.check()).toEqual([]);
		const reader = await stores.opened({ table, url: url("reader") });
		expect(await reader.read("a")).toBe("3");
		const refused = {
			message: expect.stringContaining("UPDATE command denied"),
			hint: expect.stringContaining("INSERT"),
		};
		await expect(reader.swap("a", "3", "4")).rejects.toMatchObject(refused);
		await expect(stores.open({ table: "notmade", url: url("writer") })).rejects.toMatchObject({
			message: expect.stringContaining("not allowed"),
		});
	});

	test("a record that is larger than the server's packets is refused with the limit, and others are stored", async () => {
		const [before] = await sql("SELECT @@GLOBAL.max_allowed_packet");
		await sql("SET GLOBAL max_allowed_packet = 1048576");
		const backend = await stores.opened({ table: freshTable() });
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
