import { type Ranges, readRanges, toRanges } from "./ranges.js";

/** A list that has most of its members in common with others: thousands of hosts may have a thousand users each. */
export class SharedList<Item> implements Iterable<Item> {
	readonly #table: readonly Item[];
	readonly #ranges: Ranges;

	/**
	 * @param table - what all the lists are made of
	 * @param ranges - the places in it of this one's members, in its order
	 */
	constructor(table: readonly Item[], ranges: Ranges) {
		this.#table = table;
		this.#ranges = ranges;
	}

	[Symbol.iterator](): Iterator<Item> {
		return this.toArray().values();
	}

	toArray(): Item[] {
		const items: Item[] = [];
		for (const index of readRanges(this.#ranges, this.#table.length)) {
			const item = this.#table[index];
			if (item !== undefined) items.push(item);
		}
		return items;
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
