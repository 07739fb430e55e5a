import { constants } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Link, parseLine } from "./line.js";
import { lock } from "./lock.js";

/** A line that was appended to the audit, and where. */
export interface HeadEntry extends Link {
	readonly prev: string;
	readonly line: string;
	/** The file's inode, and where the line with its newline ends in it, in bytes. */
	readonly inode: string;
	readonly end: number;
	/** When it was appended, in milliseconds since 1970. */
	readonly at: number;
}

/** What a head knows of its audit. */
export interface HeadState {
	/** The last line that is in the audit for certain. */
	readonly last: HeadEntry | undefined;
	/** Lines that were to follow it, and perhaps do: who was to write them died. */
	readonly pending: readonly HeadEntry[];
	/** The lines up to the last one, as far back as is known. */
	readonly recent: readonly HeadEntry[];
}

/** Bytes: more than the longest entry, so that the last one is in it, where nothing is pending. */
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
 * Whoever appends locks the head, announces the lines in it, appends them to the audit, and confirms them. The head is
 * not synced, so after a loss of power it may be behind the audit; its last confirmed line is never ahead.
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
				if (mine.ino === current?.ino) return new Head(file, path, mine.size);
				await file.close();
			} catch (error) {
				await file.close().catch(() => {});
				throw error;
			}
		}
	}

	readonly #file: FileHandle;
	readonly #path: string;
	readonly #size: number;

	private constructor(file: FileHandle, path: string, size: number) {
		this.#file = file;
		this.#path = path;
		this.#size = size;
	}

	/** The last line, where no other is pending: nearly always, and known without reading all of the head. */
	async last(): Promise<HeadEntry | undefined> {
		return await lastConfirmed(this.#file);
	}

	async state(): Promise<HeadState> {
		return await readState(this.#file);
	}

	/** Tells which lines will be appended next, instead of what was announced before. */
	async announce(lines: readonly HeadEntry[]): Promise<void> {
		// The newline ends what a crash left half written; an empty line is no entry.
		await this.#file.appendFile(`\n${lines.map(printEntry).join("")}`);
	}

	/** Takes back what was announced. */
	async retract(): Promise<void> {
		await this.#file.truncate(this.#size);
	}

	/** Tells that the lines which were announced are in the audit. Nothing else may be done with it then. */
	async confirm(): Promise<void> {
		await this.#file.appendFile(CONFIRMED);
		if (this.#size > FULL) await this.#shorten();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#file.close();
	}

	/** Keeps the last of what it holds, in a file that takes its place at once. */
	async #shorten(): Promise<void> {
		const { recent } = await this.state();
		const length = recent.reduce((sum, { line }) => sum + line.length, 0);
		const kept = recent.slice(Math.floor(recent.length * (1 - KEPT / Math.max(length, KEPT))));
		const fresh = `${this.#path}.new`;
		const file = await open(fresh, "w", 0o600);
		try {
			await file.writeFile(`${kept.map(printEntry).join("")}${CONFIRMED}`);
			await file.sync();
		} finally {
			await file.close();
		}
		await rename(fresh, this.#path);
	}
}

/** What the head of an audit knows, as far as can be told without its lock; `undefined` where there is none. */
export async function readHead(audit: string): Promise<HeadState | undefined> {
	const file = await open(headFile(audit), "r").catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
		throw error;
	});
	try {
		return file && (await readState(file));
	} finally {
		await file?.close();
	}
}

/** Stands behind the entries that are in the audit for certain. */
const CONFIRMED = "confirmed\n";

const printEntry = ({ inode, end, at, line }: HeadEntry) => `${inode} ${end} ${at} ${line}\n`;

const isMark = (text: string) => `${text}\n` === CONFIRMED;

async function lastConfirmed(file: FileHandle): Promise<HeadEntry | undefined> {
	const [text = "", mark = ""] = (await tail(file, TAIL)).slice(-2);
	const [entry] = parseEntry(text);
	return isMark(mark) ? entry : undefined;
}

async function readState(file: FileHandle): Promise<HeadState> {
	const recent: HeadEntry[] = [];
	const pending: HeadEntry[] = [];
	for (const text of await tail(file, Number.POSITIVE_INFINITY)) {
		if (isMark(text)) {
			recent.push(...pending.splice(0));
			continue;
		}
		const [entry] = parseEntry(text);
		// What is announced again takes the place of what was announced first.
		while (entry && pending.length > 0 && (pending.at(-1)?.n ?? 0) >= entry.n) pending.pop();
		if (entry) pending.push(entry);
	}
	return { last: recent.at(-1), pending, recent };
}

/** The whole lines in the last bytes of a head. */
async function tail(file: FileHandle, bytes: number): Promise<string[]> {
	const { size } = await file.stat();
	const buffer = Buffer.alloc(Math.min(size, bytes));
	const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
	// What follows the last newline was not written to its end.
	return buffer.toString("utf8", 0, bytesRead).split("\n").slice(0, -1);
}

function parseEntry(text: string): HeadEntry[] {
	const { inode, end, at, line } = /^(?<inode>\d+) (?<end>\d+) (?<at>\d+) (?<line>.+)$/s.exec(text)?.groups ?? {};
	const parsed = line === undefined ? undefined : parseLine(Buffer.from(line));
	if (inode === undefined || line === undefined || !parsed) return [];
	return [{ n: parsed.n, hash: parsed.hash, prev: parsed.prev, line, inode, end: Number(end), at: Number(at) }];
}
