import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { TroclaError } from "../errors.js";

const LOCK_EX = 2;
const LOCK_NB = 4;
/** Appending takes milliseconds; a minute lets a thousand processes queue up. */
const TIMEOUT_MS = 60_000;
/** Those who wait ask at random times, so that none is always too late. */
const MAX_WAIT_MS = 5;

let loaded: Promise<(file: number) => boolean> | undefined;

/**
 * Locks a file against all other openings of it, in this process too, until it is closed; the end of the process,
 * whichever, closes it. By flock(2), which Node does not have.
 *
 * @throws {TroclaError} `store` where others have it locked for a minute, or this platform can't lock
 */
export async function lock(file: FileHandle, path: string): Promise<void> {
	loaded ??= load();
	const tryLock = await loaded;
	for (const end = Date.now() + TIMEOUT_MS; !tryLock(file.fd); ) {
		if (Date.now() > end) {
			throw new TroclaError(
				"store",
				`other processes kept ${path} locked for a minute`,
				"See with fuser(1) which ones, and end the one that hangs",
			);
		}
		await sleep(Math.random() * MAX_WAIT_MS);
	}
}

/** Locks without waiting, and says whether it could. */
async function load(): Promise<(file: number) => boolean> {
	try {
		const koffi = (await import("koffi")).default;
		const flock = koffi.load(null).func("int flock(int fd, int operation)");
		const { EAGAIN, EINTR } = koffi.os.errno;
		return (file) => {
			if (flock(file, LOCK_EX | LOCK_NB) === 0) return true;
			const errno = koffi.errno();
			if (errno === EAGAIN || errno === EINTR) return false;
			throw new TroclaError("store", `the file system refuses locks (errno ${errno})`, "Put audit.file on another one");
		};
	} catch (error) {
		throw new TroclaError(
			"store",
			`files can't be locked on this platform: ${(error as Error).message}`,
			"The audit needs the package koffi: install trocla with --allow-scripts=koffi",
		);
	}
}
