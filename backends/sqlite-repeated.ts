import type { Statement } from "sqlite3";
import type { Connection } from "./sqlite-connection.js";

/**
 * A query that is asked again and again, and takes at least one parameter.
 *
 * The adapter has each query prepared, run and forgotten: two waits for a thread of libuv's pool, which take longer than
 * what SQLite does in them. From the second time on the statement stays prepared, which leaves one wait. Between two runs it
 * has no lock and no snapshot, and SQLite prepares it again by itself where the schema was changed
 * (https://sqlite.org/c3ref/prepare.html).
 */
export class RepeatedQuery<Row> {
	readonly #connection: Connection;
	readonly #sql: string;
	/** Most commands ask once. */
	#state: "new" | "idle" | "running" | "closed" = "new";
	#statement: Statement | undefined;

	constructor(connection: Connection, sql: string) {
		this.#connection = connection;
		this.#sql = sql;
	}

	async all(...values: readonly [unknown, ...unknown[]]): Promise<Row[]> {
		if (this.#state !== "idle") {
			if (this.#state === "new") this.#state = "idle";
			// While the statement runs, too: another one is prepared meanwhile.
			return await this.#connection.adapter.query(this.#sql, ...values);
		}
		this.#state = "running";
		try {
			const rows = await this.#run(values);
			this.#rest();
			return rows;
		} catch (error) {
			// One that found the database locked would hold on to it.
			this.#forget();
			this.#rest();
			throw error;
		}
	}

	/** To be called before the connection is closed, which SQLite does only when all statements are gone. */
	close(): void {
		this.#forget();
		this.#state = "closed";
	}

	/** Goes to SQLite at once, so that closing the store waits for it. */
	#run(values: readonly unknown[]): Promise<Row[]> {
		return new Promise((resolve, reject) => {
			// One that can't be prepared drops what it is asked.
			this.#statement ??= this.#connection.database.prepare(this.#sql, (error: Error | null) => {
				if (error) reject(error);
			});
			this.#statement.all<Row>(values, (error: Error | null, rows: Row[]) => (error ? reject(error) : resolve(rows)));
		});
	}

	#rest(): void {
		if (this.#state === "running") this.#state = "idle";
	}

	/** What runs comes to its end before. */
	#forget(): void {
		this.#statement?.finalize();
		this.#statement = undefined;
	}
}
