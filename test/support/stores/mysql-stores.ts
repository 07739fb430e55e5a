import { KeyvMysql } from "@keyv/mysql";
import Keyv from "keyv";
import type { Backend } from "../../../backends/backend.js";
import { openStore } from "../../../backends/index.js";
import { MariaDb } from "../mariadb.js";
import { literal } from "../postgres.js";
import { cleanUp } from "../sandbox.js";
import { faultOf } from "../store-fault.js";
import { PASSWORD, type SqlServer } from "./sql.js";

/** A MariaDB with a user and a database for stores. */
export class MysqlStores implements SqlServer {
	static async start(settings?: readonly string[]): Promise<MysqlStores> {
		const server = await MariaDb.start(settings);
		await server.sql(`SET autocommit = 1; CREATE USER trocla@'127.0.0.1' IDENTIFIED BY ${literal(PASSWORD)}`);
		await server.sql("SET autocommit = 1; CREATE DATABASE trocla; GRANT ALL ON trocla.* TO trocla@'127.0.0.1'");
		return new MysqlStores(server);
	}

	readonly server: MariaDb;

	private constructor(server: MariaDb) {
		this.server = server;
	}

	get port(): number {
		return this.server.port;
	}

	url(port = this.port, host = "127.0.0.1"): string {
		return `mysql://trocla@${host}:${port}/trocla`;
	}

	open(options: object = {}, create = true): Promise<Backend> {
		return openStore("mysql", { url: this.url(), password: PASSWORD, ...options }, create);
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

	resume(): Promise<void> {
		return this.server.resume();
	}

	stop(): Promise<void> {
		return this.server.stop();
	}
}
