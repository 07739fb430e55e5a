import {
	appendFileSync,
	chmodSync,
	mkdirSync,
	readFileSync,
	rmdirSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { hostname, userInfo } from "node:os";
import { describe, expect, test } from "vitest";
import { identify } from "../../../src/audit/audit.js";
import { headFile } from "../../../src/audit/head.js";
import { openTrocla } from "../../../src/index.js";
import { IDENTITY, parse, sha256sum, store, TestAudit } from "../../support/audit.js";
import { Sandbox } from "../../support/sandbox.js";

const zeros = "0".repeat(64);

describe("a line", () => {
	test("tells who did what when, and nothing else", async () => {
		const audit = new TestAudit();
		const now = () => new Date("2026-03-01T12:00:00.123Z");
		await store(audit.open({ now }), "alice", "sha512crypt");
		expect(audit.lines()).toEqual([
			{
				n: 1,
				time: "2026-03-01T12:00:00.123Z",
				...IDENTITY,
				action: "get",
				key: "alice",
				format: "sha512crypt",
				outcome: "stored",
				prev: zeros,
			},
		]);
		expect(statSync(audit.file).mode & 0o777).toBe(0o600);
	});

	test("carries the SHA-256 of the one before, whatever is in it", async () => {
		const audit = new TestAudit();
		for (const key of ["ä\u2028ö", '"\\', "👩‍👩‍👧", "x".repeat(512)]) await store(audit.open(), key);
		const lines = readFileSync(audit.file, "utf8").split("\n").slice(0, -1);
		const { length } = lines;
		expect(length).toBe(4);
		const hashes = lines.map((line) => sha256sum(line));
		expect(audit.lines().map(({ prev }) => prev)).toEqual([zeros, ...hashes.slice(0, -1)]);
		expect(await audit.faults()).toEqual([]);
	});

	test("names the user, who called sudo, the host and the program, but no argument", () => {
		const env = { SUDO_USER: "alice", SUDO_UID: "1000", SUDO_COMMAND: "/usr/bin/trocla set x plain -p secret" };
		expect(identify("trocla set", env)).toEqual({
			user: userInfo().username,
			uid: process.getuid?.(),
			sudo_user: "alice",
			sudo_uid: 1000,
			host: hostname(),
			process: { pid: process.pid, name: "trocla set" },
		});
		expect(identify(undefined, {})).not.toHaveProperty("sudo_user");
		expect(identify(undefined, {}).process.name).not.toContain("/");
		expect(JSON.stringify(identify("x", { SUDO_USER: "y".repeat(100_000) })).length).toBeLessThan(1000);
	});

	test("is written of what was done to the store as a whole", async () => {
		const audit = new TestAudit();
		await audit.open().noted({ action: "export", outcome: "done", count: 3 });
		expect(audit.lines()).toMatchObject([{ action: "export", outcome: "done", count: 3 }]);
	});
});

describe("the chain", () => {
	test("is one where 20 stores in one process write at once", async () => {
		const audit = new TestAudit();
		const writers = Array.from({ length: 20 }, () => audit.open());
		await Promise.all(writers.flatMap((writer, i) => [0, 1, 2, 3].map((j) => store(writer, `key${i}-${j}`))));
		expect(audit.lines().map(({ n }) => n)).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
		expect(await audit.faults()).toEqual([]);
	});

	test("goes on where a process died before it could tell the head", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 3);
		const behind = readFileSync(headFile(audit.file));
		await audit.fill(4, 6);
		writeFileSync(headFile(audit.file), behind);
		expect(await audit.faults()).toEqual([]);
		await audit.fill(7, 7);
		expect(audit.lines().map(({ key }) => key)).toEqual([1, 2, 3, 4, 5, 6, 7].map((i) => `key${i}`));
		expect(await audit.faults()).toEqual([]);
	});

	test.each(["", "half an ent"])("goes on where the head was lost, but for %j", async (rest) => {
		const audit = new TestAudit();
		await audit.fill(1, 3);
		writeFileSync(headFile(audit.file), rest);
		expect(await audit.findings()).toMatchObject([{ state: "note" }, { state: "ok" }]);
		await audit.fill(4, 4);
		expect(audit.lines()).toHaveLength(4);
		expect(await audit.faults()).toEqual([]);
	});

	test("survives a head that was half written when the power went", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 5);
		const { size } = statSync(headFile(audit.file));
		truncateSync(headFile(audit.file), size - 10);
		await audit.fill(6, 6);
		appendFileSync(headFile(audit.file), Buffer.alloc(3000));
		await audit.fill(7, 8);
		expect(audit.lines()).toHaveLength(8);
		expect(await audit.faults()).toEqual([]);
	});

	test("goes on after a line that a crash cut off, which is marked and not taken for a forgery", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 3);
		const behind = readFileSync(headFile(audit.file));
		await audit.fill(4, 4);
		writeFileSync(headFile(audit.file), behind);
		for (const cut of [1, 10, 100, 200]) {
			const whole = readFileSync(audit.file);
			appendFileSync(audit.file, whole.subarray(0, cut));
			expect(await audit.faults()).toEqual([]);
			await audit.fill(5, 5);
			expect(await audit.faults()).toEqual([]);
			const lines = readFileSync(audit.file, "utf8").split("\n");
			expect(JSON.parse(lines.at(-3) ?? "")).toMatchObject({ action: "audit", outcome: "torn" });
			expect(lines.at(-4)).toBe(whole.toString("utf8", 0, cut));
		}
	});

	test("takes a line that only lacks its newline as it is", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 2);
		const behind = readFileSync(headFile(audit.file));
		await audit.fill(3, 3);
		writeFileSync(headFile(audit.file), behind);
		truncateSync(audit.file, statSync(audit.file).size - 1);
		expect(await audit.faults()).toEqual([]);
		await audit.fill(4, 4);
		expect(audit.lines().map(({ key }) => key)).toEqual(["key1", "key2", "key3", "key4"]);
		expect(await audit.faults()).toEqual([]);
	});

	test("has the line of a process that died before it could append it", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 3);
		const text = readFileSync(audit.file);
		await audit.fill(4, 4);
		// What it had announced, without the word that confirms it.
		const announced = readFileSync(headFile(audit.file)).subarray(0, -"confirmed\n".length);
		for (const written of [0, 1, 100, 10_000]) {
			const whole = readFileSync(audit.file);
			writeFileSync(audit.file, Buffer.concat([text, whole.subarray(text.length).subarray(0, written)]));
			writeFileSync(headFile(audit.file), announced);
			expect(await audit.faults()).toEqual([]);
			await audit.fill(5, 5);
			expect(await audit.faults()).toEqual([]);
			const keys = readFileSync(audit.file, "utf8").match(/(?<="key":")\w+(?=",)/g);
			expect(keys).toEqual(["key1", "key2", "key3", "key4", "key5"]);
			writeFileSync(audit.file, whole);
		}
	});

	test("has a head that does not grow without an end", async () => {
		const audit = new TestAudit();
		const writer = audit.open();
		await Promise.all(Array.from({ length: 12_000 }, (_, i) => store(writer, `key${i}`)));
		await audit.fill(1, 3);
		expect(statSync(headFile(audit.file)).size).toBeLessThan(2 * 1024 * 1024);
		expect(audit.lines()).toHaveLength(12_003);
		expect(await audit.faults()).toEqual([]);
	});
});

