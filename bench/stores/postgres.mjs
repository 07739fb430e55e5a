// PostgreSQL as Debian sets it up, which syncs every commit.
import { execFileSync } from "node:child_process";

import { join } from "node:path";
import pg from "pg";
import { keyRow } from "../keys.mjs";
import { freePort, programPath, startServer } from "./place.mjs";

const PAGE = 1000;

export async function start() {
	const port = await freePort();
	const prepare = (path, options) => {
		const cluster = join(path, "data");
		const initdb = ["-D", cluster, "-U", "trocla", "-A", "trust", "-E", "UTF8", "--no-locale"];
		execFileSync(programPath("initdb"), initdb, { ...options, stdio: "pipe" });
		return [programPath("postgres"), "-D", cluster, "-k", path, "-h", "127.0.0.1", "-p", `${port}`];
	};
	const server = await startServer(prepare, /ready to accept connections/, "postgres");
	const url = `postgres://trocla@127.0.0.1:${port}/postgres`;
	const pool = new pg.Pool({ connectionString: url, max: 10 });
	return {
		name: "PostgreSQL",
		many: 1_000_000,
		config: { store: "postgres", store_options: { url } },
		select: (key) => pool.query("SELECT value FROM keyv WHERE key = $1", [`trocla:${key}`]),
		insert: (key) =>
			pool.query("INSERT INTO keyv (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", keyRow(key, "x")),
		async fill(count) {
			const [, row] = keyRow("", "password");
			await pool.query(
				"INSERT INTO keyv SELECT 'trocla:user_' || lpad(n::text, 7, '0'), $2 FROM generate_series(0, $1::int - 1) n ON CONFLICT DO NOTHING",
				[count, row],
			);
			await pool.query("VACUUM ANALYZE keyv");
		},
		async all() {
			let last = "";
			for (;;) {
				const { rows } = await pool.query("SELECT key, value FROM keyv WHERE key > $1 ORDER BY key LIMIT $2", [
					last,
					PAGE,
				]);
				if (rows.length === 0) return;
				last = rows.at(-1).key;
			}
		},
		async stop() {
			await pool.end();
			await server.stop();
		},
	};
}
