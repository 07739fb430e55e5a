import type { RecordStore } from "../records/store.js";
import { type ExportEntry, readEntries } from "./export-lines.js";
import { splitLines } from "./lines.js";
import { decrypt, type Key } from "./lock.js";
import { type Placeable, type Placed, place } from "./place.js";
import type { Source } from "./source.js";

export interface RestoreSettings {
	/** Whether a record that differs from the export's, or is damaged, is replaced by it. */
	readonly overwrite: boolean;
	readonly now: () => Date;
	/** Hears how many of how many records were gone through so far. */
	readonly seen: (done: number, total: number) => void;
	/** Hears of each key that is not as the export has it; `missing`: the export itself lacks it. */
	readonly left: (key: string, why: Left) => void;
}

/** Why a key was left out. */
export type Left = "different" | "damaged" | "expired" | "missing";

/** How many records there are of each kind. */
export type Restored = { readonly [What in Placed | "missing"]: number };

const BATCH = 500;

/** An export that was read to its end, and found whole. */
export class WholeExport {
	readonly records: number;
	readonly #source: Source;
	readonly #key: Key;

	private constructor(source: Source, key: Key, records: number) {
		this.#source = source;
		this.#key = key;
		this.records = records;
	}

	/** @throws {TroclaError} `export` where it is not a whole export, or can't be opened; `invalid` for the key */
	static async check(source: Source, key: Key): Promise<WholeExport> {
		let records = 0;
		for await (const entry of new WholeExport(source, key, 0).entries()) if ("record" in entry) records++;
		return new WholeExport(source, key, records);
	}

	entries(): AsyncGenerator<ExportEntry> {
		const { name } = this.#source;
		return readEntries(splitLines(decrypt(this.#source.bytes(), this.#key, name), name), name);
	}
}

/**
 * Restores an export, each record exactly as it was. What is there already is left as it is, so it may be done again,
 * and goes on where it was interrupted.
 *
 * @throws {TroclaError} `store`
 */
export async function restoreExport(
	records: RecordStore,
	whole: WholeExport,
	{ overwrite, now, left, seen }: RestoreSettings,
): Promise<Restored> {
	const restored = { written: 0, replaced: 0, same: 0, different: 0, damaged: 0, expired: 0, missing: 0 };
	let done = 0;
	for await (const batch of batches(whole.entries())) {
		const there = batch.filter((entry): entry is Placeable => "record" in entry);
		const placed = await place(records, there, { action: "restore", mayReplace: () => overwrite, now });
		const outcomes = placed.values();
		for (const entry of batch) {
			const outcome = ("record" in entry && outcomes.next().value) || "missing";
			restored[outcome]++;
			if (isLeft(outcome)) left(entry.key, outcome);
		}
		done += there.length;
		seen(done, whole.records);
	}
	return restored;
}

function isLeft(outcome: Placed | "missing"): outcome is Left {
	return ["different", "damaged", "expired", "missing"].includes(outcome);
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
