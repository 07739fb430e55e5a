import { ABSENT, type KeyState, step } from "./model.js";
import type { Operation } from "./operation.js";

/** So many states of one key are looked at; a history that takes more is not one to learn from. */
const MOST_STATES = 2_000_000;

/** So much of an order is shown where it does not go on. */
const SHOWN = 20;

/**
 * Whether the operations have an order in which each comes between its beginning and its end, and is answered as the
 * model says. Keys have nothing to do with each other, so each has its own.
 *
 * The search is that of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe
 * ("Testing for linearizability", 2017): a set of operations that has led to a state once is not looked at again.
 *
 * @param answersGetLost - a delete whose answer got lost finds that nothing is there any more, and can't tell that from
 *   another process' that did the same meanwhile: then both say what they have deleted
 * @returns of each key for which there is none how far the best attempt came
 * @throws {Error} where that is not found out in bounded time
 */
export function unexplained(history: readonly Operation[], { answersGetLost = false } = {}): string[] {
	const keys = new Map<string, Operation[]>();
	for (const operation of history) keys.set(operation.key, [...(keys.get(operation.key) ?? []), operation]);
	return [...keys].flatMap(([key, operations]) => new Search(key, operations, answersGetLost).failure() ?? []);
}

interface Entry {
	readonly place: number;
	readonly operation: Operation;
	/** Whether it is in the order so far. */
	placed: boolean;
}

class Search {
	readonly #key: string;
	readonly #answersGetLost: boolean;
	/** By when they began. */
	readonly #entries: readonly Entry[];
	/** For each value the operations that had to do with it. */
	readonly #users = new Map<string, Entry[]>();
	readonly #order: Entry[] = [];
	readonly #dead = new Set<string>();
	/** The longest order so far, and how the key would be after it. */
	#best: { readonly order: readonly Entry[]; readonly state: KeyState; readonly next: readonly Entry[] };

	constructor(key: string, operations: readonly Operation[], answersGetLost: boolean) {
		this.#key = key;
		this.#answersGetLost = answersGetLost;
		this.#entries = operations
			.toSorted((a, b) => (a.from < b.from ? -1 : 1))
			.map((operation, place) => ({ place, operation, placed: false }));
		for (const entry of this.#entries) {
			for (const value of valuesOf(entry.operation)) this.#users.set(value, [...(this.#users.get(value) ?? []), entry]);
		}
		this.#best = { order: [], state: ABSENT, next: [] };
	}

	failure(): string | undefined {
		if (this.#canGoOn(ABSENT, 0)) return undefined;
		const { order, state, next } = this.#best;
		const lines = (entries: readonly Entry[]) => entries.map(({ operation }) => `\n  ${line(operation)}`).join("");
		return (
			`${this.#key}: no order explains what was answered. The longest ends with:${lines(order.slice(-SHOWN))}\n` +
			`which leaves ${JSON.stringify(state)}, but next has to come one of:${lines(next)}`
		);
	}

	/** @param first - all before it are placed */
	#canGoOn(state: KeyState, first: number): boolean {
		let start = first;
		while (this.#entries[start]?.placed) start++;
		const next = this.#candidates(start);
		if (next === undefined) return true;
		const ahead = this.#order.flatMap(({ place }) => (place > start ? place : [])).sort((a, b) => a - b);
		const here = `${start} ${ahead} ${JSON.stringify(state)}`;
		if (this.#dead.has(here)) return false;
		for (const entry of next) {
			const { operation } = entry;
			const after =
				step(state, operation, (value) => this.#isNew(value)) ?? (this.#isDoneAlready(operation) ? state : undefined);
			// What nobody knows the outcome of, and changes nothing, need not have happened.
			if (after === undefined || (operation.to === undefined && after === state)) continue;
			entry.placed = true;
			this.#order.push(entry);
			if (this.#canGoOn(after, start)) return true;
			this.#order.pop();
			entry.placed = false;
		}
		if (this.#order.length >= this.#best.order.length) this.#best = { order: [...this.#order], state, next };
		this.#dead.add(here);
		if (this.#dead.size > MOST_STATES) throw new Error(`${this.#key}: no order found in ${MOST_STATES} states`);
		return false;
	}

	/**
	 * The operations that may come next: those that began before any that is left ended, the ones that surely happened
	 * first. `undefined` where all of those are placed.
	 */
	#candidates(start: number): Entry[] | undefined {
		let end: bigint | undefined;
		const sure: Entry[] = [];
		const unsure: Entry[] = [];
		for (const entry of this.#entries.slice(start)) {
			const { from, to } = entry.operation;
			if (end !== undefined && from > end) break;
			if (entry.placed) continue;
			(to === undefined ? unsure : sure).push(entry);
			if (to !== undefined && (end === undefined || to < end)) end = to;
		}
		return sure.length === 0 ? undefined : [...sure, ...unsure];
	}

	/** Whether it is a delete of what another one has deleted meanwhile. */
	#isDoneAlready({ call, answer, from }: Operation): boolean {
		if (!this.#answersGetLost || call.do !== "delete" || answer === "unknown" || !("deleted" in answer)) return false;
		const values = Object.values(answer.deleted);
		return this.#order.some(({ operation: { call, answer, to } }) => {
			if (call.do !== "delete" || (to !== undefined && to < from)) return false;
			if (answer === "unknown") return true;
			return "deleted" in answer && values.every((value) => Object.values(answer.deleted).includes(value));
		});
	}

	/** What somebody sets is nothing that is made at random. */
	#isNew(value: string): boolean {
		const users = this.#users.get(value) ?? [];
		return users.every(({ placed, operation }) => !placed && operation.call.do !== "set");
	}
}

function valuesOf({ call, answer }: Operation): Set<string> {
	const values: (string | undefined)[] = call.do === "set" ? [call.plain] : [];
	if (answer !== "unknown" && "value" in answer) values.push(answer.value ?? undefined);
	if (answer !== "unknown" && "deleted" in answer) values.push(...Object.values(answer.deleted));
	return new Set(values.filter((value) => value !== undefined));
}

function line({ id, call, answer, from, to }: Operation): string {
	const what = Object.values(call).join(" ");
	return `${from}-${to ?? "?"} #${id} ${what} -> ${typeof answer === "string" ? answer : JSON.stringify(answer)}`;
}
