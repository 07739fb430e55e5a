import type { Backend } from "../../backends/backend.js";
import { TroclaError } from "../errors.js";
import { quote } from "../refusals.js";
import { type Action, type Change, changeOf, type StoreEvent } from "./change.js";
import { claimant, refuseClaimed } from "./claims.js";
import { literalPrefix } from "./literal-prefix.js";
import { refuseMisfit } from "./misfit.js";
import { concernsStore, fail, notDone, pages, pagesOf, type Row, readRows, storeError } from "./pages.js";
import { hasExpired, type KeyRecord, parseExactly, parseRecord, printRecord } from "./record.js";
import { unstored } from "./unstored.js";

/** Something that is wrong with what is stored, and what to do about it. */
export interface Fault {
	readonly message: string;
	readonly hint: string | undefined;
}

/** What is stored of a key: its record, or why it can't be read; neither where there is none. */
export interface Stored {
	readonly key: string;
	readonly record?: KeyRecord;
	readonly fault?: TroclaError;
}

/** How a record's text is kept: as it is, or sealed. Both methods may throw TroclaErrors that name the key. */
export interface Seal {
	/** The text to store for a record's text. */
	close(text: string, key: string): string;
	/** The record's text in what is stored. */
	open(stored: string, key: string): string;
	/** Whether a text would be sealed with the same key now. */
	isCurrent?(stored: string): boolean;
	/** Why this can't be the seal of a store that holds these texts, and what to do; nothing where it can. */
	misfit?(stored: readonly string[]): Fault | undefined;
}

export interface RecordStoreSettings {
	readonly seal: Seal;
	/** Hears of what does not stop a call, a sentence each. */
	readonly warn: (message: string) => void;
	readonly now: () => Date;
	/** Hears of each change after it was stored. */
	readonly changed: (change: Change) => Promise<void>;
	/** Hears of what was done to the store as a whole. */
	readonly noted: (event: StoreEvent) => Promise<void>;
	/** Waits until all that came of the changes is done. */
	readonly settle: () => Promise<void>;
}

/** What is to become of a record: nothing, or, where `write` is there, this (`undefined` deletes it). */
export interface Decision<Result> {
	readonly result: Result;
	readonly write?: KeyRecord | undefined;
	/** What the write is, where it is something else than the call. */
	readonly action?: Action;
	/** What the caller should hear of once this is done. */
	readonly warning?: string | undefined;
}

/**
 * What is not done again where the first time was lost, and may still arrive: a password that was handed out in between
 * would come back, and what was deleted would be told to nobody.
 */
const ONCE: readonly Action[] = ["set", "reset", "delete"];

const HOUR_MS = 3_600_000;

/**
 * The records of a backend. Every change is read, decided and written as one: where another process was faster, the
 * decision is made again on what that one wrote.
 *
 * An expired record reads as absent. All methods throw TroclaErrors.
 */
export class RecordStore {
	readonly #backend: Backend;
	readonly #settings: RecordStoreSettings;
	/** Whether the seal is known to be this store's. */
	#fits = { known: false };

	constructor(backend: Backend, settings: RecordStoreSettings) {
		this.#backend = backend;
		this.#settings = settings;
	}

	/** The same records, for changes that are not stored, and that nobody hears of. */
	unstored(): RecordStore {
		const nothing = async () => {};
		return new RecordStore(unstored(this.#backend), {
			...this.#settings,
			changed: nothing,
			noted: nothing,
			settle: nothing,
		});
	}

