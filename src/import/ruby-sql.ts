import { decodeBase64 } from "./base64.js";
import type { Reader } from "./foreign.js";
import { parseMarshal, type RubyValue } from "./marshal.js";
import { keyOf, readEntry, strangeKey } from "./ruby-entry.js";
import type { Decrypt } from "./ruby-ssl.js";
import { sourceError } from "./source-error.js";
import { openSource, type SqliteSource } from "./sqlite-source.js";

/** The tables that are looked for where none is named: trocla's manual names the one, moneta's default is the other. */
const TABLES = ["trocla", "moneta"];
const PAGE_ROWS = 500;

/**
 * A Ruby trocla's SQL store in an SQLite file, as moneta's Sequel adapter writes it: a table with the columns `k`, the
 * key in base64, and `v`, its entry in Marshal. It is read page by page, and never written.
 *
 * @param table - undefined: the one that such stores have
 * @param decrypt - opens the values; `undefined` where they are not encrypted
 * @throws {TroclaError} `source`
 */
export async function* readRubySql(path: string, table: string | undefined, decrypt: Decrypt | undefined): Reader {
	await using source = await openSource(path);
	const name = await findTable(source, path, table);
	let last = Number.MIN_SAFE_INTEGER;
	for (;;) {
		const rows = await source.query<{ id: number; k: unknown; v: unknown }>(
			`SELECT rowid AS id, k, v FROM ${name} WHERE rowid > ? ORDER BY rowid LIMIT ${PAGE_ROWS}`,
			last,
		);
		for (const { k, v } of rows) yield* readRow(k, v, decrypt);
		const { id } = rows.at(-1) ?? {};
		if (id === undefined) return;
		last = id;
	}
}

function* readRow(k: unknown, v: unknown, decrypt: Decrypt | undefined) {
	const encoded = Buffer.isBuffer(k) ? k.toString("latin1") : k;
	const bytes = typeof encoded === "string" ? decodeBase64(encoded) : undefined;
	const hint = "See that row with the sqlite3 command";
	if (!bytes) {
		yield { key: `(k ${JSON.stringify(encoded)})`, fault: "is not a key in base64", hint };
		return;
	}
	const key = keyOf(bytes);
	if (key === undefined) {
		yield strangeKey(bytes);
		return;
	}
	let entry: RubyValue;
	try {
		if (!Buffer.isBuffer(v)) throw new SyntaxError("it is no bytes");
		entry = parseMarshal(v);
	} catch (error) {
		yield { key, fault: `has a value that is not Ruby's Marshal: ${(error as Error).message}`, hint };
		return;
	}
	yield* readEntry(key, entry, decrypt);
}

/** The table's name as SQL quotes it. */
async function findTable(source: SqliteSource, path: string, named: string | undefined): Promise<string> {
	const rows = await source.query<{ name: string }>(
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
	);
	const names = rows.map(({ name }) => name);
	const found = (named === undefined ? TABLES : [named]).find((name) => names.includes(name));
	if (found !== undefined) return `"${found.replaceAll('"', '""')}"`;
	throw sourceError(
		`${path} has no table ${(named === undefined ? TABLES : [named]).join(" or ")}`,
		`It has: ${names.join(", ") || "none"}. adapter_options.table of the Ruby trocla's configuration names it`,
	);
}
