import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { KeyvSqlite } from "@keyv/sqlite";
import Keyv from "keyv";
import { describe, expect, test } from "vitest";
import type { Backend } from "../../backends/backend.js";
import { openStore } from "../../backends/index.js";
import { cleanUp, Sandbox } from "../support/sandbox.js";
import { replay } from "../support/shown.js";
import { all, conforms } from "./conformance.js";

function directory(): string {
	const path = mkdtempSync(join(tmpdir(), "trocla-test-"));
	cleanUp(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

/** A store with a real adapter, which is a package. */
async function openSqlite(file = ":memory:"): Promise<Backend> {
	const adapter = { name: "@keyv/sqlite", from: import.meta.dirname };
	return await openStore("keyv", { adapter, uri: `sqlite://${file}`, seconds: 60 }, true);
}

/** A store with a module of the site's own, with this text. */
async function openModule(text: string, options: { readonly [name: string]: unknown } = {}): Promise<Backend> {
	const file = join(directory(), "adapter.mjs");
	writeFileSync(file, text, { mode: 0o600 });
	const backend = await openStore("keyv", { adapter: { name: file, from: "/" }, ...options }, true);
	cleanUp(() => backend.close());
	return backend;
}

describe("@keyv/sqlite", () => conforms(() => openSqlite()));
describe("a module that makes a Map", () => conforms(() => openModule("export default () => new Map()")));

test("a Keyv of the namespace trocla reads what is stored, and what it writes is read", async () => {
	const file = join(directory(), "keyv.sqlite");
	const backend = await openSqlite(file);
	cleanUp(() => backend.close());
	const other = new Keyv({ store: new KeyvSqlite(`sqlite://${file}`), namespace: "trocla" });
	cleanUp(() => other.disconnect());
	await backend.swap("a", undefined, "text");
	expect(await other.get("a")).toBe("text");
	await other.set("b", "of Keyv");
	expect(await backend.readMany(["a", "b"])).toEqual(["text", "of Keyv"]);
	await other.set("c", 1);
	await expect(backend.read("c")).rejects.toMatchObject({ fault: "damaged", key: "c" });
});

/** An adapter with a Map below whose one method is another. */
const faulty = (method: string) => `
	import { EventEmitter } from "node:events";
	export default class extends EventEmitter {
		rows = new Map();
		async get(key) { return this.rows.get(key); }
		async set(key, value) { this.rows.set(key, value); }
		async delete(key) { return this.rows.delete(key); }
		async clear() {}
		${method}
	}`;

describe("an adapter that", () => {
	test("only emits what goes wrong is not believed", async () => {
		const backend = await openModule(faulty(`async get() { this.emit("error", new Error("gone")); }`));
		await expect(backend.read("a")).rejects.toMatchObject({
			fault: "unavailable",
			message: expect.stringMatching(/: gone$/),
		});
		await expect(backend.swap("a", undefined, "1")).rejects.toMatchObject({ name: "BackendError" });
	});

	test("throws is told of, without the password", async () => {
		const backend = await openModule(
			faulty(`constructor(options) { super(); this.options = options; }
				async get() { throw new Error("no " + JSON.stringify(this.options)); }`),
			{ options: { host: "db" }, password: "s3cret" },
		);
		const error = await backend.read("a").then(
			() => expect.fail(),
			(reason) => reason,
		);
		expect(error.message).toContain(`no {"host":"db","password":"..."}`);
	});

	test("throws is told of without the password that is in its URI", async () => {
		const backend = await openModule(
			faulty(`constructor(uri) { super(); this.uri = uri; }
				async get() { throw new Error("no " + this.uri); }`),
			{ uri: "redis://u@db", password: "s3cret:/@" },
		);
		await expect(backend.read("a")).rejects.toMatchObject({
			message: expect.stringMatching(/: no redis:\/\/u:\.\.\.@db$/),
		});
	});

	test("does not store is found out", async () => {
		const backend = await openModule(faulty("async set() { return true; }"));
		await expect(backend.swap("a", undefined, "1")).rejects.toMatchObject({ fault: "unknown", key: "a" });
		expect(await backend.read("a")).toBeUndefined();
	});

	test("never answers is given up", async () => {
		const backend = await openModule(faulty("get() { return new Promise(() => {}); }"), { seconds: 1 });
		await expect(backend.read("a")).rejects.toMatchObject({
			message: expect.stringContaining("no answer in 1 seconds"),
		});
	});

	test("can't list its keys stores them all the same", async () => {
		const backend = await openModule(faulty(""));
		expect(await backend.swap("a", undefined, "1")).toBe(true);
		await expect(all(backend.keys())).rejects.toMatchObject({
			message: expect.stringContaining("can't list its keys"),
		});
	});
});

describe("an adapter is refused that", () => {
	test("is not installed, with the command that installs it", async () => {
		const adapter = { name: "@keyv/nowhere", from: "/etc/trocla" };
		await expect(openStore("keyv", { adapter }, true)).rejects.toMatchObject({
			message: "there is no adapter @keyv/nowhere in /etc/trocla, nor where trocla is installed",
			hint: "Run: npm install --prefix /etc/trocla @keyv/nowhere",
		});
	});

	test.each([
		["is none", "export default class { get() {} }", "is no adapter of Keyv's"],
		["can't be loaded", "import 'nowhere-to-be-found'", "can't be loaded"],
		["can't be made", "export default class { constructor() { throw new Error('no such host') } }", "no such host"],
	])("%s", async (_, text, message) => {
		await expect(openModule(text)).rejects.toMatchObject({
			fault: "unavailable",
			message: expect.stringContaining(message),
		});
	});

	test("others can write", async () => {
		const file = join(directory(), "adapter.mjs");
		writeFileSync(file, "export default () => new Map()");
		const open = () => openStore("keyv", { adapter: { name: file, from: "/" } }, true);
		chmodSync(file, 0o666);
		await expect(open()).rejects.toMatchObject({ fault: "exposed", hint: `Run: chmod go-w ${file}` });
		chmodSync(file, 0o600);
		chmodSync(dirname(file), 0o777);
		await expect(open()).rejects.toMatchObject({ fault: "exposed", hint: `Run: chmod go-w ${dirname(file)}` });
	});
});

test.each([
	[{ uri: "redis://db", options: {} }, "store_options has uri and options"],
	[{ options: { uri: "redis://u:p@db" } }, "store_options.options.uri holds a password"],
	[{ options: { password: "p" } }, "store_options.options.password holds a password"],
])("the options %j are refused", async (options, message) => {
	await expect(openModule("export default () => new Map()", options)).rejects.toThrow(message);
});

test.each([
	[{ uri: "redis://u@db:1/2", password: "p:/@" }, "redis://u:p%3A%2F%40@db:1/2"],
	[
		{ options: { uri: "redis://u@db", table: "t" }, password: "p" },
		{ uri: "redis://u:p@db", table: "t" },
	],
	[{ options: { table: "t" } }, { table: "t" }],
	[{ password: "p" }, { password: "p" }],
])("an adapter is given %j as its own", async (options, given) => {
	const backend = await openModule(
		`export default (given) => ({ get: () => ({ value: JSON.stringify(given) }), set() {}, delete() {}, clear() {} })`,
		options,
	);
	expect(JSON.parse((await backend.read("a")) ?? "")).toEqual(given);
});

describe("the command", () => {
	test("does what docs/stores.md shows", async () => {
		const text = readFileSync(join(import.meta.dirname, "../../docs/stores.md"), "utf8");
		const [, section = ""] = /^## Any adapter of Keyv's\n(.*?)^## /ms.exec(text) ?? [];
		expect(await replay(section)).toBe(1);
	});

	test("finds an adapter beside its configuration, and none in the working directory", async () => {
		const sandbox = new Sandbox();
		const install = (where: string, rows: string) => {
			mkdirSync(join(where, "node_modules/my-adapter"), { recursive: true });
			const text = `module.exports = class { opts = {}; rows = ${rows}; get(k) { return this.rows.get(k) } set(k, v) { this.rows.set(k, v) } delete(k) {} clear() {} }`;
			writeFileSync(join(where, "node_modules/my-adapter/index.js"), text);
		};
		sandbox.configure({ store: "keyv", store_options: { adapter: "my-adapter" } });
		sandbox.env.TROCLA_CONFIG = sandbox.path("etc/troclarc.yaml");
		mkdirSync(sandbox.path("etc"));
		writeFileSync(sandbox.path("etc/troclarc.yaml"), "store: keyv\nstore_options: {adapter: my-adapter}\n", {
			mode: 0o600,
		});
		install(sandbox.path("work"), "null");
		const outside = await sandbox.shell("cd work && trocla get a plain");
		expect(outside).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no adapter my-adapter in") });
		install(sandbox.path("etc"), "new Map()");
		const found = await sandbox.shell("cd work && trocla get a plain");
		expect(found).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S{16}\n$/) });
		expect(found.stderr).toContain("trocla: warning: Keyv has no compare-and-set");
	});

	test("takes no password in its configuration, and does not show it", async () => {
		const sandbox = new Sandbox();
		sandbox.configure({ store: "keyv", store_options: { adapter: "@keyv/sqlite", uri: "redis://u:s3cret@db" } });
		const { code, stderr } = await sandbox.run(["get", "a", "plain"]);
		expect({ code, stderr }).toMatchObject({
			code: 1,
			stderr: expect.stringContaining("store_options.uri holds a password"),
		});
		expect(stderr).not.toContain("s3cret");
		sandbox.configure({ store: "keyv", store_options: {} });
		expect((await sandbox.run(["get", "a", "plain"])).stderr).toMatch(/store: keyv needs adapter\n.*@keyv\/postgres/);
	});

	test("keeps passwords with a package that is installed with trocla, and the doctor says what is missing", async () => {
		const sandbox = new Sandbox();
		const uri = `sqlite://${sandbox.path("keyv.sqlite")}`;
		sandbox.configure({ store: "keyv", store_options: { adapter: "@keyv/sqlite", uri } });
		const first = await sandbox.run(["get", "a", "plain"]);
		expect(first.code, first.stderr).toBe(0);
		expect((await sandbox.run(["get", "a", "plain"])).stdout).toBe(first.stdout);
		expect((await sandbox.run(["search", "."])).stdout).toBe("a\n");
		const { stdout } = await sandbox.run(["doctor"]);
		expect(stdout).toMatch(/note +store: Keyv has no compare-and-set/);
		expect(stdout).toContain("keyv: 1 key, which is sound");
	});
});
