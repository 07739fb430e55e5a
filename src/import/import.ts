import type { Formats } from "../../formats/index.js";
import { TroclaError } from "../errors.js";
import { inParallel } from "../parallel.js";
import { refuseClaimed } from "../records/claims.js";
import type { KeyRecord } from "../records/record.js";
import type { Decision, RecordStore } from "../records/store.js";
import type { Foreign, Reader } from "./foreign.js";
import { incomingOf, type Problem } from "./incoming.js";

export interface ImportSettings {
	readonly formats: Formats;
	readonly now: Date;
	/** Stands before each key. */
	readonly prefix: string;
	/** Whether what is stored otherwise is replaced, the whole key with all its formats. */
	readonly overwrite: boolean;
	/** Whether nothing is written, only counted. */
	readonly dryRun: boolean;
	/** Hears of what does not come in. */
	readonly problem: (problem: Problem) => void;
	/** Hears how many keys were looked at. */
	readonly seen: (keys: number) => void;
}

/** How many keys had each outcome. */
export interface ImportCounts {
	imported: number;
	/** Stored already, with these values. */
	same: number;
	/** Stored with other values, and left so. */
	differing: number;
	/** What could not be read or kept; of one key that may be several things, while the rest of it came in. */
	unreadable: number;
	/** Left out, by the reason: `expired`, `locked`, ... */
	readonly skipped: { [reason: string]: number };
}

/** As many changes as a store can usefully put into one commit. */
const WINDOW = 128;

/**
 * Brings the keys of another store in, each as one change of its record. To run it again brings in what is new there,
 * and nothing else.
 *
 * A key that is stored with other values stays as it is, unless `overwrite` says otherwise; so a plaintext that was
 * handed out here does not come back, as long as the key has other formats.
 *
 * @throws {TroclaError} `source` where the other store can't be read any further, `store` where this one fails
 */
export async function importKeys(
	records: RecordStore,
	reader: Reader,
	settings: ImportSettings,
): Promise<ImportCounts> {
	const counts: ImportCounts = { imported: 0, same: 0, differing: 0, unreadable: 0, skipped: {} };
	let seen = 0;
	await inParallel(reader, WINDOW, async (foreign) => {
		await importKey(records, foreign, settings, counts);
		settings.seen(++seen);
	});
	return counts;
}

async function importKey(
	records: RecordStore,
	foreign: Foreign,
	settings: ImportSettings,
	counts: ImportCounts,
): Promise<void> {
	const { prefix, formats, now, problem } = settings;
	const { key, record, problems, skipped } = incomingOf(foreign, prefix, formats, now);
	if (skipped !== undefined) counts.skipped[skipped] = (counts.skipped[skipped] ?? 0) + 1;
	const stored = record && (await store(records, key, record, settings));
	if (typeof stored === "string") counts[stored]++;
	for (const found of typeof stored === "object" ? [...problems, stored] : problems) {
		counts[found.kind === "differs" ? "differing" : "unreadable"]++;
		problem(found);
	}
}

/** Stores a record, and says what came of it. */
async function store(
	records: RecordStore,
	key: string,
	incoming: KeyRecord,
	{ overwrite, dryRun }: ImportSettings,
): Promise<"imported" | "same" | Problem> {
	try {
		return await records.change(key, "import", async (stored) => {
			const { write, result } = decide(key, stored, incoming, overwrite);
			return write === undefined || dryRun ? { result } : { result, write };
		});
	} catch (error) {
		// A record that is damaged, or being handed out, is that key's trouble alone.
		if (!(error instanceof TroclaError) || error.code === "store") throw error;
		return { kind: "unreadable", key, message: `can't be stored: ${error.message}`, hint: error.hint };
	}
}

function decide(
	key: string,
	stored: KeyRecord | undefined,
	incoming: KeyRecord,
	overwrite: boolean,
): Decision<"imported" | "same" | Problem> {
	if (!stored) return { result: "imported", write: incoming };
	const names = Object.keys(incoming.formats);
	const missing = names.filter((name) => !stored.formats[name]);
	const different = names.filter(
		(name) => !missing.includes(name) && stored.formats[name]?.value !== incoming.formats[name]?.value,
	);
	if (missing.length === 0 && different.length === 0) return { result: "same" };
	// Where the rest is the same, the other store has made hashes since the last import.
	if (different.length === 0 && missing.length < names.length && !missing.includes("plain")) {
		const merged = { ...stored, ...incoming, formats: { ...incoming.formats, ...stored.formats } };
		return { result: "imported", write: merged };
	}
	if (overwrite) {
		refuseClaimed(key, stored);
		return { result: "imported", write: incoming };
	}
	return { result: differs(key, stored, different, missing) };
}

function differs(
	key: string,
	{ handedOut }: KeyRecord,
	different: readonly string[],
	missing: readonly string[],
): Problem {
	const parts = [
		...(different.length > 0 ? [`another ${different.join(", ")}`] : []),
		...(missing.length > 0 ? [`no ${missing.join(", ")}`] : []),
	];
	const why =
		missing.includes("plain") && handedOut
			? `its plaintext was handed out on ${handedOut.slice(0, 10)}`
			: `it is stored with ${parts.join(" and ")}`;
	return {
		kind: "differs",
		key,
		message: `was left as it is: ${why}`,
		hint: "--overwrite replaces it, with all its formats",
	};
}
