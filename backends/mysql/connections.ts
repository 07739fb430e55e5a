import { createPool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { inTime } from "../server/in-time.js";
import { isLost, ServerError } from "../server/server-error.js";
import type { SqlPlace } from "../server/sql-place.js";

import { mysqlError } from "./error.js";

/** How long a server may take to say goodbye before its connections are cut. */
const GOODBYE_SECONDS = 1;
/** Of each connection; a server allows all of them together some ten thousand. */
const PREPARED_STATEMENTS = 16;

/** Runs statements on one connection. */
export interface Statements {
	/** The rows that a query finds. */
	rows<Row>(sql: string, values?: readonly string[]): Promise<Row[]>;

	/** How many rows a statement changed. */
	change(sql: string, values: readonly string[]): Promise<number>;
}

/** Connections to one database, made when they are needed. */
export interface Connections extends Statements {
	/** Does some statements as one transaction; where it throws, none of them was done, unless the server was lost. */
	transaction<Result>(work: (statements: Statements) => Promise<Result>): Promise<Result>;

	close(): Promise<void>;
}

/**
 * @param seconds - how long connecting, and each statement, may take
 * @param most - how many connections there are at most
 */
export function connections(place: SqlPlace, seconds: number, most: number): Connections {
	const { host, port, socket, user, password = "", database, tls, server } = place;
	const pool = createPool({
		...(socket === undefined ? { host, port } : { socketPath: socket }),
		user,
		password,
		database,
		...(tls && { ssl: { ...tls, verifyIdentity: true } }),
		charset: "UTF8MB4_GENERAL_CI",
		// A server may not ask for this host's files; and tells how many rows it changed, not how many it found.
		flags: ["-LOCAL_FILES", "-FOUND_ROWS"],
		connectionLimit: most,
		connectTimeout: seconds * 1000,
		maxPreparedStatements: PREPARED_STATEMENTS,
		enableKeepAlive: true,
	});
	const ready = new WeakSet<object>();
	const open = new Set<{ destroy(): void }>();
	pool.on("connection", (connection) => {
		open.add(connection);
		connection.on("end", () => open.delete(connection));
	});

	async function prepare(connection: PoolConnection): Promise<void> {
		if (ready.has(connection.connection)) return;
		for (const sql of session(seconds)) await inTime(connection.query(sql), seconds, () => connection.destroy());
		ready.add(connection.connection);
	}

	async function connected(): Promise<PoolConnection> {
		let isLate = false;
		const coming = pool.getConnection();
		coming.then((connection) => isLate && connection.release()).catch(() => {});
		return await inTime(coming, seconds, () => {
			isLate = true;
		});
	}

	/** Does some work on a connection, which is cut where it may still be in the middle of something. */
	async function using<Result>(work: (connection: PoolConnection) => Promise<Result>): Promise<Result> {
		const connection = await connected().catch(fail);
		try {
			await prepare(connection).catch(fail);
			const result = await work(connection);
			connection.release();
			return result;
		} catch (error) {
			if (error instanceof ServerError && !isLost(error)) connection.release();
			else connection.destroy();
			throw error;
		}
	}

	const fail = (error: unknown) => {
		throw mysqlError(error, server);
	};

	const on = (connection: PoolConnection): Statements => ({
		async rows<Row>(sql: string, values: readonly string[] = []) {
			const answer = connection.execute<RowDataPacket[]>(sql, [...values]);
			const [rows] = await inTime(answer, seconds, () => connection.destroy()).catch(fail);
			// The statement's columns are named as the type has them.
			return rows as Row[];
		},

		async change(sql, values) {
			const answer = connection.execute<ResultSetHeader>(sql, [...values]);
			const [{ affectedRows }] = await inTime(answer, seconds, () => connection.destroy()).catch(fail);
			return affectedRows;
		},
	});

	return {
		rows: (sql, values) => using((connection) => on(connection).rows(sql, values)),

		change: (sql, values) => using((connection) => on(connection).change(sql, values)),

		transaction: (work) =>
			using(async (connection) => {
				const say = (sql: string) => inTime(connection.query(sql), seconds, () => connection.destroy()).catch(fail);
				await say("START TRANSACTION");
				try {
					const result = await work(on(connection));
					await say("COMMIT");
					return result;
				} catch (error) {
					await say("ROLLBACK").catch(() => connection.destroy());
					throw error;
				}
			}),

		async close() {
			await inTime(pool.end(), GOODBYE_SECONDS, () => {
				for (const connection of open) connection.destroy();
			}).catch(() => {});
		},
	};
}

/** What every connection needs, whatever the server's own settings are. */
function session(seconds: number): string[] {
	const patience = Math.max(1, Math.floor(seconds * 0.9));
	return [
		`SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1,
			character_set_client = utf8mb4, character_set_connection = utf8mb4, character_set_results = utf8mb4,
			innodb_lock_wait_timeout = ${patience}, lock_wait_timeout = ${patience}`,
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
	];
}
