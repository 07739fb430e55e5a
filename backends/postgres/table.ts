import type { Flaw } from "../backend.js";
import type { Row, Table } from "../server/sql.js";
import { changes } from "./changes.js";
import type { Connections } from "./connections.js";
import { quoted, type TableName } from "./schema.js";

/**
 * A table in PostgreSQL.
 *
 * @param seconds - how long a statement may wait for others
 * @param server - its URL, without who uses it
 */
export function postgresTable({ query, close }: Connections, name: TableName, seconds: number, server: string): Table {
	const table = quoted(name);
	const { insert, update, remove, changeAll } = changes(table, seconds);
	const isDone = async (sql: string, values: readonly string[]) => (await query(sql, values)).length === 1;

	return {
		find(keys) {
			// The plan of a single key takes less time than that of a list.
			return keys.length === 1
				? query<Row>(`SELECT key, value FROM ${table} WHERE key = $1`, keys)
				: query<Row>(`SELECT key, value FROM ${table} WHERE key = ANY ($1::text[])`, [keys]);
		},

		insert: ({ key, value }) => isDone(insert, [key, value]),

		replace({ key, value }, by) {
			return by === undefined ? isDone(remove, [key, value]) : isDone(update, [key, value, by]);
		},

		async changeAll(wanted) {
			const columns = [
				wanted.map(({ key }) => key),
				wanted.map(({ before }) => before ?? null),
				wanted.map(({ after }) => after ?? null),
			];
			return new Set((await query<{ key: string }>(changeAll, columns)).map(({ key }) => key));
		},

		async keys({ from, isAfter, below }, most) {
			const rows = await query<{ key: string }>(
				`SELECT key FROM ${table} WHERE key ${isAfter ? ">" : ">="} $1 AND key < $2 ORDER BY key LIMIT ${most}`,
				[from, below],
			);
			return rows.map(({ key }) => key);
		},

		async check() {
			const [found] = await query<Settings>(SETTINGS, [table]);
			return found ? [...flaws(found, server, table)] : [];
		},

		close,
	};
}

interface Settings {
	readonly fsync: string;
	readonly full_page_writes: string;
	readonly replica: boolean;
	readonly writable: boolean;
}

const SETTINGS = `
	SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
		pg_is_in_recovery() AS replica,
		has_table_privilege($1, 'INSERT') AND has_table_privilege($1, 'UPDATE') AND has_table_privilege($1, 'DELETE') AS writable`;

function* flaws(
	{ fsync, full_page_writes, replica, writable }: Settings,
	server: string,
	table: string,
): Generator<Flaw> {
	for (const [setting, value] of Object.entries({ fsync, full_page_writes })) {
		if (value === "on") continue;
		const message = `${server}: ${setting} is ${value}, so a crash of its host may lose or damage every record`;
		yield { message, hint: `Set it on the server: ALTER SYSTEM SET ${setting} = on; then SELECT pg_reload_conf()` };
	}
	if (replica) {
		yield {
			message: `${server} is a replica, which can only be read`,
			hint: "Name the primary server in store_options.url",
		};
	} else if (!writable) {
		const hint = `Run, as its owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO the user in store_options.url`;
		yield { message: `${server}: ${table} can't be written`, hint };
	}
}
