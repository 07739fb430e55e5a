import { type Ranges, readRanges, toRanges } from "./ranges.js";

/** A list that has most of its members in common with others: thousands of hosts may have a thousand users each. */
export class SharedList<Item> implements Iterable<Item> {
	/** What all the lists are made of; a list that is made later may add to it. */
	readonly table: readonly Item[];
	readonly #ranges: Ranges;

	/**
	 * @param table - what all the lists are made of
	 * @param ranges - the places in it of this one's members, in its order
	 */
	constructor(table: readonly Item[], ranges: Ranges) {
		this.table = table;
		this.#ranges = ranges;
	}

	/** The places of its members in the table, in its order. */
	get places(): readonly number[] {
		return readRanges(this.#ranges, this.table.length);
	}

	[Symbol.iterator](): Iterator<Item> {
		return this.toArray().values();
	}

	toArray(): Item[] {
		const items: Item[] = [];
		for (const place of this.places) {
			const item = this.table[place];
			if (item !== undefined) items.push(item);
		}
		return items;
	}
}

/** The members of many lists, each of a table once. */
export function* membersOf<Item>(lists: Iterable<SharedList<Item>>): Generator<Item> {
	const seen = new Map<readonly Item[], Uint8Array>();
	for (const list of lists) {
		const { table } = list;
		const marks = seen.get(table) ?? new Uint8Array(table.length);
		seen.set(table, marks);
		for (const place of list.places) {
			const item = table[place];
			if (marks[place] === 0 && item !== undefined) yield item;
			marks[place] = 1;
		}
	}
}

/** Makes lists that share a table, in which each member is once. */
export class ListTable<Item extends object | string> {
	readonly #items: Item[] = [];
	readonly #numbers = new Map<Item, number>();

	list(items: readonly Item[]): SharedList<Item> {
		return new SharedList(this.#items, toRanges(items.map((item) => this.#number(item))));
	}

	#number(item: Item): number {
		const number = this.#numbers.get(item) ?? this.#items.push(item) - 1;
		this.#numbers.set(item, number);
		return number;
	}
}
