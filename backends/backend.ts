/** Something that is wrong with the stored data: a sentence, and what to do about it. */
export interface Flaw {
	readonly message: string;
	readonly hint: string;
}

/** What `swap` is to do: to write `after` where `before` is stored; `undefined` is an absent record. */
export interface Swap {
	readonly key: string;
	readonly before: string | undefined;
	readonly after: string | undefined;
}

/**
 * Where records are kept: texts by key, changed by compare-and-set only.
 *
 * Keys are well-formed Unicode without control characters, 1 to 512 bytes of UTF-8; texts are any strings. Every
 * method may be called at any time, also while others run, until `close`. What goes wrong is a BackendError, and then
 * nothing was written, unless it is `lost` or `unknown`. A key or text that a store can't hold is refused.
 */
export interface Backend {
	/** The text of a record, or `undefined` where there is none. */
	read(key: string): Promise<string | undefined>;

	/** The texts of several records, in the order of `keys`; one round trip where the store can. */
	readMany(keys: readonly string[]): Promise<(string | undefined)[]>;

	/**
	 * Writes `after` where the stored text still is `before`, and says whether it did. `undefined` is an absent
	 * record, so it creates with `before` and deletes with `after`. Once it answers true the change is durable: it
	 * survives the death of the process and of the machine. Where a connection was lost in the middle, true may also say
	 * that somebody else wrote the same: that the record is gone does not tell who deleted it.
	 */
	swap(key: string, before: string | undefined, after: string | undefined): Promise<boolean>;

	/**
	 * Several swaps, those of one key in this order, with as few commits as the store can. Each is a `swap` of its own,
	 * with its own answer, in the order of `swaps`, or its own error.
	 */
	swapMany(swaps: readonly Swap[]): Promise<boolean>[];

	/**
	 * All keys from `from` on, in the order of their UTF-8 bytes, in constant memory. Keys that come or go
	 * meanwhile may be missed or not; every other key comes exactly once.
	 */
	keys(from?: string): AsyncIterable<string>;

	/** Some of the keys, where there are any; for a store that has no order, and so takes long until `keys` gives the first. */
	some?(): Promise<readonly string[]>;

	/** What is wrong with the stored data as a whole; nothing where all is well. */
	check(): Promise<Flaw[]>;

	/**
	 * From now on refuses, to every process, a text that does not begin so: the store itself sees to it. What is stored
	 * already stays. Absent where a store can't.
	 */
	guard?(beginning: string): Promise<void>;

	/**
	 * Leaves nothing in the store's files but what is stored now; false where others used them meanwhile, so that they
	 * may still hold what was replaced or deleted. Absent where there are no files.
	 */
	scrub?(): Promise<boolean>;

	/** Ends it; closing it again does nothing, all else then is refused. */
	close(): Promise<void>;
}

/**
 * - `damaged`: what is stored can't be read as what it should be
 * - `exposed`: others may read or replace it
 * - `full`: no space, or not allowed to write
 * - `refused`: the text is not one that the store takes: it is guarded, or the text is too long for it
 * - `busy`: others hold it for longer than the time-out
 * - `lost`: a connection was lost, and a change was not stored when that was looked at; it may still arrive
 * - `unknown`: a connection was lost, and it can't be found out whether a change was stored
 * - `unavailable`: anything else
 */
export type BackendFault = "damaged" | "exposed" | "full" | "refused" | "busy" | "lost" | "unknown" | "unavailable";

/** A store that can't do what it was asked. */
export class BackendError extends Error {
	override name = "BackendError";
	readonly fault: BackendFault;
	readonly hint: string | undefined;
	/** The key whose record alone is at fault; without one it is the whole store. */
	readonly key: string | undefined;

	constructor(fault: BackendFault, message: string, hint?: string, key?: string) {
		super(message);
		this.fault = fault;
		this.hint = hint;
		this.key = key;
	}
}
