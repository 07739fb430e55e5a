import { DataError, type Place } from "./data-error.js";
import { rubyRegexp } from "./ruby-regexp.js";
import { distinct, type Hash, identity, isArray, isHash, kindOf, type Value } from "./value.js";

export interface DeepOptions {
	/** What begins with it removes its namesake from lower levels; a pattern, as the library that Puppet uses has it. */
	readonly knockoutPrefix: string | undefined;
	readonly sortMergedArrays: boolean;
	/** Hashes in arrays are merged by their positions. */
	readonly mergeHashArrays: boolean;
}

/**
 * Merging of two values by hash keys to any depth; arrays are joined, the lower one first. Where the two are of different
 * types the higher one wins, unless it is nil or an empty hash.
 *
 * This is what the Ruby library deep_merge does for Puppet, which changes its arguments while it works: a hash or array
 * that is new to the lower side is merged with itself, so knock-outs and repetitions vanish from there too.
 *
 * Nothing of the arguments is changed here. What a merge leaves as it is stays the same object in the result, and so does
 * what it makes of the same two objects, however often they meet: the function remembers that as long as they live.
 *
 * @returns a function that throws DataError for an empty or impossible knock-out prefix, and for arrays that can't be sorted
 */
export function deepMerger(options: DeepOptions): (higher: Value, lower: Value, place: Place) => Value {
	const made = new Made();
	return (higher, lower, place) => {
		if (options.knockoutPrefix === "") throw new DataError(place, "knockout_prefix must not be empty");
		return new DeepMerge(options, place, made).merge(higher, lower);
	};
}

/** What became of hashes and arrays. */
class Made {
	/** When they were merged with themselves. */
	readonly ofSelf = new WeakMap<object, Value>();
	/** When arrays were merged with a copy of themselves. */
	readonly ofCopy = new WeakMap<object, Value>();
	/** When hashes were last merged into another one. */
	readonly ofPair = new WeakMap<Hash, { readonly into: Hash; readonly merged: Hash }>();
}

class DeepMerge {
	readonly #options: DeepOptions;
	readonly #place: Place;
	readonly #made: Made;
	#pattern: RegExp | undefined;

	constructor(options: DeepOptions, place: Place, made: Made) {
		this.#options = options;
		this.#place = place;
		this.#made = made;
	}

	merge(source: Value, into: Value): Value {
		if (source === null) return into;
		if (into === null || into === false) return source;
		if (isHash(source)) return isHash(into) ? this.#mergeHashes(source, into) : this.#replace(source, into);
		return isArray(source) ? this.#mergeArray(source, into) : this.#overwrite(source);
	}