	/** The same records, changed for somebody, who hears the warnings: whoever hears of the changes hears that too. */
	onBehalfOf(client: string, warn: (message: string) => void): RecordStore {
		const { changed } = this.#settings;
		const records = new RecordStore(this.#backend, {
			...this.#settings,
			warn,
			changed: (change) => changed({ ...change, client }),
		});
		records.#fits = this.#fits;
		return records;
	}

	async read(key: string): Promise<KeyRecord | undefined> {
		return this.#live(await this.#backend.read(key).catch(fail), key);
	}

	/**
	 * Changes a record as `decide` says; `decide` may be called several times, only its last answer counts.
	 *
	 * @param action - what the change is, for those who hear of it
	 */
	async change<Result>(
		key: string,
		action: Action,
		decide: (record: KeyRecord | undefined) => Promise<Decision<Result>>,
	): Promise<Result> {
		for (;;) {
			const stored = await this.#backend.read(key).catch(fail);
			const before = this.#live(stored, key);
			const decision = await decide(before);
			if (!("write" in decision)) {
				this.#warn(decision.warning);
				return decision.result;
			}
			if (!(await this.#write(key, stored, decision.write).catch(ONCE.includes(action) ? fail : notDone))) continue;
			await this.#settings.changed(changeOf(key, decision.action ?? action, before, decision.write));
			this.#warn(decision.warning);
			return decision.result;
		}
	}

	/** Removes a record that is damaged, and says whether it was; one that can be read stays. */
	async dropDamaged(key: string): Promise<boolean> {
		for (;;) {
			const text = await this.#backend.read(key).catch(fail);
			if (text === undefined || this.#isReadable(text, key)) return false;
			if (!(await this.#backend.swap(key, text, undefined).catch(notDone))) continue;
			await this.#settings.changed({ action: "delete", key, formats: [{ format: "all", outcome: "removed" }] });
			return true;
		}
	}

	async #write(key: string, before: string | undefined, record: KeyRecord | undefined): Promise<boolean> {
		const after = record && Object.keys(record.formats).length > 0 ? printRecord(record) : undefined;
		if (after === undefined) return await this.#backend.swap(key, before, undefined);
		if (before === undefined && !this.#fits.known) {
			await refuseMisfit(this.#backend, this.#settings.seal);
			this.#fits.known = true;
		}
		const sealed = this.#settings.seal.close(after, key);
		if (!(await this.#backend.swap(key, before, sealed))) return false;
		await this.#keepCurrent(key, after, sealed);
		return true;
	}

	/**
	 * Seals a record again that was sealed just before the ring got a new key, and written just after: a rekey may
	 * have gone over it already, and the old key be dropped (see dropOld in rekey.ts).
	 */
	async #keepCurrent(key: string, text: string, stored: string): Promise<void> {
		const { seal } = this.#settings;
		try {
			if (!seal.isCurrent || seal.isCurrent(stored)) return;
			const sealed = seal.close(text, key);
			if (await this.#backend.swap(key, stored, sealed)) await this.#keepCurrent(key, text, sealed);
		} catch (error) {
			// The record is stored, so this is no failure of what was asked.
			this.#warn(
				`${quote(key)} is stored, but not with the newest key: ${(error as Error).message}. Run: trocla rekey`,
			);
		}
	}

	/** The keys that match, of records that have not expired. A record that can't be read counts as one of them. */
	async *search(pattern: RegExp): AsyncGenerator<string> {
		// A pattern with the flag g or y remembers where it stopped.
		const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
		for await (const page of pages(this.#backend, (key) => stateless.test(key), literalPrefix(stateless))) {
			for (const { key, text, fault } of page) if (fault || this.#isListed(key, text)) yield key;
		}
	}

	/** Deletes the expired records and gives their keys; `seen` hears how many records were looked at. */
	async *prune(dryRun: boolean, seen: (records: number) => void): AsyncGenerator<string> {
		let records = 0;
		for await (const page of pages(this.#backend, () => true, "")) {
			for (const { key, text } of page) {
				if (text === undefined || this.#isListed(key, text)) continue;
				if (dryRun || (await this.#dropExpired(key, text))) yield key;
			}
			records += page.length;
			seen(records);
		}
	}

	async #dropExpired(key: string, text: string): Promise<boolean> {
		if (!(await this.#backend.swap(key, text, undefined).catch(notDone))) return false;
		await this.#settings.changed(changeOf(key, "prune", this.#parse(text, key), undefined));
		return true;
	}

	/** All that is wrong in the store; `seen` hears how many records were looked at. */
	async *faults(seen: (records: number) => void): AsyncGenerator<Fault> {
		yield* await this.#backend.check().catch(fail);
		let records = 0;
		for await (const page of pages(this.#backend, () => true, "")) {
			for (const { key, text, fault } of page) {
				if (fault) yield { message: fault.message, hint: fault.hint };
				try {
					if (text !== undefined) this.#refuseFaulty(key, this.#parse(text, key));
				} catch (error) {
					if (!(error instanceof TroclaError)) throw error;
					yield { message: error.message, hint: error.hint };
				}
			}
			records += page.length;
			seen(records);
		}
	}

	/** Tells those who hear of changes what was done to the store as a whole. */
	async note(event: StoreEvent): Promise<void> {
		await this.#settings.noted(event);
	}

	/** All that is stored, in the order of the keys, some hundred at a time; an expired record too, and each exactly as it is. */
	async *stored(): AsyncGenerator<readonly Stored[]> {
		for await (const page of pages(this.#backend, () => true, "")) yield page.map((row) => this.#exact(row));
	}

	/** What is stored of these keys, in their order; an expired record too, and each exactly as it is. */
	async find(keys: readonly string[]): Promise<readonly Stored[]> {
		return (await readRows(this.#backend, keys).catch(fail)).map((row) => this.#exact(row));
	}

	/**
	 * What `read` gives for each of these keys, in their order, some hundred at a time: its record, or why it can't be read.
	 * What is wrong with the store as a whole is thrown.
	 */
	async *readMany(keys: readonly string[]): AsyncGenerator<readonly Stored[]> {
		for await (const page of pagesOf(this.#backend, keys)) {
			const found = page.map((row) => this.#stored(row, (text, key) => this.#live(text, key)));
			for (const { fault } of found) if (fault && concernsStore(fault)) throw fault;
			yield found;
		}
	}

	/** How many keys are stored, those of expired records too. */
	async count(): Promise<number> {
		let keys = 0;
		try {
			for await (const _ of this.#backend.keys()) keys++;
		} catch (error) {
			fail(error);
		}
		return keys;
	}

	/** Waits for what came of the changes, and closes the backend. */
	async close(): Promise<void> {
		try {
			await this.#settings.settle();
		} finally {
			await this.#backend.close().catch(fail);
		}
	}

	#exact(row: Row): Stored {
		return this.#stored(row, (text, key) => parseExactly(this.#settings.seal.open(text, key), key));
	}

	#stored({ key, text, fault }: Row, read: (text: string, key: string) => KeyRecord | undefined): Stored {
		if (fault) return { key, fault: storeError(fault) };
		if (text === undefined) return { key };
		try {
			const record = read(text, key);
			return record ? { key, record } : { key };
		} catch (error) {
			if (!(error instanceof TroclaError)) throw error;
			return { key, fault: error };
		}
	}

	#live(text: string | undefined, key: string): KeyRecord | undefined {
		if (text === undefined) return undefined;
		const record = this.#parse(text, key);
		return hasExpired(record, this.#settings.now()) ? undefined : record;
	}

	/** Refuses a claim that nobody will end; of another host's process an hour tells. */
	#refuseFaulty(key: string, record: KeyRecord): void {
		if (!record.claim) return;
		const state = claimant(record.claim);
		const age = this.#settings.now().getTime() - Date.parse(record.claim.at);
		if (state === "dead" || (state === "elsewhere" && age > HOUR_MS)) refuseClaimed(key, record);
	}

	#isListed(key: string, text: string | undefined): boolean {
		if (text === undefined) return false;
		try {
			// Hardly any record has an expiry, and to look for the word takes a tenth of the time of parsing the text.
			const record = this.#settings.seal.open(text, key);
			return !record.includes('"expires"') || this.#live(text, key) !== undefined;
		} catch {
			return true;
		}
	}

	/** @throws {TroclaError} where it is not the record that is at fault, but the key ring or the configuration */
	#isReadable(text: string, key: string): boolean {
		try {
			this.#parse(text, key);
			return true;
		} catch (error) {
			if (!(error instanceof TroclaError) || error.code !== "damaged") throw error;
			return false;
		}
	}

	#parse(text: string, key: string): KeyRecord {
		return parseRecord(this.#settings.seal.open(text, key), key);
	}

	#warn(message: string | undefined): void {
		if (message !== undefined) this.#settings.warn(message);
	}
}
