import { didYouMean } from "../nearest.js";
import { isMap } from "../value.js";
import type { Place } from "./faults.js";

/** Makes something of a value; where it can't, it takes a fault down and gives `undefined`. */
export type Check<T> = (value: unknown, at: Place) => T | undefined;

/** A map with members of known names, which are checked one by one; a member that is null counts as not there. */
export class Entry {
	readonly #map: { readonly [name: string]: unknown };
	readonly #at: Place;

	/** `undefined`, with a fault, where the value is no map; a fault for each member that is not known. */
	static read(value: unknown, at: Place, known: readonly string[]): Entry | undefined {
		const hint = `It may have: ${known.join(", ")}`;
		if (!isMap(value)) return at.fault(`must be a map, not ${kindOf(value)}`, hint);
		for (const name of Object.keys(value)) {
			if (!known.includes(name)) at.in(name).fault("is not known", didYouMean(name, known));
		}
		return new Entry(value, at);
	}

	private constructor(map: { readonly [name: string]: unknown }, at: Place) {
		this.#map = map;
		this.#at = at;
	}

	has(name: string): boolean {
		return Object.hasOwn(this.#map, name) && this.#map[name] !== undefined && this.#map[name] !== null;
	}

	/** A member that must be there. */
	required<T>(name: string, check: Check<T>, hint?: string): T | undefined {
		const at = this.#at.in(name);
		return this.has(name) ? check(this.#map[name], at) : at.fault("is missing", hint);
	}

	/** A member, or what stands for it. */
	optional<T, Fallback>(name: string, check: Check<T>, fallback: Fallback): T | Fallback | undefined {
		return this.has(name) ? check(this.#map[name], this.#at.in(name)) : fallback;
	}
}

/** Names with their entries, in the order of names; `undefined`, with a fault, where there is no such map. */
export function entriesOf(value: unknown, at: Place): readonly (readonly [string, unknown])[] | undefined {
	if (value === undefined || value === null) return [];
	if (!isMap(value)) return at.fault(`must map names to entries, and is ${kindOf(value)}`);
	return sortNames(Object.keys(value)).map((name) => [name, value[name]]);
}

/** Sorts names by their bytes; a host may have a hundred thousand. */
function sortNames(names: string[]): string[] {
	// Without a function to compare them, it takes a third of the time.
	return names.some((name) => HIGH.test(name)) ? names.sort(compareBytes) : names.sort();
}

/** What was made of an entry, a field that has a fault being undefined. */
export type Draft<T> = { readonly [Name in keyof T]: T[Name] | undefined };

/** The fields, where none has a fault. */
export function complete<T extends object>(draft: Draft<T>): T | undefined {
	// Without an undefined one, each is of its type.
	return Object.values(draft).includes(undefined) ? undefined : (draft as T);
}

/** Entries by their names. Of those that are absent only the name counts; what is `undefined` is no entry at all. */
export type Drafts<T> = ReadonlyMap<string, Draft<T> | "absent" | undefined>;

/** Those that will be there, as far as they could be read. */
export function* present<T>(drafts: Drafts<T>): Generator<readonly [name: string, draft: Draft<T>]> {
	for (const [name, draft] of drafts) if (draft !== undefined && draft !== "absent") yield [name, draft];
}

const HIGH = /[\ud800-\uffff]/;

/** The order of the bytes of UTF-8, which no locale changes. */
export function compareBytes(a: string, b: string): number {
	// JavaScript's own order is the same, and faster, unless UTF-16 has surrogates, which it sorts before U+E000.
	if (HIGH.test(a) || HIGH.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
	return a < b ? -1 : Number(a > b);
}

/** What Hiera's deep merge leaves of an entry that was knocked out. */
export const isKnockedOut = (value: unknown) => value === "";

/** A value's kind; its content may be a secret that stands in the wrong place. */
export function kindOf(value: unknown): string {
	if (typeof value === "string") return "a text";
	if (Array.isArray(value)) return "a list";
	if (isMap(value)) return "a map";
	return value === null || value === undefined ? "nothing" : `a ${value instanceof Date ? "date" : typeof value}`;
}
