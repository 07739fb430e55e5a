import Keyv from "keyv";
import { type Backend, BackendError } from "./backend.js";
import { shellQuote } from "./shell-quote.js";
import { BUSY_TIMEOUT_MS, connect, TABLE } from "./sqlite-connection.js";
import { sqliteError } from "./sqlite-error.js";
import { prepareFile } from "./sqlite-file.js";
import { guardStatements } from "./sqlite-guard.js";
import { RepeatedQuery } from "./sqlite-repeated.js";
import { swapManyRows } from "./sqlite-swap-many.js";

const NAMESPACE = "trocla";
const READER_TIMEOUT_MS = 3000;
const PAGE_ROWS = 1000;

/**
 * Records in one SQLite file, through Keyv's adapter and in Keyv's own rows, so that any Keyv tool can read them.
 *
 * The file is made with mode 0600, in directories made with 0700, and is in WAL mode; every commit is synced to the
 * disk. An existing file that is not SQLite's, or that others can read, is refused and not touched.
 *
 * @param path - absolute path of the database
 * @param create - whether to make the database where there is none
 * @throws {BackendError}
 */
export async function openSqlite(path: string, create = true): Promise<Backend> {
	const fail = (error: unknown) => {
		throw sqliteError(error, path);
	};
	await prepareFile(path, create ? (path) => connect(path).adapter : undefined).catch(fail);
	const connection = connect(path);
	const { adapter } = connection;
	// A SQLite may be built to sync less in WAL mode, where a loss of power takes back what was committed
	// (https://sqlite.org/compile.html, SQLITE_DEFAULT_WAL_SYNCHRONOUS). This also tells, before
	// anything is asked of it, whether it is a database at all.
	await adapter.query("PRAGMA synchronous=FULL").catch(fail);
	const one = new RepeatedQuery<{ value: string }>(connection, `SELECT value FROM ${TABLE} WHERE key = ?`);
	const many = new RepeatedQuery<{ key: string; value: string }>(
		connection,
		`SELECT key, value FROM ${TABLE} WHERE key IN (SELECT value FROM json_each(?))`,
	);
	const rows = new Keyv({ store: adapter, namespace: NAMESPACE, useKeyPrefix: false });
	let closing: Promise<void> | undefined;

	async function query<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
		try {
			return await adapter.query(sql, ...values);
		} catch (error) {
			throw sqliteError(error, path);
		}
	}

	let traceless: Promise<unknown> | undefined;

	/** A query that may take something out of a row, and is not to leave it in a file. */
	async function change<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
		// Asked for here, since most commands change nothing. The journal of a large statement is a temporary file.
		traceless ??= Promise.all([query("PRAGMA secure_delete=ON"), query("PRAGMA temp_store=MEMORY")]);
		await traceless;
		return await query(sql, ...values);
	}

	async function write(sql: string, ...values: unknown[]): Promise<boolean> {
		return (await change(`${sql} RETURNING 1`, ...values)).length === 1;
	}

	/** Replaces or deletes a row where it is this one: a text as Keyv wrote it, or the bytes of any other. */
	async function replace(key: string, unchanged: string, row: unknown, by: unknown) {
		const where = `WHERE key = ? AND ${unchanged} = ?`;
		if (by === undefined) return await write(`DELETE FROM ${TABLE} ${where}`, rowKey(key), row);
		return await write(`UPDATE ${TABLE} SET value = ? ${where}`, by, rowKey(key), row);
	}

	const encode = (text: string) => rows.serializeData({ value: text });

	async function decode(row: string, key: string): Promise<string> {
		const stored = await Promise.resolve(rows.deserializeData<unknown>(row)).catch(() => undefined);
		if (typeof stored?.value === "string") return stored.value;
		throw new BackendError(
			"damaged",
			`the row of ${JSON.stringify(key)} in ${path} is not one that Keyv wrote`,
			"Restore this row from a backup, or delete it with the sqlite3 command if it is not trocla's",
			key,
		);
	}

	async function read(key: string): Promise<string | undefined> {
		const [row] = await one.all(rowKey(key)).catch(fail);
		return row && (await decode(row.value, key));
	}

	async function swap(key: string, before: string | undefined, after: string | undefined): Promise<boolean> {
		if (before === after) return (await read(key)) === before;
		const row = after === undefined ? undefined : await encode(after);
		if (before === undefined) {
			return await write(`INSERT INTO ${TABLE} (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, rowKey(key), row);
		}
		if (await replace(key, "value", await encode(before), row)) return true;
		// Other Keyv versions write the same text into another row, which is compared by its bytes.
		const [other] = await query<{ value: string; bytes: Buffer }>(
			`SELECT value, CAST(value AS BLOB) AS bytes FROM ${TABLE} WHERE key = ?`,
			rowKey(key),
		);
		if (other === undefined || (await decode(other.value, key)) !== before) return false;
		return await replace(key, "CAST(value AS BLOB)", other.bytes, row);
	}

	return {
		read,

		async readMany(keys) {
			const found = await many.all(JSON.stringify(keys.map(rowKey))).catch(fail);
			const values = new Map(found.map((row) => [row.key, row.value]));
			return await Promise.all(
				keys.map(async (key) => {
					const value = values.get(rowKey(key));
					return value === undefined ? undefined : await decode(value, key);
				}),
			);
		},

		swap,

		swapMany(swaps) {
			return swapManyRows({ table: TABLE, query: change, rowKey, encode, swap }, swaps);
		},

		async *keys(from = "") {
			// ";" follows ":", so this is the range of all keys that begin with the namespace and a colon.
			const page = (after: ">" | ">=", key: string) =>
				query<{ key: string }>(
					`SELECT key FROM ${TABLE} WHERE key ${after} ? AND key < '${NAMESPACE};' ORDER BY key LIMIT ${PAGE_ROWS}`,
					key,
				);
			let last = "";
			for (let rows = await page(">=", rowKey(from)); rows.length > 0; rows = await page(">", last)) {
				if (rows[0]?.key === last) throw notUtf8(path);
				for (const { key } of rows) yield key.slice(rowKey("").length);
				last = rows.at(-1)?.key ?? "";
			}
		},

		async check() {
			const found = await query<{ integrity_check: string }>("PRAGMA integrity_check");
			const [journal] = await query<{ journal_mode: string }>("PRAGMA journal_mode");
			const flaws = found
				.filter((row) => row.integrity_check !== "ok")
				.map((row) => ({ message: `${path}: ${row.integrity_check}`, hint: "Restore the store from a backup" }));
			if (journal?.journal_mode === "wal") return flaws;
			const message = `${path} is not in WAL mode, so readers and writers stop each other`;
			return [...flaws, { message, hint: `Run: sqlite3 ${shellQuote(path)} 'PRAGMA journal_mode=WAL'` }];
		},

		async guard(beginning) {
			const value = await encode(beginning);
			// The row ends with what closes the text and the map around it: `"}`.
			for (const sql of guardStatements(TABLE, NAMESPACE, String(value).slice(0, -'"}'.length))) await query(sql);
		},

		async scrub() {
			// The copy that VACUUM makes has only what is stored now, and may be larger than the memory.
			await query("PRAGMA temp_store=DEFAULT");
			traceless = undefined;
			try {
				await query("VACUUM");
			} catch (error) {
				if (error instanceof BackendError && error.fault === "busy") return false;
				throw error;
			}
			// VACUUM leaves the old pages in the file, and the new ones in the log, until they are moved.
			// Whoever still reads the old ones does so for long.
			await query(`PRAGMA busy_timeout=${READER_TIMEOUT_MS}`);
			const [moved] = await query<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)");
			await query(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}`);
			return moved?.busy === 0;
		},

		async close() {
			for (const query of [one, many]) query.close();
			closing ??= adapter.close();
			await closing.catch(fail);
		},
	};
}

/** Node reads a text that is not UTF-8 as another one, which SQLite then does not find again. */
function notUtf8(path: string): BackendError {
	return new BackendError(
		"damaged",
		`${path} has a key that is not UTF-8`,
		"Delete that row with the sqlite3 command: trocla never wrote it",
	);
}

const rowKey = (key: string) => `${NAMESPACE}:${key}`;
