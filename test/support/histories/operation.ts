/** What a process asks of one key. `claim` and `remove` (or `unclaim`) are the two halves of a hand-out. */
export type Call =
	| { readonly do: "get" | "peek" | "reset"; readonly format: Format }
	| { readonly do: "set"; readonly plain: Password }
	| { readonly do: "delete"; readonly format: Format | "all" }
	| { readonly do: "claim" }
	| { readonly do: "remove" | "unclaim"; readonly claim: number };

/** A plaintext, a hash that tells which plaintext it is of, and one that differs each time it is made. */
export type Format = "plain" | "mysql" | "ssha";

/** A plaintext by its mysql hash, so that both are one text. */
export type Password = string;

/** What is stored of each format, plaintexts as passwords. */
export type Seen = { readonly [Name in Format]?: string };

/**
 * What came of a call: a value (`null` for nothing there); what a delete took away; a refusal that says that nothing
 * was changed; that it was done, or that the claim was gone already; or nothing that can be relied on, since the
 * process died, or was told that the store could not be reached.
 */
export type Answer =
	| { readonly value: string | null }
	| { readonly deleted: Seen }
	| { readonly refused: "claimed" | "no_plaintext" | "not_found" }
	| { readonly done: "done" | "stale" }
	| "unknown";

/** A call of one process on one key, and what it knows of when that was, on the machine's one clock. */
export interface Operation {
	/** Its own in the history. */
	readonly id: number;
	readonly key: string;
	readonly call: Call;
	readonly answer: Answer;
	/** Nanoseconds. What is not known to have ended may happen any time after it began. */
	readonly from: bigint;
	readonly to: bigint | undefined;
}
