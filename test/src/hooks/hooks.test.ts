import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { HookFailure } from "../../../src/audit/audit.js";
import { type HookSettings, Hooks } from "../../../src/hooks/hooks.js";
import { openTrocla } from "../../../src/index.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";

/** Hooks of a test's own: shell scripts, what they heard, and what was said of those that failed. */
class TestHooks {
	readonly sandbox = new Sandbox();
	readonly warnings: string[] = [];
	readonly failures: HookFailure[] = [];

	/** An executable script; `$HEARD` is the file in which it tells what it heard. */
	script(name: string, body: string, mode = 0o755): string {
		const path = this.sandbox.path(name);
		writeFileSync(path, `#!/bin/sh\nHEARD=${this.sandbox.path("heard")}\n${body}\n`);
		chmodSync(path, mode);
		return path;
	}

	open(settings: Partial<HookSettings>, env: NodeJS.ProcessEnv = {}): Hooks {
		return new Hooks(
			{
				paths: { set: {}, delete: {} },
				configFile: undefined,
				warn: (message) => this.warnings.push(message),
				failed: async (failure) => void this.failures.push(failure),
				...settings,
			},
			env,
		);
	}

	/** Tells a hook of one change and waits for it. */
	async tell(path: string, timeoutMs = 20_000): Promise<void> {
		const hooks = this.open({ paths: { set: { mail: path }, delete: {} }, timeoutMs });
		hooks.changed({ action: "get", key: "alice", formats: [{ format: "plain", outcome: "stored" }] });
		await hooks.settle();
	}

	get heard(): string {
		const file = this.sandbox.path("heard");
		return existsSync(file) ? readFileSync(file, "utf8") : "";
	}
}

const tell = 'cat >> "$HEARD"';

describe("a hook", () => {
	test("hears of each format that is set or deleted, in order, and never a value", async () => {
		const test = new TestHooks();
		const all = test.script("all", tell);
		const trocla = await openTrocla({
			config: { store: "memory", hooks: { set: { all }, delete: { all } } },
			warn: (message) => test.warnings.push(message),
		});
		await trocla.set("alice", "plain", "alices-secret");
		await trocla.get("alice", "mysql");
		await trocla.get("alice", "mysql");
		await trocla.handOut("alice", () => {});
		await trocla.set("bob", "plain", "bobs-secret");
		await trocla.handOut("bob", () => Promise.reject(new Error("nobody there"))).catch(() => {});
		await trocla.delete("alice");
		await trocla.close();
		expect(
			test.heard
				.split("\n")
				.slice(0, -1)
				.map((line) => JSON.parse(line)),
		).toEqual([
			{ action: "set", key: "alice", format: "plain" },
			{ action: "set", key: "alice", format: "mysql" },
			{ action: "delete", key: "alice", format: "plain" },
			{ action: "set", key: "bob", format: "plain" },
			{ action: "delete", key: "alice", format: "mysql" },
		]);
		expect(test.warnings).toEqual([]);
	});

	test("is one at a time, in the order of the changes", async () => {
		const test = new TestHooks();
		const body = 'mkdir "$HEARD.lock" || echo overlap >> "$HEARD"\ncat >> "$HEARD"\nrmdir "$HEARD.lock"';
		const [one, two] = [test.script("one", body), test.script("two", body)];
		const hooks = test.open({ paths: { set: { one, two }, delete: {} } });
		for (let i = 0; i < 10; i++) {
			hooks.changed({ action: "get", key: `key${i}`, formats: [{ format: "plain", outcome: "stored" }] });
		}
		await hooks.settle();
		const keys = test.heard
			.split("\n")
			.slice(0, -1)
			.map((line) => JSON.parse(line).key);
		expect(keys).toEqual(Array.from({ length: 20 }, (_, i) => `key${Math.floor(i / 2)}`));
	});

	test("gets no variable of the caller's but those that any program needs", async () => {
		const test = new TestHooks();
		process.env.TROCLA_TEST_SECRET = "hunter2";
		cleanUp(() => delete process.env.TROCLA_TEST_SECRET);
		await test.tell(test.script("env", 'env >> "$HEARD"; echo "args: $#" >> "$HEARD"'));
		expect(test.heard).toContain("PATH=");
		expect(test.heard).toContain("args: 0\n");
		expect(test.heard).not.toContain("hunter2");
	});
});

