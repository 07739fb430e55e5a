import { closeSync, copyFileSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dump, RubyHash } from "@hyrious/marshal";
import sqlite3 from "sqlite3";
import { describe, expect, test } from "vitest";
import { readRubySql } from "../../../src/import/ruby-sql.js";
import { all, leavesUntouched } from "../../support/foreign.js";
import { query } from "../../support/rows.js";
import { Sandbox } from "../../support/sandbox.js";

// The shape is that of facts that moneta writes; test/peers/ruby.test.ts has moneta itself write it.

const base64 = (key: string) => Buffer.from(key).toString("base64");
const marshal = (formats: { [format: string]: string }) => Buffer.from(dump(new RubyHash(Object.entries(formats))));

/** A database with these rows: the text of `k`, and the bytes of `v`. */
async function store(rows: readonly (readonly [k: string, v: Buffer])[], table = "trocla"): Promise<string> {
	const path = new Sandbox().path("trocla.sqlite");
	const name = `"${table.replaceAll('"', '""')}"`;
	await query(path, `CREATE TABLE ${name} (k varchar(255) NOT NULL PRIMARY KEY, v blob)`);
	for (const [k, v] of rows) {
		await query(path, `INSERT INTO ${name} VALUES ('${k.replaceAll("'", "''")}', X'${v.toString("hex")}')`);
	}
	return path;
}

const read = (path: string, table?: string) => all(readRubySql(path, table, undefined));

test("keys and formats are read, and the file and its directory stay as they are", async () => {
	const path = await store([
		[base64("alice"), marshal({ plain: "päss\n", mysql: "*AB" })],
		[base64("host/é"), marshal({ plain: "x" })],
	]);
	expect(await leavesUntouched(path, () => read(path))).toEqual([
		{ key: "alice", formats: { plain: "päss\n", mysql: "*AB" } },
		{ key: "host/é", formats: { plain: "x" } },
	]);
});

test("every row of many pages comes exactly once", async () => {
	const path = new Sandbox().path("trocla.sqlite");
	const value = marshal({ plain: "x" }).toString("hex");
	await query(path, "CREATE TABLE trocla (k varchar(255) NOT NULL PRIMARY KEY, v blob)");
	// Base64 of four digits is a text of eight that begins with "M".
	const keys = Array.from({ length: 2345 }, (_, index) => String(1000 + index));
	await query(path, `INSERT INTO trocla VALUES ${keys.map((key) => `('${base64(key)}', X'${value}')`).join(",")}`);
	await query(path, "DELETE FROM trocla WHERE rowid IN (1, 500, 501, 1000)");
	const expected = keys.filter((_, index) => ![0, 499, 500, 999].includes(index));
	expect((await read(path)).map(({ key }) => key)).toEqual(expected);
});

test("base64 on several lines, as older monetas wrote it, is a key", async () => {
	const key = "k".repeat(80);
	const path = await store([[`${base64(key).slice(0, 60)}\n${base64(key).slice(60)}\n`, marshal({ plain: "x" })]]);
	expect(await read(path)).toEqual([{ key, formats: { plain: "x" } }]);
});

describe("a broken row among good ones is named, and the good ones come in", () => {
	test.each<[what: string, k: string, v: Buffer, key: string, fault: string]>([
		["cut base64", base64("alice!").slice(0, -2), marshal({ plain: "s" }), '(k "YWxpY2"', "is not a key in base64"],
		["no base64", "alice!", marshal({ plain: "s" }), '(k "alice!")', "is not a key in base64"],
		["a key that is not UTF-8", "Y2Fm6Q==", marshal({ plain: "s" }), "(bytes 636166e9)", "is not UTF-8"],
		[
			"cut Marshal",
			base64("b"),
			marshal({ plain: "secret" }).subarray(0, -3),
			"b",
			"not Ruby's Marshal: it is cut off",
		],
		["no Marshal", base64("b"), Buffer.from("secret"), "b", "not Ruby's Marshal: it is not Ruby's Marshal 4.8"],
		["nothing", base64("b"), Buffer.alloc(0), "b", "not Ruby's Marshal"],
		["a text", base64("b"), Buffer.from(dump("secret")), "b", "is not a map of formats to values"],
	])("%s", async (_, k, v, key, fault) => {
		const path = await store([
			[base64("a"), marshal({ plain: "a" })],
			[k, v],
			[base64("z"), marshal({ plain: "z" })],
		]);
		const found = await read(path);
		expect(found[0]).toEqual({ key: "a", formats: { plain: "a" } });
		expect(found[1]).toEqual({
			key: expect.stringContaining(key),
			fault: expect.stringContaining(fault),
			hint: expect.any(String),
		});
		expect(found[2]).toEqual({ key: "z", formats: { plain: "z" } });
		expect(JSON.stringify(found)).not.toContain("secret");
	});

	test("a value that is no blob", async () => {
		const path = await store([[base64("z"), marshal({ plain: "z" })]]);
		await query(path, `INSERT INTO trocla VALUES ('${base64("a")}', NULL), ('${base64("b")}', 'text')`);
		const faults = (await read(path)).filter((foreign) => "fault" in foreign);
		expect(faults.map(({ key }) => key)).toEqual(["a", "b"]);
	});
});

