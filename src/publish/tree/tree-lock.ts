import { existsSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { BackendError } from "../../../backends/backend.js";
import { underLock } from "../../../backends/file-lock.js";
import { TroclaError } from "../../errors.js";
import { isMap } from "../../value.js";
import type { Layout } from "./layout.js";
import { unwritable, writeNew } from "./write.js";

/**
 * The trees that this process has locked: to open the lock's file once more and close it would lose the lock
 * (https://sqlite.org/howtocorrupt.html, section 2.2).
 */
const locked = new Set<string>();

/** Another run has the tree; it ends some time. */
export class TreeBusy extends TroclaError {
	override name = "TreeBusy";
}

/**
 * Does some work while no other process does any in the same tree; SQLite waits for one to end for a second. The kernel
 * ends a lock with its process, so that none is ever stale.
 *
 * @throws {TreeBusy} where another process, or this one, publishes there; it says which and since when
 * @throws {TroclaError} `store` where the lock's file can't be written
 */
export async function lockTree<Result>(layout: Layout, work: () => Promise<Result>): Promise<Result> {
	const place = realpathSync(layout.directory);
	if (locked.has(place)) throw busy(layout);
	locked.add(place);
	let isLocked = false;
	try {
		if (!existsSync(layout.lock)) makeLock(layout);
		return await underLock(layout.lock, async () => {
			isLocked = true;
			introduce(layout);
			try {
				return await work();
			} finally {
				rmSync(layout.publisher, { force: true });
			}
		});
	} catch (error) {
		if (isLocked) throw error;
		throw error instanceof BackendError && error.fault === "busy" ? busy(layout) : unwritable(layout.lock, error);
	} finally {
		locked.delete(place);
	}
}

/** By a mode that does not depend on the umask; another run may do so at the same time. */
function makeLock({ lock }: Layout): void {
	try {
		writeNew(lock, "");
	} catch (error) {
		if (!existsSync(lock)) throw error;
	}
}

/** Tells those who find the tree locked by whom it is; on a full disk it may not, and that must not stop a run. */
function introduce({ publisher }: Layout): void {
	try {
		rmSync(publisher, { force: true });
		const started = new Date().toISOString();
		writeNew(publisher, `${JSON.stringify({ pid: process.pid, host: hostname(), started })}\n`);
	} catch {
		// They learn less.
	}
}

function busy(layout: Layout): TreeBusy {
	const publisher = readPublisher(layout);
	return new TreeBusy(
		"store",
		`another trocla publishes in ${layout.directory}${publisher ? `: ${publisher}` : ""}`,
		"Wait until it has ended, and run it again",
	);
}

function readPublisher({ publisher }: Layout): string | undefined {
	try {
		const value: unknown = JSON.parse(readFileSync(publisher, "utf8"));
		return isMap(value) ? `process ${value.pid} on ${value.host}, since ${value.started}` : undefined;
	} catch {
		return undefined;
	}
}
