import { KeyvSqlite } from "@keyv/sqlite";
import sqlite3, { type Database } from "sqlite3";

// A commit takes milliseconds; a minute lets a hundred processes queue up on a slow disk.
export const BUSY_TIMEOUT_MS = 60_000;
export const TABLE = "keyv";

/** Keyv's adapter for a database, and SQLite's own connection in it. */
export interface Connection {
	readonly adapter: KeyvSqlite;
	readonly database: Database;
}

/**
 * Opens a database through Keyv's adapter.
 *
 * The adapter keeps its connection to itself, and has nothing to prepare a statement with. It opens the connection in its
 * constructor, with the class that the package sqlite3 has at that moment: there it is seen.
 */
export function connect(path: string): Connection {
	const { Database } = sqlite3;
	let database: Database | undefined;
	function Opened(...args: ConstructorParameters<typeof Database>): Database {
		database = new Database(...args);
		return database;
	}
	// `new` gives what a function returns.
	sqlite3.Database = Opened as unknown as typeof Database;
	try {
		const adapter = new KeyvSqlite({ uri: `sqlite://${path}`, table: TABLE, busyTimeout: BUSY_TIMEOUT_MS });
		// The adapter also rejects the query that failed; without a listener Node would end the process.
		adapter.on("error", () => {});
		if (!database) throw new Error("Keyv's adapter has opened no connection");
		return { adapter, database };
	} finally {
		sqlite3.Database = Database;
	}
}
