// Stores of many keys, filled through the sqlite3 package in Keyv's own rows: what a million creates would leave.
import { chmodSync } from "node:fs";
import sqlite3 from "sqlite3";

const BATCH = 5000;

/** Opens a SQLite file and gives its calls as promises. */
export async function openDatabase(path) {
	const database = await new Promise((resolve, reject) => {
		const opened = new sqlite3.Database(path, (error) => (error ? reject(error) : resolve(opened)));
	});
	const call =
		(method) =>
		(...args) =>
			new Promise((resolve, reject) => {
				database[method](...args, (error, result) => (error ? reject(error) : resolve(result)));
			});
	return { run: call("run"), all: call("all"), exec: call("exec"), close: call("close") };
}

/** The row that trocla and Keyv store for a key with a plaintext. */
export function keyRow(key, plain) {
	const at = "2026-11-22T00:00:00.000Z";
	const record = JSON.stringify({ v: 1, formats: { plain: { value: plain, at } } });
	return [`trocla:${key}`, JSON.stringify({ value: record })];
}

/** The n-th key of a filled store. */
export const keyName = (n) => `user_${String(n).padStart(7, "0")}`;

/** Makes a store of `count` keys. */
export async function fillStore(path, count) {
	const database = await openDatabase(path);
	chmodSync(path, 0o600);
	await database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF");
	await database.exec("CREATE TABLE keyv(key VARCHAR(255) PRIMARY KEY, value TEXT )");
	await database.exec("BEGIN");
	for (let first = 0; first < count; first += BATCH) {
		const rows = Array.from({ length: Math.min(BATCH, count - first) }, (_, n) =>
			keyRow(keyName(first + n), `password-${first + n}`),
		);
		await database.run(`INSERT INTO keyv (key, value) VALUES ${rows.map(() => "(?, ?)").join(", ")}`, rows.flat());
	}
	await database.exec("COMMIT");
	await database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
	await database.close();
}