	#mergeHashes(source: Hash, into: Hash): Hash {
		const known = this.#made.ofPair.get(source);
		if (known?.into === into) return known.merged;
		let changed: Map<Value, Value> | undefined;
		for (const [key, value] of source) {
			const lower = into.get(key) ?? null;
			const member = lower === null || lower === false ? this.#withCopy(value) : this.merge(value, lower);
			if (Object.is(member, into.get(key))) continue;
			changed ??= new Map(into);
			changed.set(key, member);
		}
		const merged = changed ?? into;
		// A few keys over a great map are likely one host's own: what is kept stays in proportion to what the files hold.
		if (merged.size <= 2 * source.size + 16) this.#made.ofPair.set(source, { into, merged });
		return merged;
	}

	/** A hash over what is none: Ruby takes it for both sides once it has gone past the first key. */
	#replace(source: Hash, into: Value): Value {
		if (source.size === 0) return into;
		const [first] = source.keys();
		return this.#withSelves(source, (key) => key !== first);
	}

	/** A value that is merged with itself: one object on both sides, which changes under the hands of who reads it. */
	#withSelf(value: Value): Value {
		if (isHash(value)) return remembered(this.#made.ofSelf, value, () => this.#withSelves(value, () => true));
		if (isArray(value)) return remembered(this.#made.ofSelf, value, () => this.#arrayWithSelf(value));
		return this.#alone(value);
	}

	/** A value that is merged with a copy of itself, whose members are the same objects. */
	#withCopy(value: Value): Value {
		if (!isArray(value)) return this.#withSelf(value);
		return remembered(this.#made.ofCopy, value, () => this.#arrayWithCopy(value));
	}

	#withSelves(hash: Hash, which: (key: Value) => boolean): Hash {
		let changed: Map<Value, Value> | undefined;
		for (const [key, value] of hash) {
			const member = which(key) ? this.#withSelf(value) : value;
			if (Object.is(member, value)) continue;
			changed ??= new Map(hash);
			changed.set(key, member);
		}
		return changed ?? hash;
	}

	#arrayWithSelf(array: readonly Value[]): Value {
		// A bare prefix clears the lower side, which is also the higher one.
		if (this.#isBare(array)) return [];
		const list = [...array];
		this.#knockOut(list, list);
		return either(
			this.#join(list, list, (item) => this.#withSelf(item)),
			array,
		);
	}

	#arrayWithCopy(array: readonly Value[]): Value {
		const source = this.#withoutPrefix(array);
		const lower = source.length < array.length ? [] : [...array];
		this.#knockOut(source, lower);
		return either(
			this.#join(source, lower, (item) => this.#withSelf(item)),
			array,
		);
	}

	#mergeArray(array: readonly Value[], into: Value): Value {
		const source = this.#withoutPrefix(array);
		const below = source.length < array.length ? cleared(into) : into;
		if (!isArray(below)) return this.#overwrite(source.length < array.length ? source : array);
		const lower = [...below];
		this.#knockOut(source, lower);
		return either(
			this.#join(source, lower, (item, under) => this.merge(item, under)),
			below,
			array,
		);
	}

	#isBare(array: readonly Value[]): boolean {
		const { knockoutPrefix: prefix } = this.#options;
		return prefix !== undefined && array.includes(prefix);
	}

	/** A copy without bare prefixes. */
	#withoutPrefix(array: readonly Value[]): Value[] {
		const { knockoutPrefix: prefix } = this.#options;
		return prefix === undefined ? [...array] : array.filter((item) => item !== prefix);
	}

	#join(source: readonly Value[], lower: readonly Value[], merge: (item: Value, under: Value) => Value): Value[] {
		const { mergeHashArrays, sortMergedArrays } = this.#options;
		const merged =
			mergeHashArrays && source.every(isHash) && lower.every(isHash)
				? [...lower.map((hash, index) => merge(source[index] ?? new Map(), hash)), ...source.slice(lower.length)]
				: distinct([...lower, ...source]);
		return sortMergedArrays ? merged.sort((a, b) => this.#compare(a, b)) : merged;
	}

	/** Takes the knock-outs out of `source`, and what they name, and they themselves, out of `lower`; these may be one. */
	#knockOut(source: Value[], lower: Value[]): void {
		if (this.#options.knockoutPrefix === undefined) return;
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

	/** What takes the place of nothing, or of itself. */
	#alone(value: Value): Value {
		return value === null || value === false ? value : this.#overwrite(value);
	}

	/** What takes a lower value's place: itself without knock-outs, and the empty text for a text that is one. */
	#overwrite(source: Value): Value {
		if (this.#options.knockoutPrefix === undefined) return source;
		if (typeof source === "string") return source.replaceAll(this.#knockout, "") === source ? source : "";
		if (!isArray(source)) return source;
		const kept = source.filter((item) => !(typeof item === "string" && item.search(this.#knockout) >= 0));
		return kept.length < source.length ? kept : source;
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

function remembered<Key extends Value & object>(memo: WeakMap<object, Value>, key: Key, make: () => Value): Value {
	const known = memo.get(key);
	if (known !== undefined) return known;
	const made = make();
	memo.set(key, made);
	return made;
}

/** The first of these that has the items of a list, or else the list. */
function either(list: readonly Value[], ...same: readonly (readonly Value[])[]): readonly Value[] {
	const isSame = (other: readonly Value[]) =>
		other.length === list.length && list.every((item, index) => Object.is(item, other[index]));
	return same.find(isSame) ?? list;
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

/** What is left of a value below a bare knock-out prefix. */
function cleared(value: Value): Value {
	if (isArray(value)) return [];
	if (isHash(value)) return new Map();
	return typeof value === "string" ? "" : null;
}

function remove(list: Value[], value: Value): void {
	for (let at = list.indexOf(value); at >= 0; at = list.indexOf(value)) list.splice(at, 1);
}
