import { KeyvSqlite } from "@keyv/sqlite";
import Keyv from "keyv";
import { type Backend, BackendError } from "./backend.js";
import { sqliteError } from "./sqlite-error.js";
import { prepareFile } from "./sqlite-file.js";

const NAMESPACE = "trocla";
const TABLE = "keyv";
// A commit takes milliseconds; a minute lets a hundred processes queue up on a slow disk.
const BUSY_TIMEOUT_MS = 60_000;
const PAGE_ROWS = 1000;

/**
 * Records in one SQLite file, through Keyv's adapter and in Keyv's own rows, so that any Keyv tool can read them.
 *
 * The file is made with mode 0600, in directories made with 0700, and is in WAL mode; every commit is synced to the
 * disk. An existing file that is not SQLite's, or that others can read, is refused and not touched.
 *
 * @param path - absolute path of the database
 * @throws {BackendError}
 */
export async function openSqlite(path: string): Promise<Backend> {
	const fail = (error: unknown) => {
		throw sqliteError(error, path);
	};
	await prepareFile(path, connect).catch(fail);
	const adapter = connect(path);
	const rows = new Keyv({ store: adapter, namespace: NAMESPACE, useKeyPrefix: false });

	async function query<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
		try {
			return await adapter.query(sql, ...values);
		} catch (error) {
			throw sqliteError(error, path);
		}
	}

	async function write(sql: string, ...values: unknown[]): Promise<boolean> {
		return (await query(`${sql} RETURNING 1`, ...values)).length === 1;
	}

	async function decode(row: string, key: string): Promise<string> {
		const stored = await Promise.resolve(rows.deserializeData<unknown>(row)).catch(() => undefined);
		if (typeof stored?.value === "string") return stored.value;
		throw new BackendError(
			"damaged",
			`the row of ${JSON.stringify(key)} in ${path} is not one that Keyv wrote`,
			"Restore this row from a backup, or delete it with the sqlite3 command if it is not trocla's",
		);
	}

	async function read(key: string): Promise<string | undefined> {
		const [row] = await query<{ value: string }>(`SELECT value FROM ${TABLE} WHERE key = ?`, rowKey(key));
		return row && (await decode(row.value, key));
	}

	// Also tells, before anything is asked of it, whether this is a database at all.
	await query("PRAGMA synchronous=FULL");

	return {
		read,

		async readMany(keys) {
			const found = await query<{ key: string; value: string }>(
				`SELECT key, value FROM ${TABLE} WHERE key IN (SELECT value FROM json_each(?))`,
				JSON.stringify(keys.map(rowKey)),
			);
			const values = new Map(found.map((row) => [row.key, row.value]));
			return await Promise.all(
				keys.map(async (key) => {
					const value = values.get(rowKey(key));
					return value === undefined ? undefined : await decode(value, key);
				}),
			);
		},

		async swap(key, before, after) {
			// The record's text is compared, not the row's: other Keyv versions write the same text into another row.
			const unchanged = `key = ? AND json_extract(value, '$.value') = ?`;
			if (before === after) return (await read(key)) === before;
			if (after === undefined) return await write(`DELETE FROM ${TABLE} WHERE ${unchanged}`, rowKey(key), before);
			const row = await rows.serializeData({ value: after });
			if (before === undefined) {
				return await write(`INSERT INTO ${TABLE} (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, rowKey(key), row);
			}
			return await write(`UPDATE ${TABLE} SET value = ? WHERE ${unchanged}`, row, rowKey(key), before);
		},

		async *keys(from = "") {
			// ";" follows ":", so this is the range of all keys that begin with the namespace and a colon.
			const page = (after: ">" | ">=", key: string) =>
				query<{ key: string }>(
					`SELECT key FROM ${TABLE} WHERE key ${after} ? AND key < '${NAMESPACE};' ORDER BY key LIMIT ${PAGE_ROWS}`,
					key,
				);
			let rows = await page(">=", rowKey(from));
			while (rows.length > 0) {
				for (const { key } of rows) yield key.slice(rowKey("").length);
				rows = await page(">", rows.at(-1)?.key ?? "");
			}
		},

		async check() {
			const found = await query<{ integrity_check: string }>("PRAGMA integrity_check");
			const [journal] = await query<{ journal_mode: string }>("PRAGMA journal_mode");
			return [
				...found.map((row) => `${path}: ${row.integrity_check}`).filter((line) => !line.endsWith(": ok")),
				...(journal?.journal_mode === "wal"
					? []
					: [`${path} is not in WAL mode, so readers and writers stop each other`]),
			];
		},

		async close() {
			await adapter.close().catch(fail);
		},
	};
}

const rowKey = (key: string) => `${NAMESPACE}:${key}`;

function connect(path: string): KeyvSqlite {
	const adapter = new KeyvSqlite({ uri: `sqlite://${path}`, table: TABLE, busyTimeout: BUSY_TIMEOUT_MS });
	// The adapter also rejects the query that failed; without a listener Node would end the process.
	adapter.on("error", () => {});
	return adapter;
}