describe("tables", () => {
	test("of moneta's own name is found by itself, any other by its name", async () => {
		const rows = [[base64("a"), marshal({ plain: "x" })]] as const;
		expect(await read(await store(rows, "moneta"))).toHaveLength(1);
		const other = await store(rows, 'odd "name"');
		expect(await read(other, 'odd "name"')).toHaveLength(1);
		await expect(read(other)).rejects.toMatchObject({
			code: "source",
			message: `${other} has no table trocla or moneta`,
			hint: expect.stringContaining('It has: odd "name"'),
		});
	});
});

describe("a database that can't be read as it is", () => {
	test("one that is no database", async () => {
		const path = new Sandbox().path("trocla.sqlite");
		for (const text of ["", "---\na:\n  plain: x\n"]) {
			writeFileSync(path, text);
			await expect(read(path)).rejects.toMatchObject({
				code: "source",
				message: `${path} is not a SQLite database`,
			});
		}
	});

	test("one with a log that was checkpointed is read without a file beside it", async () => {
		const path = await store([[base64("a"), marshal({ plain: "x" })]]);
		await query(path, "PRAGMA journal_mode=WAL");
		expect(await leavesUntouched(path, () => read(path))).toHaveLength(1);
	});

	test("one whose last changes are still in its log is refused, and not touched", async () => {
		const path = await store([[base64("a"), marshal({ plain: "x" })]]);
		await query(path, "PRAGMA journal_mode=WAL");
		writeFileSync(`${path}-wal`, "not empty");
		await leavesUntouched(path, async () => {
			await expect(read(path)).rejects.toMatchObject({
				message: expect.stringContaining("is in use"),
				hint: expect.stringContaining("wal_checkpoint"),
			});
		});
	});

	test("one that was left in the middle of a write is refused, and neither it nor its journal is touched", async () => {
		const path = await store([[base64("a"), marshal({ plain: "x" })]]);
		const copy = new Sandbox().path("trocla.sqlite");
		const database = new sqlite3.Database(path);
		const exec = (sql: string) =>
			new Promise<void>((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));
		try {
			await exec("PRAGMA cache_size = 5; BEGIN");
			await exec(
				"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO trocla SELECT i, zeroblob(500) FROM n",
			);
			// As the files would be if the process died now.
			for (const suffix of ["", "-journal"]) copyFileSync(path + suffix, copy + suffix);
		} finally {
			await new Promise((resolve) => database.close(resolve));
		}
		await leavesUntouched(copy, async () => {
			await expect(read(copy)).rejects.toMatchObject({
				code: "source",
				hint: expect.stringContaining("stopped in the middle of a write"),
			});
		});
	});

	test("one with a damaged page says so", async () => {
		const value = marshal({ plain: "x".repeat(3000) });
		const path = await store(Array.from({ length: 20 }, (_, index) => [base64(`key${index}`), value] as const));
		const copy = `${path}.copy`;
		copyFileSync(path, copy);
		const file = openSync(copy, "r+");
		for (let page = 2; page < 12; page++) writeSync(file, Buffer.alloc(4096, 0xee), 0, 4096, page * 4096);
		closeSync(file);
		await expect(read(copy)).rejects.toMatchObject({
			code: "source",
			message: expect.stringContaining("can't be read"),
		});
	});
});
