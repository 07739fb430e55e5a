import type { Hash, Value } from "./value.js";

/** On which lines (from 1) the keys of hashes stand in a file. Keys that are numbers go by their texts. */
export type KeyLines = ReadonlyMap<Hash, ReadonlyMap<string, number>>;

/** Whose lines are wanted: those of the keys of the outermost hash, or of all. */
export type Wanted = "top" | "all";

/** Tells the lines of places in a text; it is quick where they are asked for in their order. */
export class LineCounter {
	readonly #source: string;
	#line = 1;
	#start = 0;
	#end: number;

	constructor(source: string) {
		this.#source = source;
		this.#end = this.#endFrom(0);
	}

	/** The line of the character at an offset. */
	at(offset: number): number {
		if (offset < this.#start) [this.#line, this.#start, this.#end] = [1, 0, this.#endFrom(0)];
		while (this.#end < offset) {
			this.#line++;
			this.#start = this.#end + 1;
			this.#end = this.#endFrom(this.#start);
		}
		return this.#line;
	}

	#endFrom(start: number): number {
		const end = this.#source.indexOf("\n", start);
		return end < 0 ? Number.POSITIVE_INFINITY : end;
	}
}

/** A key as a text; `undefined` for what is no key of data. */
export function keyText(key: Value): string | undefined {
	if (typeof key === "string") return key;
	return typeof key === "bigint" || typeof key === "number" ? String(key) : undefined;
}
