import { open, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { sourceError, unreadable } from "./source-error.js";

/** How a database of SQLite begins: https://sqlite.org/fileformat.html, section 1.3. */
export const SQLITE_HEADER = "SQLite format 3\0";
/** Where the header says how the file is read: 1 with a rollback journal, 2 with a write-ahead log. */
const READ_VERSION = 19;
const WAL = 2;
const BUSY_TIMEOUT_MS = 30_000;

/** An SQLite database of another program, which is read and never written: no journal, no log beside it either. */
export interface SqliteSource extends AsyncDisposable {
	/** @throws {TroclaError} `source` */
	query<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
}

/** @throws {TroclaError} `source` */
export async function openSource(path: string): Promise<SqliteSource> {
	const mode = await readMode(path);
	const { default: sqlite3 } = await import("sqlite3");
	const fail = (error: Error) => sourceError(`${path} can't be read: ${error.message}`, hintFor(error.message));
	const database = await new Promise<InstanceType<typeof sqlite3.Database>>((resolve, reject) => {
		const opened = new sqlite3.Database(
			`${pathToFileURL(path)}?${mode}`,
			sqlite3.OPEN_READONLY | sqlite3.OPEN_URI,
			(error) => (error ? reject(fail(error)) : resolve(opened)),
		);
	});
	database.configure("busyTimeout", BUSY_TIMEOUT_MS);
	return {
		query: <Row>(sql: string, ...values: unknown[]) =>
			new Promise<Row[]>((resolve, reject) => {
				database.all<Row>(sql, values, (error, rows) => (error ? reject(fail(error)) : resolve(rows)));
			}),
		[Symbol.asyncDispose]: () => new Promise((resolve) => database.close(() => resolve())),
	};
}

/**
 * A database with a rollback journal is read under its lock, as any reader does. One with a write-ahead log would get
 * files beside it even from a reader, so it is read as one that nobody changes, once its log is in the database.
 */
async function readMode(path: string): Promise<"mode=ro" | "immutable=1"> {
	const header = await readHeader(path);
	if (header.subarray(0, SQLITE_HEADER.length).toString("latin1") !== SQLITE_HEADER) {
		throw sourceError(`${path} is not a SQLite database`, "Nothing was imported. Restore it from a backup");
	}
	if (header[READ_VERSION] !== WAL) return "mode=ro";
	const log = await stat(`${path}-wal`).catch(() => undefined);
	if (!log || log.size === 0) return "immutable=1";
	throw sourceError(
		`${path} is in use, or was left in the middle of something: what was written last is still in ${path}-wal`,
		`Stop what uses it, then run: sqlite3 ${path} 'PRAGMA wal_checkpoint(TRUNCATE)'`,
	);
}

/** The first bytes of a file. */
export async function readHeader(path: string): Promise<Buffer> {
	const file = await open(path, "r").catch((error: unknown) => {
		throw unreadable(path, error);
	});
	try {
		const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0);
		return buffer.subarray(0, bytesRead);
	} catch (error) {
		throw unreadable(path, error);
	} finally {
		await file.close();
	}
}

function hintFor(message: string): string {
	if (/^SQLITE_(READONLY|CANTOPEN)/.test(message)) {
		return "The Ruby trocla was stopped in the middle of a write: let it read a key, which mends the file, and try again";
	}
	if (message.startsWith("SQLITE_BUSY")) return "Another process keeps it locked: stop what writes it, and try again";
	return "Restore it from a backup";
}
