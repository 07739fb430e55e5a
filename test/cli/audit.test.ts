import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { type Line, parse } from "../support/audit.js";
import { isRoot } from "../support/nobody.js";
import { cleanUp, run, Sandbox, TROCLA } from "../support/sandbox.js";

/** A sandbox whose changes are audited. */
class AuditedSandbox extends Sandbox {
	readonly audit = this.path("log/audit.jsonl");

	constructor() {
		super();
		this.configure({ store_options: { path: this.store }, audit: { file: this.audit } });
	}

	get lines(): Line[] {
		return parse(readFileSync(this.audit, "utf8"));
	}

	/** What doctor finds out about the audit. */
	async doctor(): Promise<{ state: string; message: string }[]> {
		const { stdout } = await this.run(["doctor", "--json"]);
		const { findings }: { findings: { check: string; state: string; message: string }[] } = JSON.parse(stdout);
		return findings.filter(({ check }) => check === "audit");
	}
}

test("64 processes at once write one chain, with one line for each change and no value", async () => {
	const sandbox = new AuditedSandbox();
	const keys = Array.from({ length: 64 }, (_, i) => `key${i % 32}`);
	const outcomes = await Promise.all(keys.map((key) => sandbox.run(["get", key, "plain"])));
	expect(outcomes.filter(({ code, stderr }) => code !== 0 || stderr !== "")).toEqual([]);
	expect(sandbox.lines.map(({ n }) => n)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
	expect(sandbox.lines.map(({ key }) => key).sort()).toEqual([...new Set(keys)].sort());
	expect(await sandbox.doctor()).toMatchObject([{ state: "ok" }]);
	const text = readFileSync(sandbox.audit, "utf8");
	for (const { stdout } of outcomes) expect(text).not.toContain(JSON.stringify(stdout.trim()).slice(1, -1));
});

test("an audit survives SIGKILL, 100 times, and has all that was printed", async () => {
	const sandbox = new AuditedSandbox();
	const library = TROCLA.replace("cli/trocla.js", "library/index.js");
	const writer = `
		const { openTrocla } = require(${JSON.stringify(library)});
		openTrocla().then(async (trocla) => {
			for (let i = 0; ; i++) {
				const key = process.argv[1] + "-" + i;
				await trocla.get(key, "plain");
				require("fs").writeSync(1, key + "\\n");
			}
		});`;
	let printed = "";
	for (let kill = 0; kill < 50; kill++) {
		const pair = ["a", "b"].map((name) =>
			spawn(process.execPath, ["-e", writer, `${name}${kill}`], { env: sandbox.env }),
		);
		await Promise.all(
			pair.map(async (child) => {
				const closed = once(child, "close");
				child.stdout.on("data", (chunk: Buffer) => {
					printed += chunk;
				});
				await Promise.race([once(child.stdout, "data"), closed]);
				setTimeout(() => child.kill("SIGKILL"), Math.random() * 30);
				await closed;
			}),
		);
	}
	const keys = printed.split("\n").filter((key) => /^[ab]\d+-\d+$/.test(key));
	expect(keys.length).toBeGreaterThan(100);
	expect(await sandbox.doctor()).toMatchObject([{ state: "ok" }]);
	const audited = new Set(readFileSync(sandbox.audit, "utf8").match(/(?<="key":")[^"]*/g));
	expect(keys.filter((key) => !audited.has(key))).toEqual([]);
	expect((await run("ls", ["-A", sandbox.path("log")])).stdout).toBe(".audit.jsonl.head\naudit.jsonl\n");
}, 120_000);

test("each step of a hand-out is a line, with the command's name and none of its arguments", async () => {
	const sandbox = new AuditedSandbox();
	await sandbox.run(["set", "alice", "plain", "--json", "-p", "geheim-123"]);
	sandbox.env.SUDO_USER = "bob";
	await sandbox.shell("trocla delete alice plain > /dev/full");
	await sandbox.run(["--json", "delete", "alice", "plain"]);
	const told = sandbox.lines.map(({ process, action, outcome, sudo_user }) => ({
		process,
		action,
		outcome,
		sudo_user,
	}));
	const pid = expect.any(Number);
	expect(told).toEqual([
		{ process: { pid, name: "trocla set" }, action: "set", outcome: "stored", sudo_user: undefined },
		...["claimed", "undelivered", "claimed", "delivered"].map((outcome) => ({
			process: { pid, name: "trocla delete" },
			action: "hand-out",
			outcome,
			sudo_user: "bob",
		})),
	]);
	expect(readFileSync(sandbox.audit, "utf8")).not.toContain("geheim");
});

test("an expired key that is pruned is a line too", async () => {
	const sandbox = new AuditedSandbox();
	await sandbox.run(["get", "alice", "plain", "--expires", "1"]);
	await expect.poll(async () => (await sandbox.run(["prune"])).stdout, { timeout: 10_000 }).toBe("alice\n");
	expect(sandbox.lines.at(-1)).toMatchObject({ action: "prune", key: "alice", format: "plain", outcome: "removed" });
});

test("a stored value is printed without a line, and without a look at the audit's code", async () => {
	const sandbox = new AuditedSandbox();
	const made = await sandbox.run(["get", "alice", "plain"]);
	const before = statSync(sandbox.audit);
	rmSync(sandbox.path("log/.audit.jsonl.head"));
	expect(await sandbox.run(["get", "alice", "plain"])).toEqual(made);
	expect(statSync(sandbox.audit)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
	expect((await run("ls", ["-A", sandbox.path("log")])).stdout).toBe("audit.jsonl\n");
});

test.skipIf(!isRoot)("what is done stands where the audit's disk is full, and its lines are told", async ({ skip }) => {
	const sandbox = new AuditedSandbox();
	const disk = sandbox.path("log");
	mkdirSync(disk, { mode: 0o700 });
	const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", disk]);
	if (mounted.code !== 0 && !process.env.CI) skip(`can't mount a tmpfs: ${mounted.stderr}`);
	expect(mounted.code).toBe(0);
	cleanUp(() => run("umount", [disk]));
	let failed = { code: 0 as number | null, stdout: "", stderr: "" };
	let i = 0;
	while (failed.stderr === "" && i < 100) failed = await sandbox.run(["get", `key${++i}`, "plain"]);
	expect(failed.code).toBe(0);
	expect(failed.stderr).toMatch(
		/^trocla: warning: the audit .* can't be written: ENOSPC.*\n.* not in the audit: \{.*\}\n$/,
	);
	expect(failed.stderr).toContain(`"key":"key${i}"`);
	expect(failed.stderr).not.toContain(failed.stdout.trim());
	expect(await sandbox.run(["get", `key${i}`, "plain"])).toMatchObject({ code: 0, stdout: failed.stdout });
	await run("mount", ["-o", "remount,size=1m", disk]);
	expect(await sandbox.run(["get", "later", "plain"])).toMatchObject({ code: 0, stderr: "" });
	expect(await sandbox.doctor()).toMatchObject([{ state: "ok" }]);
	expect(sandbox.lines.map(({ key }) => key)).toContain("later");
});

test("an audit that others can write is refused with the chmod that mends it, and nothing is changed", async () => {
	const sandbox = new AuditedSandbox();
	mkdirSync(sandbox.path("log"), { mode: 0o700 });
	writeFileSync(sandbox.audit, "");
	await run("chmod", ["664", sandbox.audit]);
	const refused = await sandbox.run(["get", "alice", "plain"]);
	expect(refused).toMatchObject({ code: 1, stdout: "" });
	expect(refused.stderr).toContain(`Run: chmod 600 ${sandbox.audit}`);
	expect(() => statSync(sandbox.store)).toThrow("ENOENT");
	await sandbox.shell(refused.stderr.split("Run: ")[1] ?? "");
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ code: 0 });
});

