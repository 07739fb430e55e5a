import { createPool, type PoolConnection, type QueryError } from "mysql2";
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
	const ready = new WeakSet<PoolConnection>();
	const open = new Set<PoolConnection>();
	pool.on("connection", (connection) => {
		open.add(connection);
		connection.on("end", () => open.delete(connection));
	});

	const fail = (error: unknown) => {
		throw mysqlError(error, server);
	};

	/** What a statement answers: rows, or how many it changed. */
	async function ask<Answer>(connection: PoolConnection, sql: string, values?: readonly string[]): Promise<Answer> {
		const answer = new Promise<Answer>((resolve, reject) => {
			// What is answered is as the statement has it.
			const answered = (error: QueryError | null, result: unknown) =>
				error ? reject(error) : resolve(result as Answer);
			if (values) connection.execute(sql, [...values], answered);
			else connection.query(sql, answered);
		});
		return await inTime(answer, seconds, () => connection.destroy()).catch(fail);
	}

	async function connected(): Promise<PoolConnection> {
		let isLate = false;
		const coming = new Promise<PoolConnection>((resolve, reject) => {
			pool.getConnection((error, connection) => {
				if (error) reject(error);
				else if (isLate) connection.release();
				else resolve(connection);
			});
		});
		const late = () => {
			isLate = true;
		};
		const connection = await inTime(coming, seconds, late).catch(fail);
		if (!ready.has(connection)) {
			for (const sql of session(seconds)) await ask(connection, sql).catch(giveUp(connection));
			ready.add(connection);
		}
		return connection;
	}

	/** Lets a connection go that work on it has failed; it is cut where it may still be in the middle of something. */
	const giveUp = (connection: PoolConnection) => (error: unknown) => {
		if (error instanceof ServerError && !isLost(error)) connection.release();
		else connection.destroy();
		throw error;
	};

	async function using<Result>(work: (connection: PoolConnection) => Promise<Result>): Promise<Result> {
		const connection = await connected();
		const result = await work(connection).catch(giveUp(connection));
		connection.release();
		return result;
	}

	const on = (connection: PoolConnection): Statements => ({
		rows: (sql, values = []) => ask(connection, sql, values),

		async change(sql, values) {
			return (await ask<{ affectedRows: number }>(connection, sql, values)).affectedRows;
		},
	});

	return {
		rows: (sql, values) => using((connection) => on(connection).rows(sql, values)),

		change: (sql, values) => using((connection) => on(connection).change(sql, values)),

		transaction: (work) =>
			using(async (connection) => {
				await ask(connection, "START TRANSACTION");
				try {
					const result = await work(on(connection));
					await ask(connection, "COMMIT");
					return result;
				} catch (error) {
					await ask(connection, "ROLLBACK").catch(() => connection.destroy());
					throw error;
				}
			}),

		async close() {
			const ended = new Promise((resolve) => pool.end(resolve));
			await inTime(ended, GOODBYE_SECONDS, () => {
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
