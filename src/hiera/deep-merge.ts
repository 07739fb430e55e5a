import { DataError, type Place } from "./data-error.js";
import { rubyRegexp } from "./ruby-regexp.js";
import { distinct, identity, isArray, isHash, kindOf, type Value } from "./value.js";

export interface DeepOptions {
	/** What begins with it removes its namesake from lower levels; a pattern, as the library that Puppet uses has it. */
	readonly knockoutPrefix: string | undefined;
	readonly sortMergedArrays: boolean;
	/** Hashes in arrays are merged by their positions. */
	readonly mergeHashArrays: boolean;
}

type MutableHash = Map<Value, Value>;

/**
 * Merges two values by hash keys to any depth; arrays are joined, the lower one first. Where the two are of different
 * types the higher one wins, unless it is nil or an empty hash.
 *
 * This is what the Ruby library deep_merge does for Puppet, which changes its arguments while it works: a hash or array
 * that is new to the lower side is merged with itself, so knock-outs and repetitions vanish from there too. Hence the
 * copies, and the merging in place.
 *
 * @throws {DataError} for an empty or impossible knock-out prefix, and for arrays that can't be sorted
 */
export function deepMerge(higher: Value, lower: Value, options: DeepOptions, place: Place): Value {
	if (options.knockoutPrefix === "") throw new DataError(place, "knockout_prefix must not be empty");
	return new DeepMerge(options, place).merge(copy(higher), copy(lower));
}

class DeepMerge {
	readonly #options: DeepOptions;
	readonly #place: Place;
	#pattern: RegExp | undefined;

	constructor(options: DeepOptions, place: Place) {
		this.#options = options;
		this.#place = place;
	}

	merge(source: Value, into: Value): Value {
		if (source === null) return into;
		if (into === null || into === false) return source;
		if (isHash(source)) return this.#mergeHash(source as MutableHash, into); // a copy of ours
		if (isArray(source)) return this.#mergeArray(source as Value[], into); // a copy of ours
		return this.#overwrite(source);
	}

	#mergeHash(source: MutableHash, into: Value): Value {
		let merged = into;
		for (const [key, value] of source) {
			if (!isHash(merged)) {
				merged = source;
				continue;
			}
			const lower = merged.get(key) ?? null;
			const target = lower === null || lower === false ? shallowCopy(value) : lower;
			(merged as MutableHash).set(key, this.merge(value, target)); // a copy of ours
		}
		return merged;
	}

	#mergeArray(source: Value[], into: Value): Value {
		const { knockoutPrefix: prefix, mergeHashArrays, sortMergedArrays } = this.#options;
		const isBare = prefix !== undefined && source.includes(prefix);
		const lower = isBare ? cleared(into) : into;
		if (isBare) remove(source, prefix);
		if (!isArray(lower)) return this.#overwrite(source);
		if (prefix !== undefined) this.#knockOut(source, lower as Value[]); // a copy of ours
		const merged =
			mergeHashArrays && source.every(isHash) && lower.every(isHash)
				? [...lower.map((hash, index) => this.merge(source[index] ?? new Map(), hash)), ...source.slice(lower.length)]
				: distinct([...lower, ...source]);
		return sortMergedArrays ? merged.sort((a, b) => this.#compare(a, b)) : merged;
	}

	/** Takes the knock-outs out of `source`, and what they name, and they themselves, out of `lower`; these may be one. */
	#knockOut(source: Value[], lower: Value[]): void {
		let kept = 0;
		// Where the two are one, the list shrinks meanwhile, and what moves up to a place behind is lost: Ruby's delete_if.
		for (let at = 0; at < source.length; at++) {
			const item = source[at] ?? null;
			const name = typeof item === "string" ? item.replaceAll(this.#knockout, "") : item;
			if (name !== item) {
				remove(lower, name);
				remove(lower, item);
			} else source[kept++] = item;
		}
		source.splice(kept);
	}

	/** What takes a lower value's place: itself without knock-outs, and the empty text for a text that is one. */
	#overwrite(source: Value): Value {
		if (this.#options.knockoutPrefix === undefined) return source;
		if (typeof source === "string") return source.replaceAll(this.#knockout, "") === source ? source : "";
		if (!isArray(source)) return source;
		const list = source as Value[]; // a copy of ours
		const kept = list.filter((item) => !(typeof item === "string" && item.search(this.#knockout) >= 0));
		list.splice(0, list.length, ...kept);
		return list;
	}

	get #knockout(): RegExp {
		this.#pattern ??= rubyRegexp(`^${this.#options.knockoutPrefix}`, "g");
		if (this.#pattern) return this.#pattern;
		const prefix = JSON.stringify(this.#options.knockoutPrefix);
		throw new DataError(this.#place, `knockout_prefix ${prefix} is no pattern that trocla understands`, "Take --");
	}

	#compare(a: Value, b: Value): number {
		const order = compare(a, b);
		if (order !== undefined) return order;
		const [one, other] = [kindOf(a), kindOf(b)];
		throw new DataError(this.#place, `sort_merged_arrays can't sort ${one} and ${other}`, "Give all the same type");
	}
}

/** Ruby's order of two values; `undefined` where it has none. */
function compare(a: Value, b: Value): number | undefined {
	if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
	const isNumber = (value: Value) => typeof value === "bigint" || typeof value === "number";
	if (isNumber(a) && isNumber(b)) {
		const [one, other] = [a as number, b as number]; // JavaScript compares its two kinds of numbers as one
		if (one < other) return -1;
		if (one > other) return 1;
		return one >= other ? 0 : undefined;
	}
	if (isArray(a) && isArray(b)) {
		for (const [index, item] of a.slice(0, b.length).entries()) {
			const order = compare(item, b[index] ?? null);
			if (order !== 0) return order;
		}
		return a.length - b.length;
	}
	return identity(a) === identity(b) ? 0 : undefined;
}

const shallowCopy = (value: Value): Value => (isArray(value) ? [...value] : isHash(value) ? new Map(value) : value);

function copy(value: Value): Value {
	if (isArray(value)) return value.map(copy);
	return isHash(value) ? new Map([...value].map(([key, member]) => [key, copy(member)])) : value;
}

/** What is left of a value below a bare knock-out prefix. */
function cleared(value: Value): Value {
	if (isArray(value)) {
		(value as Value[]).length = 0; // a copy of ours
		return value;
	}
	if (isHash(value)) return new Map();
	return typeof value === "string" ? "" : null;
}

function remove(list: Value[], value: Value): void {
	for (let at = list.indexOf(value); at >= 0; at = list.indexOf(value)) list.splice(at, 1);
}
