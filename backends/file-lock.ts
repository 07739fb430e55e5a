import { open } from "node:fs/promises";
import sqlite3 from "sqlite3";
import { BackendError } from "./backend.js";

/**
 * Does some work while no other process does any under the same lock, on this host. The kernel ends a lock with its
 * process, however that one died: it is SQLite's own, on a file that stays empty.
 *
 * @param path - the lock's file, made with mode 0600
 * @throws {BackendError} `busy` where another process has it
 */
export async function underLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
	await (await open(path, "a", 0o600)).close();
	const database = await connect(path);
	try {
		await execute(database, "BEGIN EXCLUSIVE").catch((error: NodeJS.ErrnoException) => {
			const { code, message } = error;
			if (code !== "SQLITE_BUSY") throw new BackendError("unavailable", `${path}: ${message}`);
			throw new BackendError("busy", `${path} is held by another process`, "Wait until it has ended, and run it again");
		});
		return await work();
	} finally {
		await new Promise((resolve) => database.close(resolve));
	}
}

function connect(path: string): Promise<sqlite3.Database> {
	return new Promise((resolve, reject) => {
		const database = new sqlite3.Database(path, (error) => (error ? reject(error) : resolve(database)));
	});
}

function execute(database: sqlite3.Database, sql: string): Promise<void> {
	return new Promise((resolve, reject) => {
		database.exec(sql, (error) => (error ? reject(error) : resolve()));
	});
}
