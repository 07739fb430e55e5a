import { mkdirSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import type { KeyvSqlite } from "@keyv/sqlite";
import { BackendError } from "../backend.js";
import { replaceableIn } from "../replaceable.js";
import { shellQuote } from "../shell-quote.js";

/**
 * Makes sure that `path` is a file that only its owner can read. Where there is none, a new database is made with
 * `connect`; without it that is an error.
 */
export async function prepareFile(path: string, connect: ((path: string) => KeyvSqlite) | undefined): Promise<void> {
	if (path.includes("\0")) throw impossible(path);
	const directory = find(dirname(path));
	if (directory) refuseReplaceable(path);
	let file = find(path);
	if (file === undefined) {
		if (!isBelowDirectory(path)) throw notADirectory(path);
		if (!connect) throw noStore(path);
		if (!directory) makeDirectory(dirname(path));
		const { createDatabase } = await import("./create.js");
		await createDatabase(path, connect);
		file = find(path);
		// SQLite would follow the link, and make a store there that others can read.
		if (file === undefined)
			throw new BackendError("unavailable", `${path} is a link to nothing`, `Run: rm ${shellQuote(path)}`);
	}
	// The file is not opened here: closing it would drop the locks that SQLite has on it in this same process
	// (https://sqlite.org/howtocorrupt.html, section 2.2). That it is SQLite's shows at the first query.
	checkFile(file, path);
}

/** Makes a directory and those above it, mode 0700. Node's own `recursive` never ends in /proc, where every new name is ENOENT. */
export function makeDirectory(path: string): void {
	if (find(path)) return;
	if (!find(dirname(path))) makeDirectory(dirname(path));
	try {
		mkdirSync(path, { mode: 0o700 });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
	}
}

function impossible(path: string): BackendError {
	return new BackendError(
		"unavailable",
		`${JSON.stringify(path)} can't be a file's name, since it has a NUL`,
		"Set store_options.path in the configuration to the file that the store is, or is to become",
	);
}

function notADirectory(path: string): BackendError {
	return new BackendError(
		"unavailable",
		`${path} is below something that is not a directory`,
		"Set store_options.path in the configuration to the file that the store is, or is to become",
	);
}

function noStore(path: string): BackendError {
	return new BackendError(
		"unavailable",
		`there is no store at ${path} yet`,
		"trocla get makes one, and trocla publish --init; if there should be one, mend store_options.path in the configuration",
	);
}

function checkFile(file: Stats, path: string): void {
	const { mode, size } = file;
	if (!file.isFile()) {
		throw new BackendError(
			"unavailable",
			`${path} is not a file`,
			"Set store_options.path in the configuration to the file that the store is, or is to become",
		);
	}
	if (mode & 0o077) {
		throw new BackendError(
			"exposed",
			`${path} can be read by others (mode ${octal(mode)})`,
			`Run: chmod 600 ${shellQuote(path)}`,
		);
	}
	// SQLite takes an empty file for an empty database, and all passwords would be made anew.
	if (size === 0) {
		throw new BackendError(
			"damaged",
			`${path} is empty, which no store of trocla ever is`,
			"It was not touched. Restore it from a backup, or remove it to begin with an empty store",
		);
	}
}

function refuseReplaceable(path: string): void {
	const open = replaceableIn(path);
	if (!open) return;
	throw new BackendError(
		"exposed",
		`${open.directory} can be written by others (mode ${open.mode}), who could put another store there`,
		`Run: chmod 700 ${shellQuote(open.directory)}`,
	);
}

/** Whether what is there of the path above its last name ends with a directory, in which the rest can be made. */
export function isBelowDirectory(path: string): boolean {
	const above = dirname(path);
	const stats = find(above);
	return stats ? stats.isDirectory() : isBelowDirectory(above);
}

/** What is at a path; `undefined` where nothing is. Node 20 throws for a path below a file, later ones do not. */
function find(path: string): Stats | undefined {
	try {
		return statSync(path, { throwIfNoEntry: false });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
		throw error;
	}
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, "0");
