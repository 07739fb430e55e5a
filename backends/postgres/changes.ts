/**
 * The statements that change a table. Each sets what it needs for itself alone, so that a pooler such as PgBouncer may give
 * every one of them to another connection.
 *
 * @param table - as SQL has it
 * @param seconds - how long a statement may wait for others
 */
export function changes(table: string, seconds: number) {
	// What is committed is on the disk, whatever the server's own setting is; with replicas that it waits for, on theirs.
	const durable = "CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END";
	const settings = [
		`set_config('synchronous_commit', ${durable}, true)`,
		`set_config('lock_timeout', '${Math.ceil(seconds * 900)}', true)`,
	] as const;
	// Always true, and taken in before anything is locked or written.
	const set = settings.map((setting) => `${setting} <> ''`).join(" AND ");

	return {
		insert: `INSERT INTO ${table} (key, value) SELECT $1, $2 WHERE ${set} ON CONFLICT DO NOTHING RETURNING 1`,

		update: `UPDATE ${table} SET value = $3 WHERE key = $1 AND value = $2 AND ${set} RETURNING 1`,

		remove: `DELETE FROM ${table} WHERE key = $1 AND value = $2 AND ${set} RETURNING 1`,

		// In the order of the keys, so that two of these don't wait for each other.
		changeAll: `
			WITH settings AS (SELECT ${settings.join(", ")}),
			change AS MATERIALIZED (
				SELECT wanted.* FROM settings, unnest($1::text[], $2::text[], $3::text[]) AS wanted (key, before, after)
			),
			created AS (
				INSERT INTO ${table} (key, value)
				SELECT key, after FROM change WHERE before IS NULL AND after IS NOT NULL ORDER BY key COLLATE "C"
				ON CONFLICT DO NOTHING RETURNING key
			),
			held AS MATERIALIZED (
				SELECT stored.key, change.after
				FROM ${table} AS stored JOIN change ON stored.key = change.key AND stored.value = change.before
				ORDER BY stored.key FOR UPDATE OF stored
			),
			replaced AS (
				UPDATE ${table} AS stored SET value = held.after FROM held
				WHERE stored.key = held.key AND held.after IS NOT NULL RETURNING stored.key
			),
			deleted AS (
				DELETE FROM ${table} AS stored USING held WHERE stored.key = held.key AND held.after IS NULL RETURNING stored.key
			)
			SELECT key FROM created UNION ALL SELECT key FROM replaced UNION ALL SELECT key FROM deleted`,
	};
}