describe("an audit that can't be written", () => {
	test("warns once, and writes its lines when it can be again", async () => {
		const audit = new TestAudit();
		mkdirSync(audit.file);
		const writer = audit.open();
		await store(writer, "a");
		await store(writer, "b");
		expect(audit.warnings).toEqual([expect.stringMatching(/^the audit .* can't be written: .*What was done stands$/)]);
		rmdirSync(audit.file);
		await store(writer, "c");
		await writer.settle();
		expect(audit.lines().map(({ key }) => key)).toEqual(["a", "b", "c"]);
		expect(audit.warnings).toHaveLength(1);
	});

	test("tells the lines that it lost, as they would have been", async () => {
		const audit = new TestAudit();
		mkdirSync(audit.file);
		const writer = audit.open();
		await store(writer, "alice");
		await writer.settle();
		const [, told = ""] = audit.warnings;
		expect(told).toMatch(/^not in the audit: /);
		expect(JSON.parse(told.slice(told.indexOf("{")))).toMatchObject({ ...IDENTITY, key: "alice", outcome: "stored" });
	});
});

test("a program that opens a store with an audit finds each of its changes there, and no value", async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("deep/log/audit.jsonl");
	const config = { store: "memory" as const, audit: { file } };
	const values: string[] = [];
	{
		await using trocla = await openTrocla({ config });
		values.push(await trocla.get("alice", "mysql"), await trocla.get("alice", "plain"));
		values.push(
			await trocla.get("alice", "mysql"),
			await trocla.set("bob", "sha1", "hunter2-secret"),
			"hunter2-secret",
		);
		values.push(await trocla.reset("alice", "plain"));
		await trocla.handOut("alice", async ({ plain = "" }) => void values.push(plain));
		await trocla.set("carol", "plain", "carols-secret");
		await trocla.handOut("carol", () => Promise.reject(new Error("nobody there"))).catch(() => {});
		await trocla.delete("bob");
	}
	const text = readFileSync(file, "utf8");
	expect(parse(text).map(({ action, key, format, outcome }) => `${action} ${key} ${format} ${outcome}`)).toEqual([
		"get alice plain stored",
		"get alice mysql stored",
		"set bob sha1 stored",
		"reset alice plain stored",
		"reset alice mysql removed",
		"hand-out alice plain claimed",
		"hand-out alice plain delivered",
		"set carol plain stored",
		"hand-out carol plain claimed",
		"hand-out carol plain undelivered",
		"delete bob sha1 removed",
	]);
	for (const value of [...values, "carols-secret"]) expect(text).not.toContain(value);
	expect(statSync(sandbox.path("deep/log")).mode & 0o777).toBe(0o700);
});

test("a program is refused an audit that it can't write, before anything is changed", async () => {
	const sandbox = new Sandbox();
	const refused = async (file: string) =>
		await openTrocla({ config: { store_options: { path: sandbox.store }, audit: { file } } }).catch(
			(error: unknown) => error,
		);
	const named = (name: string, mode: number, text = "") => {
		writeFileSync(sandbox.path(name), text, { mode });
		return sandbox.path(name);
	};
	mkdirSync(sandbox.path("open"));
	chmodSync(sandbox.path("open"), 0o777);
	const exposed = named("exposed", 0o600);
	chmodSync(exposed, 0o620);
	for (const [file, message] of [
		[exposed, "can be written by others"],
		[sandbox.path("open/audit"), "is in a directory that others can write to"],
		[sandbox.directory, "is not a file"],
		["/dev/full", "is not a file"],
		[`${exposed}/audit`, "is below something that is not a directory"],
		["/proc/nope/audit", "can't be written"],
		[named("other", 0o600, "root:x:0:0\n"), "is not an audit of trocla's"],
		["a\0b", "can't be looked at"],
	] as const) {
		expect(await refused(file), file).toMatchObject({ code: "store", message: expect.stringContaining(message) });
	}
	expect(await refused(exposed)).toMatchObject({ hint: expect.stringContaining(`chmod 600 ${exposed}`) });
	expect(() => statSync(sandbox.store)).toThrow("ENOENT");
	expect(readFileSync(sandbox.path("other"), "utf8")).toBe("root:x:0:0\n");
});
