import { expect } from "vitest";
import type { Backend } from "../../backends/backend.js";
import { openMemory } from "../../backends/memory.js";
import { builtinFormats } from "../../formats/index.js";
import type { TroclaSettings } from "../../src/maker.js";
import type { Change } from "../../src/records/change.js";
import { RecordStore, type RecordStoreSettings } from "../../src/records/store.js";
import { plain } from "../../src/seal/seal.js";
import { Trocla } from "../../src/trocla.js";
import { cleanUp } from "./sandbox.js";

/** The built-in configuration, with nobody who hears the warnings. */
export const SETTINGS: TroclaSettings = {
	formats: builtinFormats,
	options: {},
	profiles: {},
	onHandedOut: "refuse",
	warn: () => {},
	now: () => new Date(),
};

/** Records that are not sealed, and nobody who hears of changes. */
export const RECORDS: RecordStoreSettings = {
	seal: plain,
	warn: () => {},
	now: () => new Date(),
	changed: async () => {},
	noted: async () => {},
	settle: async () => {},
};

/** A store with a clock that only the test turns, what it warned of, and what lies in its backend. */
export class TestStore {
	readonly warnings: string[] = [];
	readonly changes: Change[] = [];
	readonly backend: Backend;
	readonly trocla: Trocla;
	#now = Date.parse("2026-03-01T12:00:00.000Z");
	readonly #settings: Partial<TroclaSettings>;

	constructor(settings: Partial<TroclaSettings> = {}, backend = openMemory()) {
		this.backend = backend;
		this.#settings = settings;
		this.trocla = this.another();
		cleanUp(() => backend.close());
	}

	/** A second one on the same backend, as another process would open it. */
	another(settings: Partial<TroclaSettings> = {}): Trocla {
		const mine = {
			now: () => new Date(this.#now),
			warn: (message: string) => this.warnings.push(message),
			...this.#settings,
			...settings,
		};
		const changed = async (change: Change) => void this.changes.push(change);
		const records = new RecordStore(this.backend, { ...RECORDS, changed, ...mine });
		return new Trocla(records, { ...SETTINGS, ...mine });
	}

	get now(): string {
		return new Date(this.#now).toISOString();
	}

	pass(seconds: number): void {
		this.#now += seconds * 1000;
	}

	/** The stored text of a key, to compare before and after. */
	text(key: string): Promise<string | undefined> {
		return this.backend.read(key);
	}
}

/** Expects that a key's stored text is the same after `change` as it was before. */
export async function changesNothing(store: TestStore, key: string, change: () => Promise<unknown>): Promise<void> {
	const before = await store.text(key);
	await change();
	expect(await store.text(key)).toBe(before);
}
