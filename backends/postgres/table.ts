import type { Flaw } from "../backend.js";
import type { Row, Table } from "../server/sql.js";
import type { Connections } from "./connections.js";
import { quoted, type TableName } from "./schema.js";

/**
 * The statements of a table in PostgreSQL. Each sets what it needs for itself alone, so that a pooler such as PgBouncer may
 * give every one of them to another connection.
 *
 * @param seconds - how long a statement may wait for others
 * @param server - its URL, without who uses it
 */
export function postgresTable({ query, close }: Connections, name: TableName, seconds: number, server: string): Table {
	const table = quoted(name);
	// What is committed is on the disk, whatever the server's own setting; with replicas that it waits for, on theirs.
	const settings = `settings AS (SELECT
		set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
		set_config('lock_timeout', '${seconds * 900}', true))`;
	const insert = `WITH ${settings} INSERT INTO ${table} (key, value) SELECT $1, $2 FROM settings ON CONFLICT DO NOTHING RETURNING 1`;
	const update = `WITH ${settings} UPDATE ${table} SET value = $3 FROM settings WHERE key = $1 AND value = $2 RETURNING 1`;
	const remove = `WITH ${settings} DELETE FROM ${table} USING settings WHERE key = $1 AND value = $2 RETURNING 1`;
	// In the order of the keys, so that two of these don't wait for each other.
	const changeAll = `
		WITH ${settings},
		change AS MATERIALIZED (SELECT wanted.* FROM settings, unnest($1::text[], $2::text[], $3::text[]) AS wanted (key, before, after)),
		created AS (
			INSERT INTO ${table} (key, value)
			SELECT key, after FROM change WHERE before IS NULL AND after IS NOT NULL ORDER BY key COLLATE "C"
			ON CONFLICT DO NOTHING RETURNING key
		),
		held AS MATERIALIZED (
			SELECT stored.key, change.after FROM ${table} AS stored JOIN change ON stored.key = change.key AND stored.value = change.before
			ORDER BY stored.key FOR UPDATE OF stored
		),
		replaced AS (
			UPDATE ${table} AS stored SET value = held.after FROM held
			WHERE stored.key = held.key AND held.after IS NOT NULL RETURNING stored.key
		),
		deleted AS (
			DELETE FROM ${table} AS stored USING held WHERE stored.key = held.key AND held.after IS NULL RETURNING stored.key
		)
		SELECT key FROM created UNION ALL SELECT key FROM replaced UNION ALL SELECT key FROM deleted`;

	const isDone = async (sql: string, values: readonly string[]) => (await query(sql, values)).length === 1;

	return {
		find: (keys) => query<Row>(`SELECT key, value FROM ${table} WHERE key = ANY ($1::text[])`, [keys]),

		insert: ({ key, value }) => isDone(insert, [key, value]),

		replace({ key, value }, by) {
			return by === undefined ? isDone(remove, [key, value]) : isDone(update, [key, value, by]);
		},

		async changeAll(changes) {
			const columns = [
				changes.map(({ key }) => key),
				changes.map(({ before }) => before ?? null),
				changes.map(({ after }) => after ?? null),
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