test.each([
	[{ file: "" }, "audit.file must be a file's path"],
	[{}, "audit.file must be a file's path"],
	[{ fil: "x" }, 'audit: unknown key "fil"'],
	["x", "audit: must be a map"],
	[{ file: "~bob/audit" }, "only ~/ at its beginning"],
])("a configuration with the audit %j is refused", async (audit, message) => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, audit });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({
		code: 1,
		stdout: "",
		stderr: expect.stringContaining(message),
	});
});

test("an audit of a million lines is checked in the memory that one of a thousand takes", async () => {
	const sandbox = new AuditedSandbox();
	const measure = sandbox.path("measure.cjs");
	writeFileSync(measure, 'process.on("exit", () => console.error(process.resourceUsage().maxRSS));');
	mkdirSync(sandbox.path("log"), { mode: 0o700 });
	const check = async (lines: number) => {
		writeChain(sandbox.audit, lines);
		const args = ["--require", measure, TROCLA, "doctor"];
		const { stdout, stderr } = await run(process.execPath, args, { env: sandbox.env, cwd: sandbox.directory });
		expect(stdout).toContain(`${sandbox.audit}: ${lines} lines, none changed or missing`);
		return Number(stderr);
	};
	const kilobytes = { few: await check(1000), many: await check(1_000_000) };
	expect(kilobytes.many - kilobytes.few).toBeLessThan(64 * 1024);
});

function writeChain(path: string, lines: number): void {
	const file = openSync(path, "w", 0o600);
	let prev = "0".repeat(64);
	let text = "";
	for (let n = 1; n <= lines; n++) {
		const line = JSON.stringify({ n, action: "get", key: `key${n}`, format: "plain", outcome: "stored", prev });
		prev = createHash("sha256").update(line).digest("hex");
		text += `${line}\n`;
		if (n % 1000 > 0 && n < lines) continue;
		writeSync(file, text);
		text = "";
	}
	closeSync(file);
}
