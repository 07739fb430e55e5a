import { TroclaError } from "../errors.js";
import { shellWord } from "../input.js";

/** Options by name, as they were checked. */
export type Options = { readonly [name: string]: unknown };

/** Stands for the value of an option that is too secret to be stored. */
export const SECRET = "(not kept)";

/** One format of a key. */
export interface StoredFormat {
	readonly value: string;
	/** When it was stored: ISO 8601, UTC. */
	readonly at: string;
	/** All options that the value depended on; absent where it was stored as it came. */
	readonly options?: Options;
	/** Which of the options were asked for, rather than the configuration's: `reset` asks for them again. */
	readonly asked?: readonly string[];
}

/** A century, in seconds: the longest expiry. */
export const MAX_EXPIRES = 3_155_760_000;

/** The whole key ends at `at` (ISO 8601, UTC), `seconds` after its last write. */
export interface Expiry {
	readonly seconds: number;
	readonly at: string;
}

/** A hand-out under way: a process took what it is of, and has not yet said that it was delivered. */
export interface Claim {
	readonly id: string;
	/** What is handed out: a format's name, or `all`. */
	readonly format: string;
	readonly host: string;
	readonly pid: number;
	/** ISO 8601, UTC. */
	readonly at: string;
	/** Whether nobody works on it any more, and whether it was delivered is not known: its process may well live. */
	readonly abandoned?: true;
}

/** All that is stored of one key. */
export interface KeyRecord {
	readonly formats: { readonly [format: string]: StoredFormat };
	readonly expires?: Expiry;
	/** When the plaintext was last handed out and removed: ISO 8601, UTC. */
	readonly handedOut?: string;
	/** What the plaintext that was handed out had been asked for with: its reset asks for it again. */
	readonly askedPlain?: Options;
	readonly claim?: Claim;
}

export function hasExpired({ expires }: KeyRecord, now: Date): boolean {
	return expires !== undefined && Date.parse(expires.at) <= now.getTime();
}

/** The options that a stored format was asked for with. */
export function askedOptions({ asked = [], options = {} }: StoredFormat): Options {
	return Object.fromEntries(asked.map((name) => [name, options[name]]));
}

/** The values of a key by their formats. */
export type Values = { readonly [format: string]: string };

/** The record's text in the store: JSON, `{v: 1, formats, expires?, handedOut?, askedPlain?, claim?}`. */
export function printRecord(record: KeyRecord): string {
	return JSON.stringify({ v: 1, ...record });
}

/**
 * Reads what `printRecord` wrote.
 *
 * @throws {TroclaError} `damaged` where the text is something else
 */
export function parseRecord(text: string, key: string): KeyRecord {
	return checkRecord(parseJson(text, key), key);
}

/**
 * Checks what stands for a record in JSON, and gives it with all that it has, in its order: printed, it is the same
 * text again, also where a newer trocla wrote more than this one knows.
 *
 * @throws {TroclaError} `damaged` where it is something else
 */
export function exactRecord(parsed: unknown, key: string): KeyRecord {
	checkRecord(parsed, key);
	// It has just been found to be one.
	const { v: _, ...record } = parsed as KeyRecord & { readonly v: 1 };
	return record;
}

/** `exactRecord` of a record's text. */
export function parseExactly(text: string, key: string): KeyRecord {
	return exactRecord(parseJson(text, key), key);
}

function parseJson(text: string, key: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw damaged(key, "it is not JSON");
	}
}

function checkRecord(parsed: unknown, key: string): KeyRecord {
	if (!isObject(parsed)) throw damaged(key, "it is not a record");
	const { v, formats, expires, handedOut, askedPlain, claim } = parsed;
	if (v !== 1) throw damaged(key, `it has version ${JSON.stringify(v)}, and this trocla knows version 1`);
	if (!isObject(formats) || !Object.values(formats).every(isStoredFormat))
		throw damaged(key, "its formats are not readable");
	if (!(expires === undefined || isExpiry(expires))) throw damaged(key, "its expiry is not readable");
	if (!(claim === undefined || isClaim(claim))) throw damaged(key, "its claim is not readable");
	if (!(handedOut === undefined || isTime(handedOut))) throw damaged(key, "its hand-out is not readable");
	if (!(askedPlain === undefined || isObject(askedPlain))) throw damaged(key, "its options are not readable");
	return {
		formats: formats as KeyRecord["formats"],
		...(expires && { expires }),
		...(handedOut && { handedOut }),
		...(askedPlain && { askedPlain }),
		// A claim did not always say of what it is.
		...(claim && { claim: { ...claim, format: claim.format ?? "all" } }),
	};
}

function damaged(key: string, why: string): TroclaError {
	return new TroclaError(
		"damaged",
		`the record of ${JSON.stringify(key)} is damaged: ${why}`,
		`Nothing was changed. Restore the store from a backup, or use a newer trocla if one wrote it; trocla delete --force ${shellWord(key)} gives the key up`,
	);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is string {
	return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

function isStoredFormat(value: unknown): value is StoredFormat {
	return (
		isObject(value) &&
		typeof value.value === "string" &&
		isTime(value.at) &&
		(value.options === undefined || isObject(value.options)) &&
		(value.asked === undefined || (Array.isArray(value.asked) && value.asked.every((name) => typeof name === "string")))
	);
}

function isExpiry(value: unknown): value is Expiry {
	if (!isObject(value) || typeof value.seconds !== "number" || !isTime(value.at)) return false;
	return value.seconds > 0 && value.seconds <= MAX_EXPIRES;
}

function isClaim(value: unknown): value is Omit<Claim, "format"> & { readonly format?: string } {
	return (
		isObject(value) &&
		typeof value.id === "string" &&
		(value.format === undefined || typeof value.format === "string") &&
		typeof value.host === "string" &&
		typeof value.pid === "number" &&
		isTime(value.at) &&
		(value.abandoned === undefined || value.abandoned === true)
	);
}
