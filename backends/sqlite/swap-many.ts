import type { Swap } from "../backend.js";
import { swapManyBy } from "../swap-many.js";

/** The parts of a SQLite store that swaps are made of. */
export interface Rows {
	readonly table: string;
	readonly query: <Row>(sql: string, ...values: unknown[]) => Promise<Row[]>;
	/** The key of a record's row, and the value of a text's. */
	readonly rowKey: (key: string) => string;
	readonly encode: (text: string) => unknown;
	/** One swap by itself. */
	readonly swap: (key: string, before: string | undefined, after: string | undefined) => Promise<boolean>;
}

/**
 * `Backend.swapMany`: one statement writes rows and another one deletes some. A statement is a transaction of its own,
 * so each of the two is synced once; BEGIN and COMMIT would take in whatever else runs on the connection meanwhile.
 */
export function swapManyRows(rows: Rows, swaps: readonly Swap[]): Promise<boolean>[] {
	return swapManyBy(
		swaps,
		(firsts) => {
			const written = swapRows(rows, writing(rows.table), firsts.filter(writes));
			const deleted = swapRows(rows, deleting(rows.table), firsts.filter(deletes));
			return async (swap) => (await (writes(swap) ? written : deleted)).has(swap.key);
		},
		({ key, before, after }) => rows.swap(key, before, after),
	);
}

const writes = ({ after }: Swap) => after !== undefined;
const deletes = ({ after }: Swap) => after === undefined;

/** Runs a statement for these swaps, as a JSON list of `[key, before, after]`, and gives the keys of those that it did. */
async function swapRows({ query, rowKey, encode }: Rows, sql: string, swaps: readonly Swap[]): Promise<Set<string>> {
	if (swaps.length === 0) return new Set();
	const rows = swaps.map(async ({ key, before, after }) => [
		rowKey(key),
		before === undefined ? null : await encode(before),
		after === undefined ? null : await encode(after),
	]);
	const done = await query<{ key: string }>(sql, JSON.stringify(await Promise.all(rows)));
	return new Set(done.map(({ key }) => key.slice(rowKey("").length)));
}

const writing = (table: string) => `
	INSERT INTO ${table} (key, value)
	SELECT swap.key, swap.after
	FROM (SELECT value ->> 0 AS key, value ->> 1 AS before, value ->> 2 AS after FROM json_each(?)) AS swap
	LEFT JOIN ${table} AS stored ON stored.key = swap.key
	WHERE iif(swap.before IS NULL, stored.key IS NULL, stored.value = swap.before)
	ON CONFLICT (key) DO UPDATE SET value = excluded.value
	RETURNING key`;

const deleting = (table: string) => `
	DELETE FROM ${table}
	WHERE (key, value) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
	RETURNING key`;
