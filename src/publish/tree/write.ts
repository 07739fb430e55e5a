import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { TroclaError } from "../../errors.js";

// Plain calls and no promises: for so many small files they take a third of the time.

/**
 * Makes a file that only its owner can read, whatever the umask; nothing may be there.
 *
 * @throws {TroclaError} `store`
 */
export function writeNew(path: string, content: string | Uint8Array): void {
	writing(path, () => {
		const file = openSync(path, "wx", 0o600);
		try {
			fchmodSync(file, 0o600);
			writeFileSync(file, content);
		} finally {
			closeSync(file);
		}
	});
}

/**
 * Makes a directory that only its owner can enter, whatever the umask; nothing may be there.
 *
 * @throws {TroclaError} `store`
 */
export function makeNew(path: string): void {
	writing(path, () => {
		mkdirSync(path, 0o700);
		chmodSync(path, 0o700);
	});
}

/** @throws {TroclaError} `store` with the path, for whatever the file system throws */
export function writing<Result>(path: string, work: () => Result): Result {
	try {
		return work();
	} catch (error) {
		throw unwritable(path, error);
	}
}

export function unwritable(path: string, error: unknown): TroclaError {
	if (error instanceof TroclaError) return error;
	const hint = "What was published before still is: mend that, and run it again";
	return new TroclaError("store", `${path} can't be written: ${(error as Error).message}`, hint, error);
}
