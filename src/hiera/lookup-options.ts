import { DataError, type Place } from "./data-error.js";
import { rubyRegexp } from "./ruby-regexp.js";
import { isHash, kindOf, type Value } from "./value.js";

/** What `lookup_options` says of one key; a fault in it counts only when it is asked. */
export class KeyOptions {
	readonly #key: string;
	readonly #options: Value;

	constructor(key: string, options: Value) {
		this.#key = key;
		this.#options = options;
	}

	/** A strategy's name, or a hash of it and its options; nil for none. */
	get merge(): Value {
		return this.#option("merge");
	}

	/** A type, or a list of it and the further arguments of its `new`; nil for none. */
	get convertTo(): Value {
		return this.#option("convert_to");
	}

	#option(name: string): Value {
		const options = this.#options;
		if (options === null || options === false) return null;
		if (isHash(options)) return options.get(name) ?? null;
		// Puppet asks Ruby for a part of a text here, and finds none.
		if (typeof options === "string" && !options.includes(name)) return null;
		const what = `its lookup_options must be a hash, not ${kindOf(options)}`;
		throw new DataError({ key: this.#key }, what, "As in: {merge: deep}");
	}
}

/** The key under which data says how its keys are to be looked up; it is never found as a key itself. */
export const LOOKUP_OPTIONS = "lookup_options";

/** The value of `lookup_options`, merged over all levels. */
export class LookupOptions {
	readonly #exact = new Map<string, Value>();
	readonly #patterns: (readonly [RegExp, Value])[] = [];

	/**
	 * @param value - nil where there are none
	 * @throws {DataError} where it is no hash of texts, or a pattern in it is none
	 */
	constructor(value: Value) {
		if (value === null) return;
		if (!isHash(value)) throw fault(`must be a hash, not ${kindOf(value)}`);
		for (const [key, options] of value) {
			if (typeof key !== "string") throw fault(`its keys are texts, and ${kindOf(key)} is none`);
			if (!key.startsWith("^")) {
				this.#exact.set(key, options);
				continue;
			}
			const pattern = rubyRegexp(key);
			if (!pattern) throw fault(`${JSON.stringify(key)} is no regular expression that trocla understands`);
			this.#patterns.push([pattern, options]);
		}
	}

	/** Those of a root key: the ones under its own name, else of the first pattern that it matches. */
	of(key: string): KeyOptions {
		const exact = this.#exact.get(key) ?? null;
		return new KeyOptions(key, exact ?? this.#patterns.find(([pattern]) => pattern.test(key))?.[1] ?? null);
	}
}

const fault = (message: string) => new DataError(PLACE, message);
const PLACE: Place = { key: LOOKUP_OPTIONS };
