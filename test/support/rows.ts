import sqlite3 from "sqlite3";

/** Runs SQL in a database of a test and gives the rows, past all of trocla's code. */
export function query(path: string, sql: string): Promise<Record<string, unknown>[]> {
	return new Promise((resolve, reject) => {
		const database = new sqlite3.Database(path);
		database.all<Record<string, unknown>>(sql, (error, rows) => {
			database.close();
			if (error) reject(error);
			else resolve(rows);
		});
	});
}
