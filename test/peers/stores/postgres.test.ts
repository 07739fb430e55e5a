import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { PgBouncer } from "../../support/pgbouncer.js";
import { literal } from "../../support/postgres.js";
import { PostgresStores } from "../../support/stores/postgres-stores.js";
import { freshTable, keepsKeyvsRows, PASSWORD } from "../../support/stores/sql.js";

describe.skipIf(missing("initdb", "postgres", "psql", "pgbouncer"))("PostgreSQL (needs postgresql, pgbouncer)", () => {
	let stores: PostgresStores;

	beforeAll(async () => {
		stores = await PostgresStores.start({ settings: ["fsync=on", "max_connections=300"] });
	});
	afterAll(() => stores?.stop());

	const administer = (text: string) => stores.server.sql(text);
	const sql = (text: string) => stores.sql(text);
	const url = (user: string, database = "trocla") => `postgres://${user}@127.0.0.1:${stores.port}/${database}`;

	conforms(() => stores.open({ table: freshTable() }));

	keepsKeyvsRows(() => stores);

	describe("the table", () => {
		test.each([
			["(id int PRIMARY KEY, name text)", "is not a table of Keyv"],
			['(key text COLLATE "C" PRIMARY KEY, value text, owner text NOT NULL)', "is not a table of Keyv"],
			['(key text COLLATE "C", value text)', "is not a table of Keyv"],
			["(key bigint PRIMARY KEY, value text)", "is not a table of Keyv"],
		])("of another program, %s, is refused and not touched", async (columns, why) => {
			const table = freshTable();
			await sql(`CREATE TABLE ${table} ${columns}; ALTER TABLE ${table} OWNER TO trocla`);
			const dump = () =>
				sql(`SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${table}'`);
			const before = await dump();
			const error = await stores.open({ table }).then(
				() => undefined,
				(error: Error & { hint?: string }) => error,
			);
			expect(`${error?.message} ${error?.hint}`).toContain(why);
			expect(await dump()).toEqual(before);
		});

		test.each([
			["short keys, as Keyv's adapter makes it", "CREATE TABLE", "(key varchar(255) PRIMARY KEY, value text)"],
			[
				"a collation that would sort otherwise",
				"CREATE TABLE",
				'(key text COLLATE "und-x-icu" PRIMARY KEY, value text)',
			],
			["no log, so that a crash empties it", "CREATE UNLOGGED TABLE", '(key text COLLATE "C" PRIMARY KEY, value text)'],
		])("with %s is refused with what mends it", async (_, create, columns) => {
			const table = freshTable();
			await sql(`${create} ${table} ${columns}; ALTER TABLE ${table} OWNER TO trocla`);
			const { hint = "" } = await stores.open({ table }).then(
				() => ({ hint: "" }),
				(error: { hint?: string }) => error,
			);
			await sql(hint.replace(/^Run, as its owner: /, ""));
			await stores.opened({ table });
		});

		test("may be in another schema, and have any name", async () => {
			await sql('CREATE SCHEMA "My Secrets" AUTHORIZATION trocla');
			const options = { schema: "My Secrets", table: 'key"v; --' };
			await (await stores.opened(options)).swap("a", undefined, "1");
			expect(await sql(`SELECT key FROM "My Secrets"."key""v; --"`)).toEqual(["trocla:a"]);
		});

		test.each(["LATIN1", "SQL_ASCII"])("is not made in a database of %s", async (encoding) => {
			await administer(`CREATE DATABASE ${encoding} OWNER trocla ENCODING '${encoding}' TEMPLATE template0`);
			await expect(stores.open({ url: url("trocla", encoding.toLowerCase()) })).rejects.toMatchObject({
				message: expect.stringContaining(encoding),
				hint: expect.stringContaining("ENCODING 'UTF8'"),
			});
		});
	});

	test("a user who may only read and write the table's rows is enough, and one who may only read is told so", async () => {
		const table = freshTable();
		await (await stores.opened({ table })).swap("a", undefined, "1");
		await administer(
			`CREATE ROLE writer LOGIN PASSWORD ${literal(PASSWORD)}; CREATE ROLE reader LOGIN PASSWORD ${literal(PASSWORD)}`,
		);
		await sql(`GRANT SELECT ON ${table} TO writer, reader; GRANT INSERT, UPDATE, DELETE ON ${table} TO writer`);
		const writer = await stores.opened({ table, url: url("writer") });
		expect(await writer.swap("a", "1", "2")).toBe(true);
		expect(await writer.swap("b", undefined, "1")).toBe(true);
		expect(await writer.swap("b", "1", undefined)).toBe(true);
		expect(
			await Promise.all(
				writer.swapMany([
					{ key: "a", before: "2", after: "3" },
					{ key: "b", before: undefined, after: "1" },
				]),
			),
		).toEqual([true, true]);
		expect(await writer.check()).toEqual([]);
		const reader = await stores.opened({ table, url: url("reader") });
		expect(await reader.read("a")).toBe("3");
		await expect(reader.swap("a", "3", "4")).rejects.toMatchObject({
			message: expect.stringContaining("permission denied"),
			hint: expect.stringContaining("INSERT"),
		});
		expect(await reader.check()).toMatchObject([{ hint: expect.stringMatching(/GRANT .* ON "public"/) }]);
		await expect(stores.open({ table: "notmade", url: url("writer") })).rejects.toMatchObject({
			message: expect.stringContaining("not allowed"),
		});
	});

	test.each(["serializable", "repeatable read"])(
		"swaps that meet each other are done where transactions are %s",
		async (level) => {
			const role = level.replace(" ", "_");
			await administer(
				`CREATE ROLE ${role} LOGIN PASSWORD ${literal(PASSWORD)}; ALTER ROLE ${role} SET default_transaction_isolation = '${level}'; GRANT trocla TO ${role}`,
			);
			const table = freshTable();
			await stores.opened({ table });
			const many = await stores.opened({ table, url: url(role) });
			await many.swap("n", undefined, "0");
			const increment = async () => {
				for (;;) {
					const before = await many.read("n");
					if (await many.swap("n", before, `${Number(before) + 1}`)) return;
				}
			};
			await Promise.all(Array.from({ length: 30 }, increment));
			expect(await many.read("n")).toBe("30");
		},
	);

	test("many swaps at once don't lock each other out", async () => {
		expect(await sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'trocla'")).toEqual(["0"]);
	});

	describe("behind PgBouncer, which gives each transaction another connection,", () => {
		let bouncer: PgBouncer;
		beforeAll(async () => {
			bouncer = await PgBouncer.start(stores.server, { user: "trocla", password: PASSWORD });
		});
		afterAll(() => bouncer?.stop());

		conforms(() => stores.open({ table: freshTable(), url: `postgres://trocla@127.0.0.1:${bouncer.port}/trocla` }));
	});
});
