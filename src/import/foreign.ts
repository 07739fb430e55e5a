/**
 * One key as another store had it, or why it does not come in.
 *
 * - with `formats`: its values by the formats' names in that store. `endsAt` is when the key expires, `seconds` its
 *   period after each write; with `seconds` alone the period begins with the import
 * - with `skipped`: the reason, as it stands behind a count (`locked`); there is nothing to mend
 * - with `fault`: why it can't be read, a sentence that follows the key, and what to do about it
 *
 * What could be read of a key that has more comes in beside the fault of the rest, as two of these.
 */
export type Foreign =
	| {
			readonly key: string;
			readonly formats: { readonly [format: string]: string };
			readonly endsAt?: Date;
			readonly seconds?: number;
	  }
	| { readonly key: string; readonly skipped: string }
	| { readonly key: string; readonly fault: string; readonly hint?: string };

/**
 * The keys of another store, one after the other; it reads and never writes.
 *
 * @throws {TroclaError} `source` where the store as a whole can't be read, then before the first key
 */
export type Reader = AsyncGenerator<Foreign, void, undefined>;
