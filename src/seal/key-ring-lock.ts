import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { BackendError } from "../../backends/backend.js";
import { underLock } from "../../backends/file-lock.js";
import { makeDirectory } from "../../backends/sqlite/file.js";
import { TroclaError } from "../errors.js";
import type { RingSource } from "./key-ring.js";

/**
 * Does some work while no other process writes the same ring's file. A ring that is no file is not ours to write, and
 * needs no lock.
 *
 * @throws {TroclaError} `ring` where another process has the lock, or the ring's directory can't be written
 */
export async function lockRing<Result>(ring: RingSource, work: () => Promise<Result>): Promise<Result> {
	if (ring.kind !== "file") return await work();
	const path = await realpath(ring.path).catch(() => ring.path);
	let isLocked = false;
	const underIt = async () => {
		isLocked = true;
		return await work();
	};
	try {
		makeDirectory(dirname(path));
		return await underLock(`${path}.lock`, underIt);
	} catch (error) {
		if (isLocked) throw error;
		throw notLocked(error, ring.path);
	}
}

function notLocked(error: unknown, path: string): TroclaError {
	if (error instanceof BackendError && error.fault === "busy") {
		return new TroclaError(
			"ring",
			`another trocla init or trocla rekey works with the key ring ${path}`,
			"Wait until it has ended, and run it again",
		);
	}
	return new TroclaError(
		"ring",
		`the key ring ${path} can't be locked: ${(error as Error).message}`,
		"Run it as the user who owns the ring, where its directory can be written",
	);
}
