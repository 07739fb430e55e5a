import { KeyvMysql } from "@keyv/mysql";
import Keyv from "keyv";
import { MariaDb } from "../mariadb.js";
import { literal } from "../postgres.js";
import { cleanUp } from "../sandbox.js";
import { PASSWORD, SqlServer } from "./sql.js";

/** A MariaDB with a user and a database for stores. */
export class MysqlStores extends SqlServer {
	static async start(settings?: readonly string[]): Promise<MysqlStores> {
		const server = await MariaDb.start(settings);
		await server.sql(`SET autocommit = 1; CREATE USER trocla@'127.0.0.1' IDENTIFIED BY ${literal(PASSWORD)}`);
		await server.sql("SET autocommit = 1; CREATE DATABASE trocla; GRANT ALL ON trocla.* TO trocla@'127.0.0.1'");
		return new MysqlStores(server);
	}

	readonly store = "mysql";
	readonly server: MariaDb;

	private constructor(server: MariaDb) {
		super();
		this.server = server;
	}

	sql(text: string): Promise<string[]> {
		return this.server.sql(`USE trocla; ${text}`);
	}

	literal(text: string): string {
		return literal(text.replaceAll("\\", "\\\\"));
	}

	keyv(table: string): Keyv {
		const uri = this.url().replace("@", `:${encodeURIComponent(PASSWORD)}@`);
		const adapter = new KeyvMysql({ uri, table });
		cleanUp(() => adapter.disconnect());
		return new Keyv({ store: adapter, namespace: "trocla" });
	}

	pause(): Promise<void> {
		return this.server.crash();
	}
}
