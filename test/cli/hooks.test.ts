import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "../support/audit.js";
import { cleanUp, Sandbox, TROCLA } from "../support/sandbox.js";

/** A sandbox with an audit and one hook for all changes, a shell script in which `trocla` is the command. */
function withHook(body: string): Sandbox {
	const sandbox = new Sandbox();
	const script = `#!/bin/sh\ntrocla() { ${process.execPath} ${TROCLA} "$@"; }\ncd ${sandbox.directory}\n${body}\n`;
	writeFileSync(sandbox.path("hook"), script);
	chmodSync(sandbox.path("hook"), 0o755);
	sandbox.configure({
		store_options: { path: sandbox.store },
		// Relative to the configuration.
		hooks: { set: { mine: "hook" }, delete: { mine: "./hook" } },
		audit: { file: "audit.jsonl" },
	});
	return sandbox;
}

test("a command's standard output is the value alone, whatever its hooks write", async () => {
	const sandbox = withHook("cat >> heard; echo noise; echo more noise >&2");
	const made = await sandbox.run(["get", "alice", "plain"]);
	expect(made).toMatchObject({ code: 0, stderr: "" });
	expect(await sandbox.run(["get", "alice", "plain"])).toEqual(made);
	expect(await sandbox.run(["delete", "alice", "plain"])).toEqual(made);
	expect(readFileSync(sandbox.path("heard"), "utf8")).toBe(
		'{"action":"set","key":"alice","format":"plain"}\n{"action":"delete","key":"alice","format":"plain"}\n',
	);
});

test("a hook that fails is told on standard error and in the audit, and the command succeeds", async () => {
	const sandbox = withHook("echo 'no mail today' >&2; exit 7");
	const made = await sandbox.run(["get", "alice", "plain"]);
	expect(made).toMatchObject({
		code: 0,
		stderr: 'trocla: warning: the hook "mine" did not hear of set "alice" plain: exit code 7 (no mail today)\n',
	});
	expect(parse(readFileSync(sandbox.path("audit.jsonl"), "utf8"))).toMatchObject([
		{ action: "get", key: "alice", format: "plain", outcome: "stored", process: { name: "trocla get" } },
		{ action: "hook", key: "alice", format: "plain", outcome: "failed", hook: "mine", detail: "exit code 7" },
	]);
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
});

test("a value is printed before the hooks end", async () => {
	const sandbox = withHook("while [ ! -e go ]; do sleep 0.01; done; cat > heard");
	const child = sandbox.start(["get", "alice", "plain"]);
	const closed = once(child, "close");
	cleanUp(() => child.kill("SIGKILL"));
	const [chunk] = await once(child.stdout ?? child, "data");
	expect(String(chunk)).toMatch(/^.{16}\n$/);
	expect(existsSync(sandbox.path("heard"))).toBe(false);
	writeFileSync(sandbox.path("go"), "");
	expect(await closed).toEqual([0, null]);
	expect(existsSync(sandbox.path("heard"))).toBe(true);
});

test("a hook may call trocla on the very key that it hears of, with the same configuration", async () => {
	const sandbox = withHook(
		"cat >> heard; trocla get alice sha1 >> got; trocla show alice >> got; trocla get alice plain >> got",
	);
	const { stdout, stderr, code } = await sandbox.run(["get", "alice", "plain"]);
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	expect(readFileSync(sandbox.path("got"), "utf8")).toContain(stdout);
	expect(readFileSync(sandbox.path("heard"), "utf8").split("\n").slice(0, -1)).toHaveLength(2);
});

test("a hook that changes what it hears of does not go on for ever", async () => {
	const sandbox = withHook("echo x >> heard; trocla reset alice plain > /dev/null");
	const { code } = await sandbox.run(["get", "alice", "plain"]);
	expect(code).toBe(0);
	expect(readFileSync(sandbox.path("heard"), "utf8")).toBe("x\n".repeat(4));
});

test("doctor names the hooks that would not be run, and how to mend them", async () => {
	const sandbox = withHook("exit 0");
	expect((await sandbox.run(["doctor"])).stdout).toContain(`ok      hooks: set "mine": ${sandbox.path("hook")}\n`);
	chmodSync(sandbox.path("hook"), 0o644);
	const { code, stdout } = await sandbox.run(["doctor"]);
	expect(code).toBe(1);
	expect(stdout).toContain(
		`FAULT   hooks: set "mine": ${sandbox.path("hook")} is not executable\n        Run: chmod +x`,
	);
});

test.each([
	[{ set: "x" }, "hooks.set must be a map"],
	[{ sett: {} }, 'hooks: unknown key "sett"'],
	[{ set: { mine: "" } }, "hooks.set.mine must be a file's path"],
	[{ delete: { mine: ["/bin/true"] } }, "hooks.delete.mine must be a file's path"],
	["/bin/true", "hooks: must be a map"],
])("a configuration with the hooks %j is refused", async (hooks, message) => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, hooks });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({
		code: 1,
		stdout: "",
		stderr: expect.stringContaining(message),
	});
});
