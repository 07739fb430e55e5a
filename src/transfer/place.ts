import { isDeepStrictEqual } from "node:util";
import type { Action } from "../records/change.js";
import { hasExpired, type KeyRecord, parseRecord, printRecord } from "../records/record.js";
import type { Decision, RecordStore, Stored } from "../records/store.js";

/** A key's record that comes from elsewhere. */
export interface Placeable {
	readonly key: string;
	readonly record: KeyRecord;
}

export interface PlaceSettings {
	readonly action: Action;
	/** Whether what is stored may be replaced by what differs; it comes without a record where that is damaged. */
	readonly mayReplace: (key: string, stored: KeyRecord | undefined) => boolean;
	readonly now: () => Date;
}

/**
 * What became of a record: it is stored, where there was none or in another's place; it was there already; it is left
 * out, for the stored one differs or is damaged, or it has expired itself.
 */
export type Placed = "written" | "replaced" | "same" | "different" | "damaged" | "expired";

/**
 * Puts records into a store as they are, all of them at once, and says what became of each. Which are there already is
 * asked for in one go, so that doing it again takes little time.
 */
export async function place(
	records: RecordStore,
	batch: readonly Placeable[],
	settings: PlaceSettings,
): Promise<readonly Placed[]> {
	const stored = await records.find(batch.map(({ key }) => key));
	const placed = await Promise.allSettled(
		batch.map((placeable, index) => placeOne(records, placeable, stored[index], settings)),
	);
	// All have ended before one's failure is told, so nothing is written any more after that.
	return placed.map((one) => {
		if (one.status === "rejected") throw one.reason;
		return one.value;
	});
}

async function placeOne(
	records: RecordStore,
	{ key, record }: Placeable,
	stored: Stored | undefined,
	{ action, mayReplace, now }: PlaceSettings,
): Promise<Placed> {
	if (hasExpired(record, now())) return "expired";
	// Nothing is stored of it either way.
	if (Object.keys(record.formats).length === 0) return "same";
	if (stored?.record && isSame(stored.record, record, key)) return "same";
	if (stored?.fault) {
		if (!mayReplace(key, undefined)) return "damaged";
		await records.dropDamaged(key);
	}
	return await records.change<Placed>(key, action, async (before): Promise<Decision<Placed>> => {
		if (before && isSame(before, record, key)) return { result: "same" };
		if (before && !mayReplace(key, before)) return { result: "different" };
		return { result: before || stored?.fault ? "replaced" : "written", write: record };
	});
}

/** Whether two records say the same, in whatever order. */
export function isSame(a: KeyRecord, b: KeyRecord, key: string): boolean {
	return isDeepStrictEqual(known(a, key), known(b, key));
}

/** What this trocla knows of a record. */
export const known = (record: KeyRecord, key: string) => parseRecord(printRecord(record), key);
