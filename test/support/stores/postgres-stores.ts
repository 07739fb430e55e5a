import { KeyvPostgres } from "@keyv/postgres";
import Keyv from "keyv";
import type { Backend } from "../../../backends/backend.js";
import { openStore } from "../../../backends/index.js";
import { literal, Postgres, type PostgresSettings } from "../postgres.js";
import { cleanUp } from "../sandbox.js";
import { faultOf } from "../store-fault.js";
import { PASSWORD, type SqlServer } from "./sql.js";

/** A PostgreSQL with a user and a database for stores. */
export class PostgresStores implements SqlServer {
	static async start(settings?: PostgresSettings): Promise<PostgresStores> {
		const server = await Postgres.start(settings);
		await server.sql(`CREATE ROLE trocla LOGIN PASSWORD ${literal(PASSWORD)}`);
		await server.sql("CREATE DATABASE trocla OWNER trocla");
		return new PostgresStores(server);
	}

	readonly server: Postgres;
	readonly literal = literal;

	private constructor(server: Postgres) {
		this.server = server;
	}

	get port(): number {
		return this.server.port;
	}

	url(port = this.port, host = "127.0.0.1"): string {
		return `postgres://trocla@${host}:${port}/trocla`;
	}

	open(options: object = {}, create = true): Promise<Backend> {
		return openStore("postgres", { url: this.url(), password: PASSWORD, ...options }, create);
	}

	async opened(options?: object, create?: boolean): Promise<Backend> {
		const backend = await this.open(options, create);
		cleanUp(() => backend.close());
		return backend;
	}

	fault(options: object): Promise<string> {
		return faultOf(this.open(options), PASSWORD);
	}

	sql(text: string): Promise<string[]> {
		return this.server.sql(text, "trocla");
	}

	keyv(table: string): Keyv {
		const uri = `postgres://postgres@localhost:${this.port}/trocla?host=${this.server.socket}`;
		const adapter = new KeyvPostgres({ uri, table });
		cleanUp(() => adapter.disconnect());
		return new Keyv({ store: adapter, namespace: "trocla" });
	}

	pause(): Promise<void> {
		return this.server.pause();
	}

	resume(): Promise<void> {
		return this.server.resume();
	}

	stop(): Promise<void> {
		return this.server.stop();
	}
}
