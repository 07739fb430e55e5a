import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { isRoot, runAsNobody } from "../support/nobody.js";
import { type Outcome, Sandbox } from "../support/sandbox.js";

/** Doctor's faults, which it says as text too. */
async function faults(doctor: (args: string[]) => Promise<Outcome>) {
	expect(await doctor(["doctor"])).toMatchObject({
		code: 1,
		stdout: expect.stringMatching(/^FAULT {3}store: /m),
		stderr: "",
	});
	const { code, stdout, stderr } = await doctor(["doctor", "--json"]);
	expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
	const { findings }: { findings: { state: string; message: string; mend: string }[] } = JSON.parse(stdout);
	return findings.filter(({ state }) => state === "fault");
}

test.skipIf(!isRoot)("a store in another user's directory is a finding", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["get", "alice", "plain"]);
	chmodSync(sandbox.path("troclarc.yaml"), 0o644);
	const found = await faults((args) => runAsNobody(sandbox, args));
	expect(found).toMatchObject([
		{ message: expect.stringContaining("not allowed"), mend: expect.stringContaining("Run it as the user who owns") },
	]);
});

test.each([
	["a directory", "", "is not a file"],
	["below a file", "troclarc.yaml/deep/store.sqlite", "is not a directory"],
	["a name with a NUL", "a\0b", "NUL"],
])("a store's path that is %s is a finding", async (_, path, message) => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.path(path) } });
	const found = await faults((args) => sandbox.run(args));
	expect(found).toMatchObject([
		{ message: expect.stringContaining(message), mend: expect.stringContaining("store_options.path") },
	]);
	expect((await sandbox.run(["get", "alice", "plain"])).stderr).not.toContain("should not happen");
});

test("init writes where $TROCLA_CONFIG says", async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("mine.yaml");
	Object.assign(sandbox.env, { TROCLA_CONFIG: file, XDG_DATA_HOME: sandbox.path("data") });
	const store = sandbox.path("data/trocla/trocla.sqlite");
	// For root the store would be in /var/lib; another user's is below XDG_DATA_HOME.
	const made = await runAsNobody(sandbox, ["init", "--json"]);
	expect(made).toMatchObject({ code: 0, stderr: "" });
	expect(JSON.parse(made.stdout)).toEqual({ config: file, store });
	expect(existsSync(store)).toBe(true);
});

test("an init that can't make the store ends, and leaves no configuration behind", async () => {
	const sandbox = new Sandbox();
	mkdirSync(sandbox.path("etc"));
	const file = sandbox.path("etc/new.yaml");
	sandbox.env.XDG_DATA_HOME = "/proc/nope";
	if (isRoot) chmodSync(sandbox.path("etc"), 0o1777);
	expect(await runAsNobody(sandbox, ["init", "-c", file])).toMatchObject({
		code: 1,
		stdout: "",
		stderr: expect.stringMatching(/^trocla: \/proc\/nope\/trocla\/trocla.sqlite: ENOENT.*\n {2}Nothing was changed/),
	});
	expect(existsSync(file)).toBe(false);
});
