import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { KeyvSqlite } from "@keyv/sqlite";
import { describe, expect, test } from "vitest";
import { type ConfigInput, type Options, openTrocla } from "../../src/index.js";
import { all } from "../backends/conformance.js";
import { bundle, CHILD_ENV } from "../support/child.js";
import { cleanUp, run, Sandbox } from "../support/sandbox.js";

describe("a program", () => {
	test("opens a store by a configuration of its own, and finds again what it stored", async () => {
		const { store } = new Sandbox();
		const config: ConfigInput = {
			store_options: { path: store },
			profiles: { wifi: { length: 24, charset: "numeric" } },
		};
		let hash: string;
		{
			await using trocla = await openTrocla({ config });
			hash = await trocla.get("wifi", "sha512crypt", { profiles: "wifi" });
		}
		await using trocla = await openTrocla({ config });
		expect(await trocla.get("wifi", "sha512crypt")).toBe(hash);
		expect(await trocla.get("wifi", "plain")).toMatch(/^\d{24}$/);
	});

	test("opens the store of a configuration file", async () => {
		const sandbox = new Sandbox();
		await using trocla = await openTrocla({ config: sandbox.path("troclarc.yaml") });
		await trocla.get("alice", "plain");
		expect(statSync(sandbox.store).isFile()).toBe(true);
	});

	test("opens a memory store, which leaves nothing", async () => {
		await using trocla = await openTrocla({ config: { store: "memory" } });
		const plain = await trocla.get("alice", "plain");
		expect(await trocla.verify("alice", plain)).toBe("plain");
	});

	test("hears of warnings where it asks to", async () => {
		const warnings: string[] = [];
		await using trocla = await openTrocla({ config: { store: "memory" }, warn: (message) => warnings.push(message) });
		await trocla.get("alice", "plain");
		await trocla.get("alice", "plain", { length: 20 });
		expect(warnings).toEqual([expect.stringContaining("length 16, not 20")]);
	});

	test("may close the store itself before its block ends, and is told when it uses it after that", async () => {
		const { store } = new Sandbox();
		await using trocla = await openTrocla({ config: { store_options: { path: store } } });
		await trocla.close();
		await expect(trocla.get("alice", "plain")).rejects.toMatchObject({
			code: "store",
			message: `${store}: the store was closed already`,
		});
	});

	test("is refused a configuration that is wrong", async () => {
		// A program without types.
		const wrong: unknown[] = [{ stor: "memory" }, { store: "postgress" }, { options: { length: 0 } }];
		for (const config of wrong) {
			await expect(openTrocla({ config: config as ConfigInput })).rejects.toMatchObject({ code: "config" });
		}
	});

	// A program without types.
	const misuses: [unknown, string][] = [
		[null, "openTrocla takes a plain object, not null"],
		["/etc/troclarc.yaml", "openTrocla takes a plain object"],
		[{ confg: {} }, 'openTrocla has no member "confg"'],
		[{ warn: 5 }, "warn of openTrocla must be a function, not 5"],
		...[5, null, [], () => {}, new Map(), new URL("file:///x"), Promise.resolve({})].map(
			(config): [unknown, string] => [{ config }, "config of openTrocla must be a string or a plain object"],
		),
	];

	test.each(misuses)("is told of its misuse: %j", async (options, message) => {
		await expect(openTrocla(options as object)).rejects.toMatchObject({
			code: "invalid",
			message: expect.stringContaining(message),
			hint: expect.stringContaining("config"),
		});
	});

	test("is told of its misuse of each method, and nothing is changed", async () => {
		await using trocla = await openTrocla({ config: { store: "memory" } });
		await trocla.set("alice", "plain", "one");
		const invalid = { name: "TroclaError", code: "invalid" };
		await expect(trocla.get("alice", "plain", null as unknown as Options)).rejects.toMatchObject(invalid);
		await expect(trocla.reset("alice", "plain", null as unknown as Options)).rejects.toMatchObject(invalid);
		await expect(trocla.set("alice", "plain", "two", {}, null as unknown as object)).rejects.toMatchObject(invalid);
		await expect(trocla.delete("alice", "plain", null as unknown as object)).rejects.toMatchObject(invalid);
		await expect(trocla.handOut("alice", () => {}, null as unknown as object)).rejects.toMatchObject(invalid);
		await expect(trocla.handOut("alice", undefined as unknown as () => void)).rejects.toMatchObject(invalid);
		await expect(all(trocla.prune(null as unknown as object))).rejects.toMatchObject(invalid);
		expect(() => trocla.search("str" as unknown as RegExp)).toThrow("search takes a regular expression");
		expect(
			await trocla.get("alice", "plain", { length: undefined, expires: undefined, plain: { words: undefined } }),
		).toBe("one");
		expect(await trocla.delete("alice", "all")).toEqual({ plain: "one" });
	});
});

test("a file of garbage is refused when it is opened, by a process that lives on", async () => {
	const sandbox = new Sandbox();
	mkdirSync(dirname(sandbox.store), { mode: 0o700 });
	writeFileSync(sandbox.store, "garbage", { mode: 0o600 });
	bundle(
		`import { openTrocla } from "./src/index.js";
		openTrocla().catch((error) => setTimeout(() => console.log(error.code, error.message), 200));`,
		sandbox.path("program.cjs"),
	);
	const env = { ...sandbox.env, ...CHILD_ENV };
	expect(await run(process.execPath, [sandbox.path("program.cjs")], { env })).toEqual({
		code: 0,
		stdout: `damaged ${sandbox.store}: not a SQLite database\n`,
		stderr: "",
	});
	expect(readFileSync(sandbox.store, "utf8")).toBe("garbage");
});

test("one row that is not trocla's does not hide the others from search, faults and prune", async () => {
	const { store } = new Sandbox();
	await using trocla = await openTrocla({ config: { store_options: { path: store } } });
	for (const key of ["a", "c"]) await trocla.set(key, "plain", "x");
	const sqlite = new KeyvSqlite({ uri: `sqlite://${store}` });
	cleanUp(() => sqlite.close());
	await sqlite.query("INSERT INTO keyv VALUES ('trocla:b', 'not JSON')");
	expect(await all(trocla.search(/./))).toEqual(["a", "b", "c"]);
	expect(await all(trocla.faults())).toEqual([
		{ message: expect.stringContaining('the row of "b"'), hint: expect.stringContaining("sqlite3") },
	]);
	expect(await all(trocla.prune())).toEqual([]);
	await expect(trocla.get("b", "plain")).rejects.toMatchObject({ code: "damaged" });
});

test("what is wrong with a store as a whole is told with what to do about it", async () => {
	const { store } = new Sandbox();
	const config = { store_options: { path: store } };
	await (await openTrocla({ config })).close();
	const sqlite = new KeyvSqlite({ uri: `sqlite://${store}` });
	await sqlite.query("PRAGMA journal_mode=DELETE");
	await sqlite.close();
	await using trocla = await openTrocla({ config });
	expect(await all(trocla.faults())).toEqual([
		{
			message: `${store} is not in WAL mode, so readers and writers stop each other`,
			hint: `Run: sqlite3 ${store} 'PRAGMA journal_mode=WAL'`,
		},
	]);
});
