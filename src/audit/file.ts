import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { TroclaError } from "../errors.js";
import { LINE_START } from "./line.js";

/**
 * Makes sure that lines can be appended to the audit, before anything is changed: makes the file, 0600, and its
 * directories, 0700, where they are missing.
 *
 * @throws {TroclaError} `store` where it can't be written, others could write to it, or it is something else
 */
export function prepareAuditFile(path: string): void {
	const before = refuseUnsafe(path);
	try {
		if (!before) makeDirectory(dirname(path));
		const file = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
		try {
			refuseForeign(file, path);
		} finally {
			closeSync(file);
		}
	} catch (error) {
		throw error instanceof TroclaError ? error : unusable(path, `can't be written: ${(error as Error).message}`);
	}
}

/**
 * Looks at an audit without making or changing anything; gives what is there.
 *
 * @throws {TroclaError} `store`
 */
export function refuseUnsafe(path: string): Stats | undefined {
	const directory = find(dirname(path), path);
	if (directory && !directory.isDirectory()) throw unusable(path, "is below something that is not a directory");
	// In a sticky one others can't take the file away.
	if (directory && directory.mode & 0o022 && !(directory.mode & 0o1000)) {
		throw unusable(path, "is in a directory that others can write to", `Run: chmod go-w ${dirname(path)}`);
	}
	const file = find(path, path);
	if (!file) return undefined;
	// Opening a pipe would wait for its reader.
	if (!file.isFile()) throw unusable(path, "is not a file");
	if (file.mode & 0o022) throw unusable(path, "can be written by others", `Run: chmod 600 ${path}`);
	const me = process.getuid?.() ?? 0;
	if (me !== 0 && file.uid !== me && file.uid !== 0) throw unusable(path, "belongs to another user");
	return file;
}

/** A path that was mistyped must not put lines into a file that is not the audit's. */
function refuseForeign(file: number, path: string): void {
	const start = Buffer.alloc(LINE_START.length);
	const length = readSync(file, start, 0, Math.min(start.length, fstatSync(file).size), 0);
	if (!LINE_START.startsWith(start.toString("latin1", 0, length))) {
		throw unusable(path, "is there already, and is not an audit of trocla's");
	}
}

function find(path: string, audit: string): Stats | undefined {
	try {
		return statSync(path, { throwIfNoEntry: false });
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === "ENOTDIR") throw unusable(audit, "is below something that is not a directory");
		throw unusable(audit, `can't be looked at: ${message}`);
	}
}

/** Makes a directory and those above it. Node's own `recursive` never ends in /proc, where every new name is ENOENT. */
function makeDirectory(path: string): void {
	if (statSync(path, { throwIfNoEntry: false })) return;
	makeDirectory(dirname(path));
	try {
		mkdirSync(path, { mode: 0o700 });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
	}
}

function unusable(path: string, what: string, hint = "Mend that, or set another audit.file in the configuration") {
	return new TroclaError("store", `the audit ${path} ${what}`, `Nothing was changed. ${hint}`);
}
