import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { run, Sandbox, TROCLA } from "../support/sandbox.js";

const isRoot = process.getuid?.() === 0;

/** Doctor's faults, as JSON and as text, each run at the end of a command line. */
async function faults(sandbox: Sandbox, before: readonly string[] = []) {
	const [file = "", ...args] = [...before, process.execPath, TROCLA, "doctor"];
	const options = { env: sandbox.env, cwd: sandbox.directory };
	expect(await run(file, args, options)).toMatchObject({
		code: 1,
		stdout: expect.stringMatching(/^FAULT {3}store: /m),
		stderr: "",
	});
	const { code, stdout, stderr } = await run(file, [...args, "--json"], options);
	expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
	const { findings }: { findings: { state: string; message: string; mend: string }[] } = JSON.parse(stdout);
	return findings.filter(({ state }) => state === "fault");
}

test.skipIf(!isRoot)("a store in another user's directory is a finding", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["get", "alice", "plain"]);
	chmodSync(sandbox.directory, 0o755);
	chmodSync(sandbox.path("troclarc.yaml"), 0o644);
	const found = await faults(sandbox, ["setpriv", "--reuid", "65534", "--clear-groups"]);
	expect(found).toMatchObject([
		{ message: expect.stringContaining("not allowed"), mend: expect.stringContaining("Run it as the user who owns") },
	]);
});

test.each([
	["a directory", "", "is not a file"],
	["below a file", "troclarc.yaml/deep/store.sqlite", "ENOTDIR"],
	["a name with a NUL", "a\0b", "NUL"],
])("a store's path that is %s is a finding", async (_, path, message) => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.path(path) } });
	const found = await faults(sandbox);
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
	const user = isRoot ? ["setpriv", "--reuid", "65534", "--clear-groups"] : [];
	if (isRoot) chmodSync(sandbox.directory, 0o777 | 0o1000);
	const [program = "", ...args] = [...user, process.execPath, TROCLA, "init", "--json"];
	const made = await run(program, args, { env: sandbox.env, cwd: sandbox.directory });
	expect(made).toMatchObject({ code: 0, stderr: "" });
	expect(JSON.parse(made.stdout)).toEqual({ config: file, store });
	expect(existsSync(store)).toBe(true);
});

test("an init that can't make the store ends, and leaves no configuration behind", async () => {
	const sandbox = new Sandbox();
	mkdirSync(sandbox.path("etc"));
	const file = sandbox.path("etc/new.yaml");
	sandbox.env.XDG_DATA_HOME = "/proc/nope";
	const user = isRoot ? ["setpriv", "--reuid", "65534", "--clear-groups"] : [];
	if (isRoot) chmodSync(sandbox.directory, 0o755);
	if (isRoot) chmodSync(sandbox.path("etc"), 0o777 | 0o1000);
	const [program = "", ...args] = [...user, process.execPath, TROCLA, "init", "-c", file];
	expect(await run(program, args, { env: sandbox.env, cwd: sandbox.directory })).toMatchObject({
		code: 1,
		stdout: "",
		stderr: expect.stringMatching(/^trocla: \/proc\/nope\/trocla\/trocla.sqlite: ENOENT.*\n {2}Nothing was changed/),
	});
	expect(existsSync(file)).toBe(false);
});
