import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Head, type HeadEntry } from "./audit-head.js";
import { type AuditEntry, follows, type Link, NO_LINE, parseLine, printLine, sha256 } from "./audit-line.js";
import { pieces } from "./audit-lines.js";

/** How long a rotation by copytruncate may take from the end of its copy until it truncates. */
const COPYTRUNCATE_MS = 10_000;
/** How long a line may take to get into a file that was renamed meanwhile, and is perhaps being compressed. */
const RENAME_MS = 100;
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
	for (;;) {
		const { before, missing, torn, needsNewline } = await lookAt(file, head, last);
		const { ino, size } = await file.stat({ bigint: true });
		const lines = chain([...torn.map(describe), ...added], before);
		const repeated = missing.map(({ line }) => `${line}\n`).join("");
		const start = Number(size) + Buffer.byteLength(repeated) + (needsNewline ? 1 : 0);
		const text = `${needsNewline ? "\n" : ""}${repeated}${lines.map(({ line }) => `${line}\n`).join("")}`;
		await write(file, Number(size), text);
		const { size: after } = await file.stat();
		if (after < Number(size) + Buffer.byteLength(text)) {
			// It was truncated since it was looked at, so all that it holds is out of this text.
			await file.truncate(0);
			continue;
		}
		// The lines are in the audit: where the head can't be written, the next one to append finds them there.
		await head.append(placed(lines, String(ino), start)).catch(() => {});
		return;
	}
}

interface Place {
	/** The last line of the chain. */
	readonly before: Link;
	/** Lines of the chain that a rotation may have lost, and that are to be written again. */
	readonly missing: readonly HeadEntry[];
	/** The SHA-256 of each piece that is no whole line, and that nothing marks as such yet. */
	readonly torn: readonly string[];
	readonly needsNewline: boolean;
}

/** Where the chain stands, by the head and by what the file holds that the head does not know of. */
async function lookAt(file: FileHandle, head: Head, last: HeadEntry | undefined): Promise<Place> {
	const { ino, size, mtimeMs } = await file.stat({ bigint: true });
	const isSame = last?.inode === String(ino);
	if (isSame && BigInt(last.end) === size) return { before: last, missing: [], torn: [], needsNewline: false };
	const isRotated = last !== undefined && !(isSame && BigInt(last.end) < size);
	const rest = await readOn(file, last && !isRotated ? last.end : 0, last);
	if (!isRotated) return { ...rest, missing: [] };
	const since = Number(mtimeMs) - (isSame ? COPYTRUNCATE_MS : RENAME_MS);
	const lost = sameFile(await head.recent()).filter(({ n, at }) => n > rest.lastInFile && at >= since);
	return { ...rest, missing: lost };
}

/** The last entries, as far back as they were appended to the file that the last one was, before it was rotated. */
function sameFile(entries: readonly HeadEntry[]): readonly HeadEntry[] {
	const begin = entries.findLastIndex(({ inode, end }, i) => {
		const before = entries[i - 1];
		return before && (before.inode !== inode || before.end >= end);
	});
	return entries.slice(Math.max(begin, 0));
}

/** Follows the chain from a line on through what stands in the file behind it. */
async function readOn(file: FileHandle, start: number, last: Link | undefined) {
	let before = last ?? NO_LINE;
	let lastInFile = 0;
	let needsNewline = false;
	const torn = new Set<string>();
	for await (const found of pieces(file, start)) {
		for (const { bytes, isEnded } of found) {
			const line = parseLine(bytes);
			needsNewline = !isEnded;
			if (!line) {
				if (bytes.length > 0) torn.add(sha256(bytes));
				continue;
			}
			if (line.torn) torn.delete(line.torn);
			lastInFile = line.n;
			// Without a head there is nothing to compare with, and the chain goes on from where the file ends.
			if (!last || follows(line, before)) before = line;
		}
	}
	return { before, lastInFile, torn: [...torn], needsNewline };
}

function chain(entries: readonly AuditEntry[], before: Link): { line: string; link: Link }[] {
	let last = before;
	return entries.map((entry) => {
		const line = printLine(entry, last);
		last = { n: last.n + 1, hash: sha256(line) };
		return { line, link: last };
	});
}

function placed(lines: readonly { line: string; link: Link }[], inode: string, start: number): HeadEntry[] {
	let end = start;
	const at = Date.now();
	return lines.map(({ line, link }) => {
		end += Buffer.byteLength(line) + 1;
		return { ...link, line, inode, end, at };
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

async function openAudit(audit: string, isKnown: boolean): Promise<FileHandle> {
	for (let waited = 0; isKnown && waited < CREATE_MS && !(await exists(audit)); waited++) await sleep(1);
	const file = await open(audit, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
	if ((await file.stat()).size > 0) return file;
	// It may be new, and then its name has to reach the disk too.
	await using directory = await open(dirname(audit), "r");
	await directory.sync();
	return file;
}

const exists = (path: string) =>
	stat(path).then(
		() => true,
		() => false,
	);
