import { randomUUID } from "node:crypto";
import { link, mkdir, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { KeyvSqlite } from "@keyv/sqlite";
import { sync } from "../sync.js";

/** Databases that are being made: `<path>.new-<uuid>`, beside the one that they will become. */
export const NEW_SUFFIX = ".new-";

/**
 * Makes an empty database, mode 0600, where there is none; directories that it needs get 0700.
 *
 * It is made complete under another name and then linked to its own, so no process, and no crash, ever meets an empty
 * or half-made one, and of several that make it at once exactly one wins.
 */
export async function createDatabase(path: string, connect: (path: string) => KeyvSqlite): Promise<void> {
	await mkdir(dirname(path), { recursive: true, mode: 0o700 });
	const fresh = `${path}${NEW_SUFFIX}${randomUUID()}`;
	try {
		await (await open(fresh, "wx", 0o600)).close();
		const database = connect(fresh);
		try {
			await database.query("PRAGMA synchronous=FULL");
			await database.query("PRAGMA journal_mode=WAL");
		} finally {
			await database.close();
		}
		await sync(fresh);
		await link(fresh, path).catch((error: NodeJS.ErrnoException) => {
			if (error.code !== "EEXIST") throw error;
		});
	} finally {
		await unlink(fresh).catch(() => {});
	}
	await sync(dirname(path));
}
