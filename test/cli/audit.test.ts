import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AuditedSandbox } from "../support/audited-sandbox.js";
import { isRoot } from "../support/nobody.js";
import { HOSTS, PublishSite } from "../support/publish-site.js";
import { cleanUp, run, Sandbox } from "../support/sandbox.js";

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

test("a publication that changes files is a line, and one that only renews time stamps is none", async () => {
	const site = await PublishSite.ready();
	const audit = site.path("log/audit.jsonl");
	site.setUp({ audit: { file: audit } });
	const lines = () => readFileSync(audit, "utf8").trimEnd().split("\n");
	await site.publish();
	const [last = ""] = lines().slice(-1);
	expect(JSON.parse(last)).toMatchObject({ action: "publish", outcome: "done", count: HOSTS.length });
	await site.publish();
	expect(lines().at(-1)).toBe(last);
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

test("an export and a migration, which take every value out of the store, are a line each with their count", async () => {
	const sandbox = new AuditedSandbox();
	for (const key of ["alice", "bob"]) await sandbox.run(["get", key, "plain"]);
	const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
	await sandbox.run(["export", sandbox.path("backup.age"), "--to", recipient]);
	expect(sandbox.lines.at(-1)).toMatchObject({ action: "export", outcome: "done", count: 2 });
	await sandbox.shell(`trocla export --to ${recipient} > /dev/full`);
	expect(sandbox.lines.at(-1)).toMatchObject({ action: "export", outcome: "failed" });
	writeFileSync(sandbox.path("new.yaml"), "store_options: {path: new/trocla.sqlite}\n", { mode: 0o600 });
	expect(await sandbox.run(["migrate", "--to", sandbox.path("new.yaml")])).toMatchObject({ code: 0 });
	expect(sandbox.lines.at(-1)).toMatchObject({ action: "migrate", outcome: "done", count: 2 });
});
