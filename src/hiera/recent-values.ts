import { isArray, isHash, type Value } from "./value.js";

/** Members of hashes and arrays, at some 40 bytes each. */
const MAX_MEMBERS = 1_000_000;

/** Values by name, of which those are forgotten that were not asked for longest, before there are too many to keep. */
export class RecentValues {
	readonly #values = new Map<string, { readonly value: Value; readonly members: number }>();
	readonly #max: number;
	#members = 0;

	/** @param max - the members of hashes and arrays that are kept */
	constructor(max = MAX_MEMBERS) {
		this.#max = max;
	}

	get(name: string): Value | undefined {
		const known = this.#values.get(name);
		if (!known) return undefined;
		this.#values.delete(name);
		this.#values.set(name, known);
		return known.value;
	}

	/** Keeps a value under a name that has none. */
	set(name: string, value: Value): void {
		const members = 1 + membersOf(value, 2);
		this.#values.set(name, { value, members });
		this.#members += members;
		for (const [oldest, known] of this.#values) {
			if (this.#members <= this.#max || oldest === name) return;
			this.#values.delete(oldest);
			this.#members -= known.members;
		}
	}
}

/** How many members a value has down to a depth; below it they are likely those of a file, and kept anyway. */
function membersOf(value: Value, depth: number): number {
	if (depth === 0 || !(isArray(value) || isHash(value))) return 0;
	let members = isArray(value) ? value.length : value.size;
	for (const member of value.values()) members += membersOf(member, depth - 1);
	return members;
}
