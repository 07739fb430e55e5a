import { BackendError, type BackendFault } from "../backend.js";
import { REFUSED } from "./guard.js";

/** What SQLite, or the file system under it, refused, as a BackendError that names the database. */
export function sqliteError(error: unknown, path: string): BackendError {
	if (error instanceof BackendError) return error;
	const { code = "", message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
	const [fault, what, hint] = explain(code, message);
	// An import, say, has changed much by the time when a disk is full.
	const outcome = fault === "full" ? "This change was not stored" : "Nothing was changed";
	return new BackendError(fault, `${path}: ${what}`, `${outcome}. ${hint}`);
}

function explain(code: string, message: string): [fault: BackendFault, what: string, hint: string] {
	switch (code) {
		case "SQLITE_FULL":
		case "ENOSPC":
		case "EDQUOT":
			return ["full", "no space left on its disk", "Make room there and run it again"];
		case "SQLITE_READONLY":
		case "SQLITE_PERM":
		case "EACCES":
		case "EPERM":
		case "EROFS":
			return [
				"unavailable",
				`not allowed (${message})`,
				"Run it as the user who owns the store, or set store_options.path in the configuration",
			];
		case "SQLITE_BUSY":
		case "SQLITE_LOCKED":
			return ["busy", "other processes kept it locked for a minute", "See with fuser(1) which ones, then run it again"];
		case "SQLITE_CONSTRAINT":
			if (!message.includes(REFUSED)) break;
			return [
				"refused",
				"the store is sealed, and what was to be written is not",
				"If the store was sealed just now, run it again; else set encryption in the configuration as trocla init --sealed did",
			];
		case "SQLITE_MISUSE":
			return ["unavailable", "the store was closed already", "Close it after the last call, or open it again"];
		case "SQLITE_NOTADB":
			return [
				"damaged",
				"not a SQLite database",
				"Restore the store from a backup, or move the file away to begin with an empty one",
			];
		case "SQLITE_CORRUPT":
			return ["damaged", `damaged (${message})`, "Restore the store from a backup"];
	}
	return [
		"unavailable",
		message,
		"Check that its directory can be written and has space, or set store_options.path in the configuration",
	];
}
