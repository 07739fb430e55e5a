import { isArray, isHash, type Value } from "./value.js";

/** Members of hashes and arrays, at some 40 bytes each. */
const MAX_MEMBERS = 500_000;

/** Above so many members a hash's own members are likely entries: small, and those of a file, which are kept anyway. */
const FEW = 100;

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
		const members = 1 + membersOf(value);
		this.#values.set(name, { value, members });
		this.#members += members;
		for (const [oldest, known] of this.#values) {
			if (this.#members <= this.#max || oldest === name) return;
			this.#values.delete(oldest);
			this.#members -= known.members;
		}
	}
}

/** How many members a value has, and the members of one that has few. */
function membersOf(value: Value): number {
	let members = sizeOf(value);
	if (members > FEW || !(isArray(value) || isHash(value))) return members;
	for (const member of value.values()) members += sizeOf(member);
	return members;
}

function sizeOf(value: Value): number {
	if (isArray(value)) return value.length;
	return isHash(value) ? value.size : 0;
}
