import type { Hash, Value } from "./value.js";

/** On which lines (from 1) the keys of hashes stand in a file. Keys that are numbers go by their texts. */
export type KeyLines = ReadonlyMap<Hash, ReadonlyMap<string, number>>;

/** Whose lines are wanted: those of the keys of the outermost hash, or of all. */
export type Wanted = "top" | "all";

/** Tells the lines of places in a text. */
export class LineCounter {
	readonly #source: string;
	/** The offsets at which lines end, once somebody asks. */
	#ends: number[] | undefined;

	constructor(source: string) {
		this.#source = source;
	}

	/** The line of the character at an offset, which is as many as end before it, and one. */
	at(offset: number): number {
		this.#ends ??= endsOf(this.#source);
		let [low, high] = [0, this.#ends.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#ends[middle] ?? offset) < offset) low = middle + 1;
			else high = middle;
		}
		return low + 1;
	}
}

function endsOf(source: string): number[] {
	const ends: number[] = [];
	for (let end = source.indexOf("\n"); end >= 0; end = source.indexOf("\n", end + 1)) ends.push(end);
	return ends;
}

/** A key as a text; `undefined` for what is no key of data. */
export function keyText(key: Value): string | undefined {
	if (typeof key === "string") return key;
	return typeof key === "bigint" || typeof key === "number" ? String(key) : undefined;
}
