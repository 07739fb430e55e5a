import { constants } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Link, parseLine } from "./audit-line.js";
import { lock } from "./audit-lock.js";

/** A line that was appended to the audit, and where. */
export interface HeadEntry extends Link {
	readonly line: string;
	/** The file's inode, and where the line with its newline ends in it, in bytes. */
	readonly inode: string;
	readonly end: number;
	/** When it was appended, in milliseconds since 1970. */
	readonly at: number;
}

/** Bytes: more than the longest entry, so that the last whole one is in it. */
const TAIL = 64 * 1024;
const FULL = 1024 * 1024;
const KEPT = 512 * 1024;

/** The head of an audit: hidden, so that a pattern like `*` in logrotate's configuration does not rotate it. */
export function headFile(audit: string): string {
	return join(dirname(audit), `.${basename(audit)}.head`);
}

/**
 * What was last appended to an audit, in a file beside it: how the chain goes on when the audit is rotated away, that
 * lines are missing at its end, and what a rotation by copytruncate lost.
 *
 * Whoever appends locks the head first. It is written after the audit and not synced, so after a crash it may be
 * behind, but is never ahead.
 */
export class Head implements AsyncDisposable {
	/** Opens and locks it, and makes it where there is none. */
	static async lock(audit: string): Promise<Head> {
		const path = headFile(audit);
		for (;;) {
			const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
			try {
				await lock(file, path);
				// While it waited for the lock another process may have put a shorter one in its place.
				const [mine, current] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
				if (mine.ino === current?.ino) return new Head(file, path);
				await file.close();
			} catch (error) {
				await file.close().catch(() => {});
				throw error;
			}
		}
	}

	readonly #file: FileHandle;
	readonly #path: string;

	private constructor(file: FileHandle, path: string) {
		this.#file = file;
		this.#path = path;
	}

	/** The last line that was appended. */
	async last(): Promise<HeadEntry | undefined> {
		return (await entries(this.#file, TAIL)).at(-1);
	}

	/** The last lines that were appended, some hundreds at least, in their order. */
	async recent(): Promise<HeadEntry[]> {
		return await entries(this.#file, FULL + TAIL);
	}

	async append(added: readonly HeadEntry[]): Promise<void> {
		const { size } = await this.#file.stat();
		const text = added.map(printEntry).join("");
		if (size > FULL) return await this.#replace(text);
		// The newline ends what a crash left half written; an empty line is no entry.
		await this.#file.appendFile(`\n${text}`);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#file.close();
	}

	/** Keeps the last of what it holds, in a file that takes its place at once. */
	async #replace(added: string): Promise<void> {
		const kept = (await entries(this.#file, KEPT)).map(printEntry).join("");
		const fresh = `${this.#path}.new`;
		const file = await open(fresh, "w", 0o600);
		try {
			await file.writeFile(kept + added);
			await file.sync();
		} finally {
			await file.close();
		}
		await rename(fresh, this.#path);
	}
}

/** The last line that was appended to an audit, as far as can be told without its lock. */
export async function readHead(audit: string): Promise<HeadEntry | undefined> {
	const file = await open(headFile(audit), "r").catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
		throw error;
	});
	try {
		return file && (await entries(file, TAIL)).at(-1);
	} finally {
		await file?.close();
	}
}

const printEntry = ({ inode, end, at, line }: HeadEntry) => `${inode} ${end} ${at} ${line}\n`;

/** The whole entries in the last bytes of a head. */
async function entries(file: FileHandle, bytes: number): Promise<HeadEntry[]> {
	const { size } = await file.stat();
	const buffer = Buffer.alloc(Math.min(size, bytes));
	const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
	const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
	// What follows the last newline was not written to its end.
	return lines.slice(0, -1).flatMap(parseEntry);
}

function parseEntry(text: string): HeadEntry[] {
	const { inode, end, at, line } = /^(?<inode>\d+) (?<end>\d+) (?<at>\d+) (?<line>.+)$/s.exec(text)?.groups ?? {};
	const parsed = line === undefined ? undefined : parseLine(Buffer.from(line));
	if (inode === undefined || line === undefined || !parsed) return [];
	return [{ n: parsed.n, hash: parsed.hash, line, inode, end: Number(end), at: Number(at) }];
}
