import { isDeepStrictEqual } from "node:util";
import type { Formats } from "../../formats/index.js";
import type { ResolvedOptions } from "../options/options.js";
import { isEmpty } from "../value.js";
import { isClaimed } from "./claims.js";
import { askedOptions, type Expiry, type KeyRecord, type StoredFormat, type Values } from "./record.js";

/** The values of one format, or of all; `undefined` where there are none. */
export function valuesOf(record: KeyRecord | undefined, format: string | undefined): Values | undefined {
	const stored = Object.entries(record?.formats ?? {}).filter(([name]) => format === undefined || name === format);
	return stored.length > 0 ? Object.fromEntries(stored.map(([name, { value }]) => [name, value])) : undefined;
}

/**
 * The record without these values (a format that has another one by now stays). A claim ends with it, unless it is of
 * a plaintext that stays.
 */
export function without(record: KeyRecord, values: Values, now: Date): KeyRecord {
	const formats = Object.fromEntries(
		Object.entries(record.formats).filter(
			([name, { value }]) => !(Object.hasOwn(values, name) && values[name] === value),
		),
	);
	const { claim: _, ...rest } = record;
	const { plain } = record.formats;
	const claimed = formats.plain && isClaimed(record, "plain") && { claim: record.claim };
	if (!plain || formats.plain) return { ...rest, formats, ...claimed };
	const askedPlain = askedOptions(plain);
	return { ...rest, formats, handedOut: now.toISOString(), ...(!isEmpty(askedPlain) && { askedPlain }) };
}

/** The formats of a key that come from no plaintext, so that a new one leaves them as they are. */
export function generated(record: KeyRecord | undefined, formats: Formats): KeyRecord["formats"] {
	return Object.fromEntries(Object.entries(record?.formats ?? {}).filter(([name]) => formats.generates(name)));
}

/** An expiry of so many seconds from now; none for 0. */
export function startExpiry(seconds: number, now: Date): { expires?: Expiry } {
	if (seconds === 0) return {};
	return { expires: { seconds, at: new Date(now.getTime() + seconds * 1000).toISOString() } };
}

/** The expiry after a write: the period that the call asked for, else the key's own, else a new key's default. */
export function keepExpiry(record: KeyRecord | undefined, resolved: ResolvedOptions, now: Date): { expires?: Expiry } {
	return startExpiry(resolved.expiresAsked ?? (record ? (record.expires?.seconds ?? 0) : resolved.expires), now);
}

/** The record with a format in place of the one that it had, or beside the others, and with this expiry or none. */
export function withFormat(
	record: KeyRecord | undefined,
	name: string,
	stored: StoredFormat,
	expiry: { expires?: Expiry },
): KeyRecord {
	const { expires: _, formats, ...rest } = record ?? { formats: {} };
	return { ...rest, formats: { ...formats, [name]: stored }, ...expiry };
}

/** Whether two formats were made with the same options. */
export function sameOptions(a: StoredFormat, b: StoredFormat): boolean {
	return isDeepStrictEqual(a.options ?? {}, b.options ?? {});
}
