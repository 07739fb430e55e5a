import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openStore } from "../../../backends/index.js";
import { conforms } from "../../backends/conformance.js";
import { MariaDb } from "../../support/mariadb.js";
import { missing } from "../../support/peers.js";
import { literal } from "../../support/postgres.js";
import { cleanUp } from "../../support/sandbox.js";

const PASSWORD = "it's a %40 pass";

describe.skipIf(missing("mariadb", "mariadbd", "mariadb-install-db"))("MariaDB (needs mariadb-server)", () => {
	let mariadb: MariaDb;
	let tables = 0;

	beforeAll(async () => {
		mariadb = await MariaDb.start(["max-connections=300"]);
		await mariadb.sql(`CREATE USER trocla@'127.0.0.1' IDENTIFIED BY ${literal(PASSWORD)}`);
		await mariadb.sql("CREATE DATABASE trocla; GRANT ALL ON trocla.* TO trocla@'127.0.0.1'");
	});
	afterAll(() => mariadb?.stop());

	const freshTable = () => `t${++tables}`;
	const url = (user = "trocla", database = "trocla") => `mysql://${user}@127.0.0.1:${mariadb.port}/${database}`;
	const open = (options: object = {}, create = true) =>
		openStore("mysql", { url: url(), password: PASSWORD, ...options }, create);

	async function opened(options: object = {}, create = true): Promise<Backend> {
		const backend = await open(options, create);
		cleanUp(() => backend.close());
		return backend;
	}

	conforms(() => open({ table: freshTable() }));
	test("x", async () => {
		expect(await (await opened()).read("a")).toBe(undefined);
	});
});
