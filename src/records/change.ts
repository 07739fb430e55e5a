import type { KeyRecord } from "./record.js";

/** What somebody did with a key. */
export type Action = "get" | "set" | "reset" | "renew" | "delete" | "hand-out" | "prune" | "import" | "restore";

/**
 * What became of a format: it has a new value; it has none any more; of a hand-out, it is claimed, was delivered (and
 * removed), or could not be delivered (and is still stored).
 */
export type FormatOutcome = "stored" | "removed" | "claimed" | "delivered" | "undelivered";

/** A change that is stored, without any value. */
export interface Change {
	readonly action: Action;
	readonly key: string;
	readonly formats: readonly { readonly format: string; readonly outcome: FormatOutcome }[];
	/** For whom the process made it, where that is somebody else. */
	readonly client?: string | undefined;
}

/** What was done to a store as a whole, and not key by key; or what a client asked for in vain. */
export type StoreEvent = WholeEvent | Refusal;

interface WholeEvent {
	readonly action: "export" | "import" | "migrate" | "publish" | "rekey";
	/** One word: `done`, `failed`, `interrupted`. */
	readonly outcome: string;
	/** How many records it was; of a publication, how many hosts got other files, came or went. */
	readonly count?: number;
}

/** What a client of the daemon asked for and is not allowed. */
export interface Refusal {
	/** What it was to be: `get`, `set`; `connect` where the client is not known, `request` for whatever it was. */
	readonly action: string;
	readonly outcome: "refused";
	readonly client: string;
	/** Which key it was for, where it was for one. */
	readonly key?: string;
	readonly format?: string;
	/** Why, where it is not the rules that don't allow it; and how many requests it was. */
	readonly detail?: string;
	readonly count?: number;
}

/** What a write made of a key: `undefined` stands for a key that is not stored. */
export function changeOf(
	key: string,
	action: Action,
	before: KeyRecord | undefined,
	after: KeyRecord | undefined,
): Change {
	const old = before?.formats ?? {};
	const fresh = after?.formats ?? {};
	const removed = Object.keys(old).filter((format) => !Object.hasOwn(fresh, format));
	const stored = Object.keys(fresh).filter((format) => fresh[format]?.value !== old[format]?.value);
	const formats = [
		...stored.map((format) => ({ format, outcome: "stored" as const })),
		...removed.map((format) => ({
			format,
			outcome: action === "hand-out" ? ("delivered" as const) : ("removed" as const),
		})),
	];
	return { action, key, formats: formats.length > 0 ? formats : claimChange(before, after) };
}

function claimChange(before: KeyRecord | undefined, after: KeyRecord | undefined): Change["formats"] {
	if (after?.claim && after.claim.id !== before?.claim?.id) {
		return [{ format: after.claim.format, outcome: "claimed" }];
	}
	return before?.claim && !after?.claim ? [{ format: before.claim.format, outcome: "undelivered" }] : [];
}
