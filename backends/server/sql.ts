import { type Backend, BackendError, type Flaw, type Swap } from "../backend.js";
import { swapManyBy } from "../swap-many.js";
import { AFTER_ALL_KEYS, decode, encode, KEY_PREFIX } from "./keyv-rows.js";
import { Patience } from "./patience.js";
import { isLost, isRefused, isUndone, isUnsent } from "./server-error.js";

const PAGE_ROWS = 1000;

/** A row's key and value, as they are stored. */
export interface Row {
	readonly key: string;
	readonly value: string;
}

/** What is to become of a row; `undefined` is one that is not there. */
export interface Change {
	readonly key: string;
	readonly before: string | undefined;
	readonly after: string | undefined;
}

/**
 * A table of Keyv's rows on a server, by the statements of one kind of database. Each method is one transaction, durable
 * once it has answered, and throws ServerErrors.
 */
export interface Table {
	find(keys: readonly string[]): Promise<readonly Row[]>;

	/** Writes a row where there is none with its key, and says whether it did. */
	insert(row: Row): Promise<boolean>;

	/** Replaces a row that still is this one, or deletes it, and says whether it did. */
	replace(row: Row, by: string | undefined): Promise<boolean>;

	/** Makes changes of different rows where they still are as `before` says, and gives the keys of those that it made. */
	changeAll(changes: readonly Change[]): Promise<ReadonlySet<string>>;

	/** The keys from `from` on, or those after it, below another one: by their bytes, and at most so many. */
	keys(
		range: { readonly from: string; readonly isAfter: boolean; readonly below: string },
		most: number,
	): Promise<readonly string[]>;

	/** What its server does that may lose records. */
	check(): Promise<Flaw[]>;

	close(): Promise<void>;
}

/**
 * A store in a table of a database server.
 *
 * @param server - its URL, without who uses it
 * @param seconds - how long one call may take
 */
export function sqlBackend(table: Table, server: string, seconds: number): Backend {
	const patience = new Patience(seconds, isLost, isUnsent);
	// What was rolled back has changed nothing, so that it may be asked again as what only reads.
	const conflicts = new Patience(seconds, isUndone);
	let closing: Promise<void> | undefined;

	function refuseClosed(): void {
		if (!closing) return;
		throw new BackendError(
			"unavailable",
			`${server}: the store was closed already`,
			"Close it after the last call, or open it again",
		);
	}

	async function find(keys: readonly string[]): Promise<Map<string, string>> {
		refuseClosed();
		const rows = await table.find(keys.map((key) => KEY_PREFIX + key));
		return new Map(rows.map(({ key, value }) => [key.slice(KEY_PREFIX.length), value]));
	}

	async function readOnce(key: string): Promise<string | undefined> {
		const row = (await find([key])).get(key);
		return row === undefined ? undefined : await decode(row, key, server);
	}

	const read = (key: string) => patience.read(() => readOnce(key));

	async function change({ key, before, after }: Swap): Promise<boolean> {
		refuseClosed();
		const row = after === undefined ? undefined : await encode(after);
		const rowKey = KEY_PREFIX + key;
		if (before === undefined) return row !== undefined && (await table.insert({ key: rowKey, value: row }));
		if (await table.replace({ key: rowKey, value: await encode(before) }, row)) return true;
		// Other Keyv versions write the same text into another row.
		const other = (await find([key])).get(key);
		if (other === undefined || (await decode(other, key, server)) !== before) return false;
		return await table.replace({ key: rowKey, value: other }, row);
	}

	async function swap(wanted: Swap): Promise<boolean> {
		const { key, before, after } = wanted;
		if (before === after) return (await read(key)) === before;
		return await patience.swap(
			wanted,
			() => conflicts.read(() => change(wanted)),
			() => readOnce(key),
		);
	}

	/** Makes changes in one transaction; one that the server refuses makes them in two halves, so that others are made. */
	async function changeAll(swaps: readonly Swap[]): Promise<Map<string, boolean | { readonly error: unknown }>> {
		const [only] = swaps;
		if (!only) return new Map();
		try {
			if (swaps.length === 1) return new Map([[only.key, await conflicts.read(() => change(only))]]);
			refuseClosed();
			const changes = await Promise.all(swaps.map(changeOf));
			const done = await conflicts.read(() => table.changeAll(changes));
			return new Map(swaps.map(({ key }) => [key, done.has(KEY_PREFIX + key)]));
		} catch (error) {
			if (swaps.length === 1 || !isRefused(error)) return new Map(swaps.map(({ key }) => [key, { error }]));
			const half = swaps.length >> 1;
			return new Map([...(await changeAll(swaps.slice(0, half))), ...(await changeAll(swaps.slice(half)))]);
		}
	}

	return {
		read,

		async readMany(keys) {
			const rows = await patience.read(() => find([...new Set(keys)]));
			return await Promise.all(
				keys.map(async (key) => {
					const row = rows.get(key);
					return row === undefined ? undefined : await decode(row, key, server);
				}),
			);
		},

		swap: (key, before, after) => swap({ key, before, after }),

		swapMany(swaps) {
			const together = (firsts: readonly Swap[]) => {
				const outcomes = changeAll(firsts);
				return (wanted: Swap) => {
					let isAgain = false;
					return patience.swap(
						wanted,
						async () => {
							if (isAgain) return await conflicts.read(() => change(wanted));
							isAgain = true;
							const outcome = (await outcomes).get(wanted.key) ?? false;
							if (typeof outcome === "object") throw outcome.error;
							return outcome;
						},
						() => readOnce(wanted.key),
					);
				};
			};
			return swapManyBy(swaps, together, swap);
		},

		async *keys(from = "") {
			let range = { from: KEY_PREFIX + from, isAfter: false, below: AFTER_ALL_KEYS };
			for (;;) {
				refuseClosed();
				const page = await patience.read(() => table.keys(range, PAGE_ROWS));
				for (const key of page) yield key.slice(KEY_PREFIX.length);
				const last = page.at(-1);
				if (last === undefined || page.length < PAGE_ROWS) return;
				range = { ...range, from: last, isAfter: true };
			}
		},

		async check() {
			refuseClosed();
			return await patience.read(() => table.check());
		},

		async close() {
			closing ??= table.close();
			await closing;
		},
	};
}

async function changeOf({ key, before, after }: Swap): Promise<Change> {
	return {
		key: KEY_PREFIX + key,
		before: before === undefined ? undefined : await encode(before),
		after: after === undefined ? undefined : await encode(after),
	};
}
