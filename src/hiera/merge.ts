import { DataError, type Place } from "./data-error.js";
import { type DeepOptions, deepMerger } from "./deep-merge.js";
import { NOT_FOUND, type Outcome } from "./key.js";
import { distinct, type Hash, isArray, isHash, kindOf, Sensitive, type Value } from "./value.js";

/**
 * How the values are put together that a key has in several places. What needs no change is the same object afterwards,
 * and a strategy that is used again remembers what it made of parts, so who needs one often keeps it.
 */
export interface Strategy {
	/** Its name and options; the same for strategies that do the same. */
	readonly id: string;
	/** Whether the highest value is all that counts. */
	readonly first: boolean;
	/** What the highest value becomes before others are merged into it. */
	readonly start: (value: Value) => Value;
	/** What the only value becomes where there is only one place to look. */
	readonly only: (value: Value) => Value;
	/** @throws {DataError} where the two can't be merged */
	readonly merge: (higher: Value, lower: Value, place: Place) => Value;
}

export const STRATEGIES = ["first", "unique", "hash", "deep"] as const;

const same = (value: Value) => value;

export const first: Strategy = { id: "first", first: true, start: same, only: same, merge: same };

/** Hashes, of which the higher one's members count; their order is the lower one's. */
export function hash(): Strategy {
	const checked = new WeakSet<object>();
	return {
		id: "hash",
		first: false,
		start: same,
		only: same,
		merge: (higher, lower, place) => {
			for (const value of [higher, lower]) {
				if (!isHash(value)) throw refused("hash", value, place, "Merging by hash takes hashes only");
				if (!isData(value, checked))
					throw new DataError(place, "merging by hash takes hashes whose keys are all strings");
			}
			const merged = new Map(lower as Hash); // both were checked
			for (const [key, member] of higher as Hash) merged.set(key, member);
			return merged;
		},
	};
}

/** One flat list without repetitions, of lists and scalars. */
const unique: Strategy = {
	id: "unique",
	first: false,
	start: (value) => (isArray(value) ? flatten(value) : [value]),
	only: (value) => (isArray(value) ? distinct(value) : value),
	merge: (higher, lower, place) => {
		for (const value of [higher, lower]) {
			if (value === null || isHash(value) || value instanceof Sensitive) {
				throw refused("unique", value, place, "Merging by unique takes arrays, texts, numbers and booleans");
			}
			if (isArray(value) && !isData(value)) throw new DataError(place, "merging by unique takes plain data only");
		}
		return distinct([...list(higher), ...list(lower)]);
	},
};

const list = (value: Value): readonly Value[] => (isArray(value) ? flatten(value) : [value]);

const refused = (strategy: string, value: Value, place: Place, hint: string) =>
	new DataError(place, `${kindOf(value)} can't be merged by ${strategy}`, hint);

const deep = (options: DeepOptions): Strategy => ({
	id: ["deep", ...namesOf(options)].join(", "),
	first: false,
	start: same,
	only: same,
	merge: deepMerger(options),
});

function namesOf({ knockoutPrefix, sortMergedArrays, mergeHashArrays }: DeepOptions): string[] {
	return [
		...(knockoutPrefix === undefined ? [] : [`knockout_prefix ${JSON.stringify(knockoutPrefix)}`]),
		...(sortMergedArrays ? ["sort_merged_arrays"] : []),
		...(mergeHashArrays ? ["merge_hash_arrays"] : []),
	];
}

/**
 * A strategy as `merge` in `lookup_options` has it, or a call: its name, or a hash with `strategy` and its options; nil is
 * as good as none.
 *
 * @throws {DataError} where it is none
 */
export function strategyOf(merge: Value, place: Place): Strategy {
	if (merge === null || merge === false) return first;
	const name = isHash(merge) ? (merge.get("strategy") ?? null) : merge;
	const options = isHash(merge) ? new Map([...merge].filter(([key]) => key !== "strategy")) : new Map();
	const known = STRATEGIES.find((strategy) => strategy === name);
	if (!known) {
		const what = name === null ? "merge names no strategy" : `there is no merge strategy ${quote(name)}`;
		throw new DataError(place, what, `There are: ${STRATEGIES.join(", ")}`);
	}
	if (known === "deep") return deep(deepOptions(options, place));
	const [option] = options.keys();
	if (option !== undefined) throw new DataError(place, `the merge strategy ${known} has no option ${quote(option)}`);
	return known === "hash" ? hash() : { first, unique }[known];
}

function deepOptions(given: Hash, place: Place): DeepOptions {
	const options: { [name: string]: Value } = {};
	for (const [name, value] of given) {
		const type = typeof name === "string" && Object.hasOwn(DEEP_OPTIONS, name) ? DEEP_OPTIONS[name] : undefined;
		if (type === undefined) {
			const known = Object.keys(DEEP_OPTIONS).join(", ");
			throw new DataError(place, `the merge strategy deep has no option ${quote(name)}`, `It has: ${known}`);
		}
		const given = typeof value;
		if (value !== null && given !== type) throw new DataError(place, `${name} must be a ${type}, not ${kindOf(value)}`);
		options[String(name)] = value;
	}
	const { knockout_prefix: prefix = null } = options;
	return {
		knockoutPrefix: typeof prefix === "string" ? prefix : undefined,
		sortMergedArrays: options.sort_merged_arrays === true,
		mergeHashArrays: options.merge_hash_arrays === true,
	};
}

const DEEP_OPTIONS: { readonly [name: string]: "string" | "boolean" } = {
	knockout_prefix: "string",
	sort_merged_arrays: "boolean",
	merge_hash_arrays: "boolean",
	merge_debug: "boolean",
};

const quote = (value: Value) => (typeof value === "string" ? JSON.stringify(value) : kindOf(value));

/** Merges what is found in several places, the highest first. */
function mergeFound(strategy: Strategy, outcomes: readonly Outcome[], place: Place): Outcome {
	const [highest, ...lower] = outcomes.filter((outcome) => outcome !== NOT_FOUND);
	if (highest === undefined) return NOT_FOUND;
	if (outcomes.length === 1) return strategy.only(highest);
	return lower.reduce<Value>((merged, value) => strategy.merge(merged, value, place), strategy.start(highest));
}

/** What is found in the places of levels of layers, each of them merged by itself, as Puppet does it. */
export function mergeLayers(
	strategy: Strategy,
	layers: readonly (readonly (readonly Outcome[])[])[],
	place: Place,
): Outcome {
	const merge = (outcomes: readonly Outcome[]) => mergeFound(strategy, outcomes, place);
	// There are always several layers for Puppet: its own, the environment's and the modules'.
	return merge([...layers.map((levels) => merge(levels.map(merge))), NOT_FOUND, NOT_FOUND]);
}

/** Plain data: nothing sensitive, and the keys of hashes are strings. What was found to be is put to `checked`. */
function isData(value: Value, checked = new WeakSet<object>()): boolean {
	if (!isArray(value) && !isHash(value)) return !(value instanceof Sensitive);
	if (checked.has(value)) return true;
	for (const [key, member] of value.entries()) {
		if (!(isArray(value) || typeof key === "string") || !isData(member, checked)) return false;
	}
	checked.add(value);
	return true;
}

const flatten = (values: readonly Value[]): Value[] =>
	values.flatMap((value) => (isArray(value) ? flatten(value) : [value]));
