import { createHash } from "node:crypto";

/** What a line of the audit tells, but for its place in the chain. Never a value. */
export interface AuditEntry {
	/** ISO 8601, UTC, with milliseconds. */
	readonly time: string;
	readonly user: string;
	readonly uid: number;
	readonly sudo_user?: string;
	readonly sudo_uid?: number;
	readonly host: string;
	readonly process: { readonly pid: number; readonly name: string };
	/** For whom the process did it: a client of the daemon. */
	readonly client?: string;
	readonly action: string;
	readonly key?: string;
	readonly format?: string;
	readonly outcome: string;
	/** How many records it was, of what happened to the store as a whole. */
	readonly count?: number;
	/** The hook, of one that failed, and how it did. */
	readonly hook?: string;
	readonly detail?: string;
	/** The SHA-256 of a line that a crash left half written, which stands in the file before this one. */
	readonly torn?: string;
}

/** A line's place in the chain. */
export interface Link {
	/** Counts the lines from 1, through all files that they were rotated into. */
	readonly n: number;
	/** SHA-256 of the line's bytes without its newline, in hex. */
	readonly hash: string;
}

/** What lies before the first line of a chain. */
export const NO_LINE: Link = { n: 0, hash: "0".repeat(64) };

/** Bytes; keys and names have limits, so no line of trocla's is longer. */
export const MAX_LINE = 16 * 1024;

/** A line without its newline: JSON with its number `n` first and the hash of the line before, `prev`, last. */
export function printLine(entry: AuditEntry, before: Link): string {
	return JSON.stringify({ n: before.n + 1, ...entry, prev: before.hash });
}

/** What a file that is not an audit does not begin with. */
export const LINE_START = '{"n":';

export interface ParsedLine extends Link {
	readonly prev: string;
	readonly torn: string | undefined;
}

/** A line's place and what it says of the one before; `undefined` where it is not a whole line of an audit. */
export function parseLine(bytes: Buffer): ParsedLine | undefined {
	let line: unknown;
	try {
		line = JSON.parse(bytes.toString());
	} catch {
		return undefined;
	}
	if (typeof line !== "object" || line === null) return undefined;
	const { n, prev, torn } = line as { n?: unknown; prev?: unknown; torn?: unknown };
	if (!Number.isSafeInteger(n) || Number(n) < 1 || typeof prev !== "string") return undefined;
	return { n: Number(n), prev, hash: sha256(bytes), torn: typeof torn === "string" ? torn : undefined };
}

/** Whether a line was written after this one. */
export function follows(line: Link & { readonly prev: string }, before: Link): boolean {
	return line.n === before.n + 1 && line.prev === before.hash;
}

export function sha256(bytes: Buffer | string): string {
	return createHash("sha256").update(bytes).digest("hex");
}
