import { TroclaError } from "../errors.js";
import { checkKey } from "../input.js";
import { exactRecord, type KeyRecord } from "../records/record.js";
import type { Stored } from "../records/store.js";

const KIND = "trocla export";
const VERSION = 1;

/** What an export's first line says. */
export interface ExportHeader {
	/** When it was begun: ISO 8601, UTC. */
	readonly time: string;
	/** The version of trocla that wrote it. */
	readonly trocla: string;
}

/** How many records an export has, and how many more were stored that could not be read. */
export interface ExportCounts {
	readonly records: number;
	readonly unreadable: number;
}

/** A line between the first and the last: a key with its record, or with why it could not be read. */
export type ExportEntry =
	| { readonly key: string; readonly record: KeyRecord }
	| { readonly key: string; readonly unreadable: string };

export function printHeader({ time, trocla }: ExportHeader): string {
	return JSON.stringify({ kind: KIND, version: VERSION, time, trocla });
}

export function printEntry({ key, record, fault }: Stored): string {
	if (!record) return JSON.stringify({ key, unreadable: fault?.message });
	return JSON.stringify({ key, record: { v: 1, ...record } });
}

/** The last line: only with it an export is whole. */
export function printEnd(counts: ExportCounts): string {
	return JSON.stringify({ end: KIND, ...counts });
}

/**
 * Reads the lines of an export, and makes sure that they are all there.
 *
 * @param name - the file's, for errors
 * @throws {TroclaError} `export` where they are something else, or some are missing; `damaged` for a record
 */
export async function* readEntries(lines: AsyncIterable<string>, name: string): AsyncGenerator<ExportEntry> {
	const counts = { records: 0, unreadable: 0 };
	let number = 0;
	let ended = false;
	for await (const line of lines) {
		number++;
		const wrong = (why: string) => new TroclaError("export", `line ${number} in ${name} ${why}`, HINT);
		const parsed = parse(line, wrong);
		if (number === 1) {
			checkHeader(parsed, name);
			continue;
		}
		if (ended) throw wrong("stands behind the end");
		if ("end" in parsed) {
			ended = true;
			if (parsed.records !== counts.records || parsed.unreadable !== counts.unreadable) {
				throw wrong(`counts ${parsed.records} records, and there are ${counts.records}`);
			}
			continue;
		}
		const entry = readEntry(parsed, wrong);
		counts["record" in entry ? "records" : "unreadable"]++;
		yield entry;
	}
	if (!ended) throw new TroclaError("export", `${name} is half an export: its last line is missing`, HINT);
}

const HINT = "Take another copy of this export, or an older one";

type Wrong = (why: string) => TroclaError;

function parse(line: string, wrong: Wrong): { readonly [name: string]: unknown } {
	let parsed: unknown;
	try {
		parsed = JSON.parse(line);
	} catch {
		throw wrong("is not JSON");
	}
	if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw wrong("is not a JSON object");
	return { ...parsed };
}

function checkHeader({ kind, version }: { readonly [name: string]: unknown }, name: string): void {
	if (kind !== KIND) throw new TroclaError("export", `${name} is encrypted, but is not an export of trocla`);
	if (version === VERSION) return;
	throw new TroclaError(
		"export",
		`${name} has version ${JSON.stringify(version)}, and this trocla knows version ${VERSION}`,
		"Use a newer trocla",
	);
}

function readEntry({ key, record, unreadable }: { readonly [name: string]: unknown }, wrong: Wrong): ExportEntry {
	try {
		checkKey(key);
		if (typeof unreadable === "string") return { key, unreadable };
		return { key, record: exactRecord(record, key) };
	} catch (error) {
		if (!(error instanceof TroclaError)) throw error;
		throw wrong(`can't be taken: ${error.message}`);
	}
}