describe("a hook that fails", () => {
	const said = (detail: string) => `the hook "mail" did not hear of set "alice" plain: ${detail}`;

	test.each([
		["exits 1", "echo first >&2; echo 'no mail today' >&2; exit 1", "exit code 1 (no mail today)"],
		["is ended by a signal", "kill -KILL $$", "ended by SIGKILL"],
		["closes its input unread and fails", "exec 0<&-; exit 3", "exit code 3"],
		["says what would move a terminal's cursor", "printf 'a\\033[2Jb\\n' >&2; exit 1", "exit code 1 (a [2Jb)"],
		["says more than anybody reads", "yes 123456789 | head -c 3000000 >&2; exit 1", "exit code 1 (123456789)"],
	])("is told of where it %s", async (_, body, detail) => {
		const test = new TestHooks();
		await test.tell(test.script("hook", body));
		expect(test.warnings).toEqual([said(detail)]);
		expect(test.failures).toEqual([
			{ hook: "mail", key: "alice", format: "plain", outcome: "failed", detail: detail.replace(/ \(.*/, "") },
		]);
	});

	test("is told of where it can't be started", async () => {
		const test = new TestHooks();
		const cases: [string, RegExp][] = [
			[test.sandbox.path("nowhere"), /can't be found: ENOENT/],
			[test.script("plain", "exit 0", 0o644), /is not executable/],
			[test.script("open", tell, 0o777), /can be changed by others, so it is not run/],
			[test.sandbox.directory, /is not a file/],
		];
		for (const [path, message] of cases) {
			await test.tell(path);
			expect(test.warnings.splice(0)).toEqual([expect.stringMatching(message)]);
			expect(test.failures.splice(0)).toMatchObject([{ outcome: "failed" }]);
		}
		const noInterpreter = test.sandbox.path("binary");
		writeFileSync(noInterpreter, "#!/nowhere/sh\n", { mode: 0o755 });
		await test.tell(noInterpreter);
		expect(test.warnings).toEqual([expect.stringContaining("can't be started")]);
		expect(test.heard).toBe("");
	});

	test("is killed with all that it started when its time is up", async () => {
		const test = new TestHooks();
		const hook = test.script("hang", 'sleep 1000 & echo $$ $! > "$HEARD"; echo waiting >&2; wait');
		const start = Date.now();
		await test.tell(hook, 1000);
		expect(Date.now() - start).toBeLessThan(10_000);
		expect(test.warnings).toEqual([said("no end within 1 s (waiting)")]);
		expect(test.failures).toMatchObject([{ outcome: "timed-out" }]);
		const pids = test.heard.trim().split(" ").map(Number);
		expect(pids).toHaveLength(2);
		for (const pid of pids) await expect.poll(() => isRunning(pid)).toBe(false);
	});

	test("does not keep the next one from being told", async () => {
		const test = new TestHooks();
		const [bad, good] = [test.script("bad", "exit 1"), test.script("good", tell)];
		const hooks = test.open({ paths: { set: { bad, good }, delete: {} } });
		hooks.changed({ action: "set", key: "alice", formats: [{ format: "plain", outcome: "stored" }] });
		await hooks.settle();
		expect(test.heard).toBe('{"action":"set","key":"alice","format":"plain"}\n');
	});
});

describe("a hook is not told of as failing", () => {
	test.each([
		["closes its input at once", "exec 0<&-; exit 0"],
		["writes megabytes to its standard output", "yes | head -c 5000000"],
		["writes megabytes to its standard error", "yes | head -c 5000000 >&2"],
		["deletes itself", 'rm "$0"'],
	])("where it %s", async (_, body) => {
		const test = new TestHooks();
		await test.tell(test.script("hook", body));
		expect(test.warnings).toEqual([]);
	});

	test("where what it left in the background lives on, which is not waited for", async () => {
		const test = new TestHooks();
		const start = Date.now();
		await test.tell(test.script("daemon", 'sleep 1000 & echo $! > "$HEARD"'));
		expect(Date.now() - start).toBeLessThan(5000);
		expect(test.warnings).toEqual([]);
		const pid = Number(test.heard);
		expect(isRunning(pid)).toBe(true);
		process.kill(pid, "SIGKILL");
	});
});

test("hooks that call each other without an end are stopped", async () => {
	const test = new TestHooks();
	const paths = { set: { again: test.script("again", 'echo $TROCLA_HOOK_DEPTH >> "$HEARD"') }, delete: {} };
	for (let depth = 0; depth < 10; depth++) {
		const hooks = test.open({ paths }, { TROCLA_HOOK_DEPTH: String(depth) });
		hooks.changed({ action: "set", key: "alice", formats: [{ format: "plain", outcome: "stored" }] });
		await hooks.settle();
	}
	expect(test.heard).toBe("1\n2\n3\n4\n");
	expect(test.warnings).toHaveLength(6);
	expect(test.warnings[0]).toContain("hooks call each other without an end");
});

/** A zombie, which nobody has waited for yet, is not running any more. */
function isRunning(pid: number): boolean {
	try {
		return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
	} catch {
		return false;
	}
}
