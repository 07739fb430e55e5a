import type { RecordStore } from "../record-store.js";
import { type ExportCounts, type ExportEntry, readEntries } from "./export-lines.js";
import { splitLines } from "./lines.js";
import { decrypt, type Key } from "./lock.js";
import { type Placeable, type Placed, place } from "./place.js";
import type { Source } from "./source.js";

export interface RestoreSettings {
	readonly key: Key;
	/** Whether a record that differs from the export's, or is damaged, is replaced by it. */
	readonly overwrite: boolean;
	readonly now: () => Date;
	/** Hears how many of how many records were gone through so far. */
	readonly seen: (done: number, total: number) => void;
	/** Hears of each key that is not as the export has it; `missing`: the export itself lacks it. */
	readonly left: (key: string, why: Left) => void;
	/** Ends it early, with its reason as the error. */
	readonly signal?: AbortSignal | undefined;
}

/** Why a key was left out. */
export type Left = "different" | "damaged" | "expired" | "missing";

/** How many records there are of each kind. */
export type Restored = { readonly [What in Placed | "missing"]: number };

const BATCH = 500;

/**
 * Restores an export, each record exactly as it was. The whole file is read first, so one that is cut, altered, or
 * can't be opened changes nothing. What is there already is left as it is, so it may be done again, and goes on where
 * it was interrupted.
 *
 * @throws {TroclaError} `export` where the file is not a whole export, or can't be opened; `invalid`, `store`
 */
export async function restoreExport(
	records: RecordStore,
	source: Source,
	settings: RestoreSettings,
): Promise<Restored> {
	const { overwrite, now, left, seen } = settings;
	const total = (await count(source, settings)).records;
	const restored = { written: 0, replaced: 0, same: 0, different: 0, damaged: 0, expired: 0, missing: 0 };
	let done = 0;
	for await (const batch of batches(entries(source, settings))) {
		const there = batch.filter((entry): entry is Placeable => "record" in entry);
		const placed = await place(records, there, { action: "restore", mayReplace: () => overwrite, now });
		const outcomes = placed.values();
		for (const entry of batch) {
			const outcome = ("record" in entry && outcomes.next().value) || "missing";
			restored[outcome]++;
			if (isLeft(outcome)) left(entry.key, outcome);
		}
		done += there.length;
		seen(done, total);
	}
	return restored;
}

function isLeft(outcome: Placed | "missing"): outcome is Left {
	return ["different", "damaged", "expired", "missing"].includes(outcome);
}

async function count(source: Source, settings: RestoreSettings): Promise<ExportCounts> {
	const counts = { records: 0, unreadable: 0 };
	for await (const entry of entries(source, settings)) counts["record" in entry ? "records" : "unreadable"]++;
	return counts;
}

async function* entries(source: Source, { key, signal }: RestoreSettings): AsyncGenerator<ExportEntry> {
	const lines = splitLines(decrypt(source.bytes(), key, source.name), source.name);
	for await (const entry of readEntries(lines, source.name)) {
		signal?.throwIfAborted();
		yield entry;
	}
}

async function* batches<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
	let batch: Item[] = [];
	for await (const item of items) {
		if (batch.push(item) < BATCH) continue;
		yield batch;
		batch = [];
	}
	if (batch.length > 0) yield batch;
}
