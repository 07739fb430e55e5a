import { type Stats, statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/config.js";
import { type StorePlace, storeFile, storeLabel } from "../config/store.js";
import { TroclaError } from "../errors.js";
import { hasExpired, type KeyRecord } from "../records/record.js";
import type { RecordStore, Stored } from "../records/store.js";
import { type Placeable, type Placed, place } from "./place.js";
import { RecordSet } from "./record-set.js";

export interface MigrateSettings {
	/** Whether a record that the target has already, and that differs or is damaged, is replaced. */
	readonly overwrite: boolean;
	readonly now: () => Date;
	/** Hears how many of how many keys were gone through so far: first copied, then compared. */
	readonly seen: (step: "copied" | "compared", done: number, total: number) => void;
	/** Hears of each key that is not in the target as it is in the source. */
	readonly left: (key: string, why: LeftBehind) => void;
}

/**
 * Why a key is not the same in both: the target had another one, or a damaged one; the source's can't be read; the
 * source goes on changing it; or only the target has it, from before or since the source deleted it meanwhile.
 */
export type LeftBehind = "different" | "damaged" | "unreadable" | "changing" | "only-in-target";

export interface Migrated {
	/** Keys that were stored in the target, or replaced there. */
	readonly copied: number;
	/** Keys that were there already. */
	readonly same: number;
	/** Keys of the source that have expired, and were left out. */
	readonly expired: number;
	/** Keys that were copied once more, since the source changed them meanwhile. */
	readonly again: number;
	/** Keys of the source that the target does not have as they are. */
	readonly differ: number;
	/** Keys that only the target has. */
	readonly onlyInTarget: number;
}

/** How often all is compared, for a source that never rests. */
const MAX_PASSES = 10;

/**
 * Copies every record from one store to another, and then compares all of them, again and again until nothing differs
 * that the source changed meanwhile. The source is only read. It may be done again, and goes on where it was
 * interrupted.
 *
 * @throws {TroclaError} `store`
 */
export async function migrate(source: RecordStore, target: RecordStore, settings: MigrateSettings): Promise<Migrated> {
	const run = new Migration(source, target, settings, await source.count());
	const { written, replaced, same, expired } = await run.pass("copied");
	let again = 0;
	for (let passes = 1; ; passes++) {
		const changed = await run.pass("compared");
		const count = changed.written + changed.replaced;
		again += count;
		if (count === 0) break;
		if (passes < MAX_PASSES) continue;
		for (const key of run.changed) run.behind.set(key, "changing");
		break;
	}
	for (const [key, why] of run.behind) settings.left(key, why);
	const onlyInTarget = await countForeign(source, target, settings);
	await source.note({ action: "migrate", outcome: "done", count: written + replaced });
	return { copied: written + replaced, same, expired, again, differ: run.behind.size, onlyInTarget };
}

type Counts = { [What in Placed]: number };

class Migration {
	/** The keys that the last pass left different in both. */
	readonly behind = new Map<string, LeftBehind>();
	/** The keys that the last comparison found changed, and copied again. */
	readonly changed: string[] = [];
	/** What the target has out of the source: only that is replaced unasked, where the source changes it. */
	readonly #copies = new RecordSet();
	readonly #source: RecordStore;
	readonly #target: RecordStore;
	readonly #settings: MigrateSettings;
	readonly #total: number;

	constructor(source: RecordStore, target: RecordStore, settings: MigrateSettings, total: number) {
		this.#source = source;
		this.#target = target;
		this.#settings = settings;
		this.#total = total;
	}

	/** Goes through all that the source has, copies what the target does not have so, and counts what became of it. */
	async pass(step: "copied" | "compared"): Promise<Counts> {
		const { overwrite, now, seen } = this.#settings;
		const mayReplace = (key: string, stored: KeyRecord | undefined) =>
			overwrite || (stored !== undefined && this.#copies.has(key, stored));
		const counts: Counts = { written: 0, replaced: 0, same: 0, different: 0, damaged: 0, expired: 0 };
		this.behind.clear();
		this.changed.length = 0;
		let done = 0;
		for await (const page of this.#source.stored()) {
			const batch = this.#readable(page);
			const placed = await place(this.#target, batch, { action: "import", mayReplace, now });
			for (const [index, placeable] of batch.entries()) {
				const outcome = placed[index] ?? "same";
				counts[outcome]++;
				this.#note(placeable, outcome, step);
			}
			done += page.length;
			seen(step, done, this.#total);
		}
		return counts;
	}

	#readable(page: readonly Stored[]): Placeable[] {
		return page.flatMap(({ key, record, fault }) => {
			if (fault) this.behind.set(key, "unreadable");
			return record ? [{ key, record }] : [];
		});
	}

	#note({ key, record }: Placeable, outcome: Placed, step: "copied" | "compared"): void {
		if (outcome === "expired") return;
		if (outcome === "different" || outcome === "damaged") {
			this.behind.set(key, outcome);
			return;
		}
		this.#copies.add(key, record);
		if (step === "compared" && outcome !== "same") this.changed.push(key);
	}
}

/** How many keys the target has that the source has not. */
async function countForeign(source: RecordStore, target: RecordStore, { now, left }: MigrateSettings): Promise<number> {
	let foreign = 0;
	for await (const page of target.stored()) {
		const there = page.filter(({ record, fault }) => fault || (record && !hasExpired(record, now())));
		const origins = await source.find(there.map(({ key }) => key));
		for (const [index, { key }] of there.entries()) {
			const origin = origins[index];
			if (origin?.record || origin?.fault) continue;
			foreign++;
			left(key, "only-in-target");
		}
	}
	return foreign;
}

/**
 * Refuses to migrate into the store that is migrated from, by whatever path, and into one that keeps nothing.
 *
 * @throws {TroclaError} `config`
 */
export function refuseTarget(source: Config, target: Config): void {
	const name = target.file ?? "the built-in configuration";
	if (target.store.name === "memory") {
		throw new TroclaError(
			"config",
			`${name} has store: memory, which would keep nothing`,
			"Name another one with --to",
		);
	}
	if (!isOneStore(source.store, target.store)) return;
	throw new TroclaError(
		"config",
		`the store of ${name} is the one that is to be copied: ${storeLabel(target.store)}`,
		"Set other store_options there",
	);
}

function isOneStore(a: StorePlace, b: StorePlace): boolean {
	const first = storeFile(a);
	const second = storeFile(b);
	if (first !== undefined && second !== undefined) return first === second || isOneFile(first, second);
	return isDeepStrictEqual(whereabouts(a), whereabouts(b));
}

/** A store's place without how it is reached, which makes no other store. */
function whereabouts({ name, options }: StorePlace) {
	const { seconds, connections, ca, certificate, key, ...where } = options;
	return { name, where };
}

function isOneFile(a: string, b: string): boolean {
	const [first, second] = [a, b].map(find);
	return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

/** What is at a path; what can't be looked at is found wrong when it is opened. */
function find(path: string): Stats | undefined {
	try {
		return statSync(path, { throwIfNoEntry: false });
	} catch {
		return undefined;
	}
}
