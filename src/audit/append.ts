import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Head, type HeadEntry } from "./head.js";
import { type AuditEntry, type Link, printLine, sha256 } from "./line.js";
import { type ChainedLine, findPlace } from "./place.js";

/** For this long logrotate may have renamed a file, and not made the new one yet. */
const CREATE_MS = 50;

/**
 * Appends entries to an audit, as lines that chain to the last one, and syncs them to the disk.
 *
 * logrotate may rename or truncate the file at any time, and any process that appends may die at any time: whoever
 * appends next goes on from the head, and mends what the one before could not.
 *
 * @param describe - the entry for a line that a crash left half written, whose SHA-256 it gets
 * @throws {TroclaError} `store`, or what the file system throws; then no line of these is in the file
 */
export async function append(
	audit: string,
	added: readonly AuditEntry[],
	describe: (torn: string) => AuditEntry,
): Promise<void> {
	await using head = await Head.lock(audit);
	const last = await head.last();
	await using file = await openAudit(audit, last !== undefined);
	for (let left = added; ; left = []) {
		const { before, repeated, torn, needsNewline, inode, size } = await findPlace(file, head, last);
		const start = needsNewline ? "\n" : "";
		const lines = place([...repeated, ...chain([...torn.map(describe), ...left], before)], inode, size + start.length);
		const text = start + lines.map(({ line }) => `${line}\n`).join("");
		try {
			await head.announce(lines.slice(repeated.findLastIndex(({ isConfirmed }) => isConfirmed) + 1));
			await write(file, size, text);
		} catch (error) {
			await head.retract().catch(() => {});
			throw error;
		}
		if ((await file.stat()).size < size + Buffer.byteLength(text)) {
			// It was truncated since it was looked at, so all that it holds is out of this text; what was announced is
			// now pending.
			await file.truncate(0);
			continue;
		}
		// The lines are in the audit: where they can't be confirmed, the next one to append finds them there.
		await head.confirm().catch(() => {});
		return;
	}
}

/** The lines of entries that follow a line. */
function chain(entries: readonly AuditEntry[], before: Link): ChainedLine[] {
	let last = before;
	return entries.map((entry) => {
		const line = printLine(entry, last);
		const { n, hash: prev } = last;
		last = { n: n + 1, hash: sha256(line) };
		return { ...last, prev, line };
	});
}

/** Where lines end that stand one after the other in a file, from an offset on. */
function place(lines: readonly ChainedLine[], inode: string, start: number): HeadEntry[] {
	const at = Date.now();
	let end = start;
	return lines.map(({ n, hash, prev, line }) => {
		end += Buffer.byteLength(line) + 1;
		return { n, hash, prev, line, inode, end, at };
	});
}

/** Writes all of a text at the end of a file and syncs it, or nothing. */
async function write(file: FileHandle, size: number, text: string): Promise<void> {
	try {
		await file.appendFile(text);
		await file.datasync();
	} catch (error) {
		const now = await file.stat();
		if (now.size > size) await file.truncate(size).catch(() => {});
		throw error;
	}
}

/** Opens the audit; one that was there before is given some time to come back before it is made. */
async function openAudit(audit: string, isKnown: boolean): Promise<FileHandle> {
	const flags = constants.O_RDWR | constants.O_APPEND;
	for (const end = Date.now() + CREATE_MS; isKnown && Date.now() < end; await sleep(1)) {
		const file = await open(audit, flags).catch((error: NodeJS.ErrnoException) => {
			if (error.code !== "ENOENT") throw error;
		});
		if (file) return file;
	}
	const file = await open(audit, flags | constants.O_CREAT, 0o600);
	// Its name has to reach the disk too.
	await using directory = await open(dirname(audit), "r");
	await directory.sync();
	return file;
}
