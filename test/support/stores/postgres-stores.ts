import { KeyvPostgres } from "@keyv/postgres";
import Keyv from "keyv";
import { literal, Postgres, type PostgresSettings } from "../postgres.js";
import { cleanUp } from "../sandbox.js";
import { PASSWORD, SqlServer } from "./sql.js";

/** A PostgreSQL with a user and a database for stores. */
export class PostgresStores extends SqlServer {
	static async start(settings?: PostgresSettings): Promise<PostgresStores> {
		const server = await Postgres.start(settings);
		await server.sql(`CREATE ROLE trocla LOGIN PASSWORD ${literal(PASSWORD)}`);
		await server.sql("CREATE DATABASE trocla OWNER trocla");
		return new PostgresStores(server);
	}

	readonly store = "postgres";
	readonly server: Postgres;
	readonly literal = literal;

	private constructor(server: Postgres) {
		super();
		this.server = server;
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
}
