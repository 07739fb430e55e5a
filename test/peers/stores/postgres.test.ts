import { KeyvPostgres } from "@keyv/postgres";
import Keyv from "keyv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { grouped } from "../../../backends/grouped.js";
import { openStore } from "../../../backends/index.js";
import { all, conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { PgBouncer } from "../../support/pgbouncer.js";
import { literal, Postgres } from "../../support/postgres.js";
import { cleanUp } from "../../support/sandbox.js";

const PASSWORD = "it's a %40 pass";

describe.skipIf(missing("initdb", "postgres", "psql", "pgbouncer"))("PostgreSQL (needs postgresql, pgbouncer)", () => {
	let postgres: Postgres;
	let tables = 0;

	beforeAll(async () => {
		postgres = await Postgres.start({ settings: ["fsync=on", "max_connections=300"] });
		await postgres.sql(`CREATE ROLE trocla LOGIN PASSWORD ${literal(PASSWORD)}`);
		await postgres.sql("CREATE DATABASE trocla OWNER trocla");
	});
	afterAll(() => postgres?.stop());

	const sql = (text: string) => postgres.sql(text, "trocla");
	const freshTable = () => `t${++tables}`;
	const url = (user = "trocla", database = "trocla") => `postgres://${user}@127.0.0.1:${postgres.port}/${database}`;
	const open = (options: object = {}, create = true) =>
		openStore("postgres", { url: url(), password: PASSWORD, ...options }, create);

	async function opened(options: object = {}, create = true): Promise<Backend> {
		const backend = await open(options, create);
		cleanUp(() => backend.close());
		return backend;
	}

	conforms(() => open({ table: freshTable() }));

	describe("Keyv", () => {
		/** A Keyv program, with its own adapter on a table. */
		function keyv(table: string): Keyv {
			const uri = `postgres://postgres@localhost:${postgres.port}/trocla?host=${postgres.socket}`;
			const adapter = new KeyvPostgres({ uri, table });
			cleanUp(() => adapter.disconnect());
			return new Keyv({ store: adapter, namespace: "trocla" });
		}

		test("reads what is stored, and writes what can be read, replaced and deleted", async () => {
			const table = freshTable();
			const backend = await opened({ table });
			const program = keyv(table);
			for (const [key, text] of Object.entries({ a: "1", "é'%": '{"v":1}', colon: ":x", ["K".repeat(512)]: "long" })) {
				await backend.swap(key, undefined, text);
				expect(await program.get(key)).toBe(text);
				await program.set(key, `${text}!`);
				expect(await backend.read(key)).toBe(`${text}!`);
				expect(await backend.swap(key, text, "x")).toBe(false);
				expect(await backend.swap(key, `${text}!`, "x")).toBe(true);
				expect(await program.getMany([key, "-"])).toEqual(["x", undefined]);
			}
			const pairs: unknown[] = [];
			for await (const pair of program.iterator?.("trocla") ?? []) pairs.push(pair);
			expect(pairs).toHaveLength(4);
			expect(await program.delete("a")).toBe(true);
			expect(await backend.read("a")).toBeUndefined();
		});

		test.each([
			["an expiry of none", '{"value":"x","expires":null}'],
			["other spaces", '{ "value" : "x" }'],
			["escapes", '{"value":"\\u0078"}'],
		])("of another version may have written a row with %s", async (_, row) => {
			const table = freshTable();
			const backend = await opened({ table });
			const write = () => sql(`INSERT INTO ${table} VALUES ('trocla:a', ${literal(row)}) ON CONFLICT DO NOTHING`);
			await write();
			expect(await backend.swap("a", "y", "z")).toBe(false);
			expect(await backend.swap("a", "x", "z")).toBe(true);
			expect(await backend.swap("a", "z", undefined)).toBe(true);
			await write();
			expect(await Promise.all(backend.swapMany([{ key: "a", before: "x", after: undefined }]))).toEqual([true]);
		});

		test("has keys of other namespaces in the same table, which are left alone", async () => {
			const table = freshTable();
			const backend = await opened({ table });
			await sql(
				`INSERT INTO ${table} VALUES ('other:a', '1'), ('trocla', '2'), ('troclb:a', '3'), ('trocla:bad', 'oops')`,
			);
			await backend.swap("a", undefined, "x");
			expect(await all(backend.keys())).toEqual(["a", "bad"]);
			await expect(backend.read("bad")).rejects.toMatchObject({ fault: "damaged", key: "bad" });
			expect(await grouped(backend).read("a")).toBe("x");
		});
	});

	describe("the table", () => {
		test("is made once, however many make it at once", async () => {
			const table = freshTable();
			const backends = await Promise.all(Array.from({ length: 20 }, () => opened({ table })));
			const won = await Promise.all(backends.map((backend, n) => backend.swap("a", undefined, `${n}`)));
			expect(won.filter(Boolean)).toHaveLength(1);
		});

		test("is not made where that is not wanted, and an error says what makes it", async () => {
			const table = freshTable();
			await expect(open({ table }, false)).rejects.toMatchObject({
				message: `postgres://127.0.0.1:${postgres.port}/trocla: there is no table "public"."${table}" yet`,
				hint: expect.stringContaining("first password"),
			});
			await opened({ table });
			await opened({ table }, false);
		});

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
			const error = await open({ table }).then(
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
			const { hint = "" } = await open({ table }).then(
				() => ({ hint: "" }),
				(error: { hint?: string }) => error,
			);
			await sql(hint.replace(/^Run, as its owner: /, ""));
			await opened({ table });
		});

		test("may be in another schema, and have any name", async () => {
			await sql('CREATE SCHEMA "My Secrets" AUTHORIZATION trocla');
			const options = { schema: "My Secrets", table: 'key"v; --' };
			await (await opened(options)).swap("a", undefined, "1");
			expect(await sql(`SELECT key FROM "My Secrets"."key""v; --"`)).toEqual(["trocla:a"]);
		});

		test.each(["LATIN1", "SQL_ASCII"])("is not made in a database of %s", async (encoding) => {
			await postgres.sql(`CREATE DATABASE ${encoding} OWNER trocla ENCODING '${encoding}' TEMPLATE template0`);
			await expect(open({ url: url("trocla", encoding.toLowerCase()) })).rejects.toMatchObject({
				message: expect.stringContaining(encoding),
				hint: expect.stringContaining("ENCODING 'UTF8'"),
			});
		});
	});

	test("a user who may only read and write the table's rows is enough, and one who may only read is told so", async () => {
		const table = freshTable();
		await (await opened({ table })).swap("a", undefined, "1");
		await postgres.sql(
			`CREATE ROLE writer LOGIN PASSWORD ${literal(PASSWORD)}; CREATE ROLE reader LOGIN PASSWORD ${literal(PASSWORD)}`,
		);
		await sql(`GRANT SELECT ON ${table} TO writer, reader; GRANT INSERT, UPDATE, DELETE ON ${table} TO writer`);
		const writer = await opened({ table, url: url("writer") });
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
		const reader = await opened({ table, url: url("reader") });
		expect(await reader.read("a")).toBe("3");
		await expect(reader.swap("a", "3", "4")).rejects.toMatchObject({
			message: expect.stringContaining("permission denied"),
			hint: expect.stringContaining("INSERT"),
		});
		expect(await reader.check()).toMatchObject([{ hint: expect.stringMatching(/GRANT .* ON "public"/) }]);
		await expect(open({ table: "notmade", url: url("writer") })).rejects.toMatchObject({
			message: expect.stringContaining("not allowed"),
		});
	});

	test("in a group the swap that the server refuses leaves the others alone", async () => {
		const table = freshTable();
		const backend = await opened({ table });
		await sql(`ALTER TABLE ${table} ADD CHECK (value NOT LIKE '%never%')`);
		const swaps = Array.from({ length: 9 }, (_, n) => ({
			key: `k${n}`,
			before: undefined,
			after: n === 4 ? "never" : `${n}`,
		}));
		const answers = await Promise.allSettled(backend.swapMany(swaps));
		expect(answers.map(({ status }) => status === "fulfilled")).toEqual(swaps.map((_, n) => n !== 4));
		expect(await all(backend.keys())).toHaveLength(8);
	});

	test.each(["serializable", "repeatable read"])(
		"swaps that meet each other are done where transactions are %s",
		async (level) => {
			const role = level.replace(" ", "_");
			await postgres.sql(
				`CREATE ROLE ${role} LOGIN PASSWORD ${literal(PASSWORD)}; ALTER ROLE ${role} SET default_transaction_isolation = '${level}'; GRANT trocla TO ${role}`,
			);
			const table = freshTable();
			await opened({ table });
			const many = await opened({ table, url: url(role) });
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

	test("many swaps in opposite orders don't lock each other out", async () => {
		const backend = await opened({ table: freshTable() });
		const swaps = (before: string | undefined, after: string) =>
			Array.from({ length: 200 }, (_, n) => ({ key: `k${n}`, before, after }));
		await Promise.all(backend.swapMany(swaps(undefined, "0")));
		for (let round = 0; round < 10; round++) {
			const [one, other] = await Promise.all([
				Promise.all(backend.swapMany(swaps(`${round}`, `${round + 1}`))),
				Promise.all(backend.swapMany(swaps(`${round}`, `${round + 1}`).reverse())),
			]);
			expect(one.filter(Boolean).length + other.filter(Boolean).length).toBe(200);
		}
		expect(await sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'trocla'")).toEqual(["0"]);
	});

	describe("behind PgBouncer, which gives each transaction another connection,", () => {
		let bouncer: PgBouncer;
		beforeAll(async () => {
			bouncer = await PgBouncer.start(postgres, { user: "trocla", password: PASSWORD });
		});
		afterAll(() => bouncer?.stop());

		conforms(() => open({ table: freshTable(), url: `postgres://trocla@127.0.0.1:${bouncer.port}/trocla` }));
	});
});
