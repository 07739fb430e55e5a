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

/** Fills a store that is there already with keys `key1`, `key2`, ..., whose plaintexts are `password-1`, and so on. */
export async function fill(path: string, count: number): Promise<void> {
	const record = `json_object('v', 1, 'formats', json_object('plain', json_object('value', 'password-' || n, 'at', '2026-03-01T12:00:00.000Z')))`;
	await query(
		path,
		`WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${count})
		INSERT INTO keyv (key, value) SELECT 'trocla:key' || n, json_object('value', '' || ${record}) FROM number`,
	);
}
