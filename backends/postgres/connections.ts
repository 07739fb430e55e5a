import pg from "pg";
import type { SqlPlace } from "../server/sql-place.js";
import { postgresError } from "./error.js";

/** How long a server may take to say goodbye before its connections are cut. */
const GOODBYE_MS = 1000;

/** Connections to one database, made when they are needed. */
export interface Connections {
	/** Runs one statement, which is a transaction of its own. */
	query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;

	close(): Promise<void>;
}

/**
 * @param seconds - how long connecting, and each statement, may take
 * @param most - how many connections there are at most
 */
export function connections(place: SqlPlace, seconds: number, most: number): Connections {
	const { host, port, socket, user, password, database, tls, server } = place;
	const pool = new pg.Pool({
		host: socket ?? host,
		port,
		user,
		database,
		// A function, since the library takes another one out of the environment or ~/.pgpass where there is none.
		password: async () => password ?? "",
		ssl: tls ?? false,
		application_name: "trocla",
		max: most,
		connectionTimeoutMillis: seconds * 1000,
		query_timeout: seconds * 1000,
		keepAlive: true,
	});
	const open = new Set<pg.PoolClient>();
	pool.on("connect", (client) => open.add(client));
	pool.on("remove", (client) => open.delete(client));
	// An idle connection that breaks is replaced; without a listener Node would end the process.
	pool.on("error", () => {});

	return {
		async query<Row extends object>(sql: string, values: readonly unknown[] = []) {
			try {
				return (await pool.query<Row>(sql, [...values])).rows;
			} catch (error) {
				throw postgresError(error, server);
			}
		},

		async close() {
			const late = setTimeout(() => {
				for (const { connection } of open) connection.stream.destroy();
			}, GOODBYE_MS);
			await pool.end();
			clearTimeout(late);
		},
	};
}
