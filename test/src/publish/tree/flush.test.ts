import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { bundle, CHILD_ENV } from "../../../support/child.js";
import { run, Sandbox } from "../../../support/sandbox.js";
import { leftovers, look } from "../sets.js";

/** Publishes in a process of its own, that finds only these programs, and prints what it flushes and when it switches. */
async function publishWith(sandbox: Sandbox, path: string): Promise<string[]> {
	const source = `
		import { publish } from "./test/src/publish/sets.js";
		const fs = require("node:fs");
		const say = (text) => fs.writeSync(1, text + "\\n");
		const { fsyncSync, renameSync } = fs;
		fs.fsyncSync = (file) => {
			say("fsync " + fs.readlinkSync("/proc/self/fd/" + file));
			fsyncSync(file);
		};
		fs.renameSync = (from, to) => {
			say("rename " + to);
			renameSync(from, to);
		};
		void publish(process.argv[2], ["www1.example.com", "www2.example.com"]);
	`;
	bundle(source, sandbox.path("publish.cjs"));
	const env = { ...process.env, ...CHILD_ENV, PATH: path };
	const outcome = await run(process.execPath, [sandbox.path("publish.cjs"), sandbox.path("tree")], { env });
	expect(outcome).toMatchObject({ code: 0, stderr: "" });
	return outcome.stdout.trimEnd().split("\n");
}

/** Puts a sync(1) in a directory of its own, which it gives. */
function syncThat(sandbox: Sandbox, script: string): string {
	const directory = sandbox.path("bin");
	mkdirSync(directory);
	writeFileSync(join(directory, "sync"), `#!/bin/sh\n${script}`);
	chmodSync(join(directory, "sync"), 0o755);
	return directory;
}

test("the file system is synced when all is there that the new link leads to, and the link right after", async () => {
	const sandbox = new Sandbox();
	const tree = sandbox.path("tree");
	// What is there then is what is published later, without a change.
	const bin = syncThat(
		sandbox,
		`/bin/cp -a ${tree} ${sandbox.path("synced")} && echo "$@" > ${sandbox.path("args")}; test ! -e ${tree}/hosts`,
	);
	const steps = await publishWith(sandbox, bin);
	expect(readFileSync(sandbox.path("args"), "utf8")).toBe(`-f ${tree}\n`);
	expect(steps.slice(-2)).toEqual([`rename ${tree}/hosts`, `fsync ${tree}`]);
	expect(steps.filter((step) => step.startsWith("fsync"))).toHaveLength(1);
	const target = readlinkSync(join(sandbox.path("synced"), "hosts.new"));
	expect(look(sandbox.path("synced"), join(sandbox.path("synced"), target))).toEqual(look(tree));
});

test.each([
	["there is none", () => "/nonexistent"],
	["it has no -f", (sandbox: Sandbox) => syncThat(sandbox, "exit 1\n")],
])("without a sync(1) that syncs a file system, since %s, each new file and directory is", async (_, path) => {
	const sandbox = new Sandbox();
	const tree = sandbox.path("tree");
	const steps = await publishWith(sandbox, path(sandbox));
	const before = steps.slice(0, steps.indexOf(`rename ${tree}/hosts`));
	const isSynced = (file: string) => before.includes(`fsync ${file}`);
	const files = ["objects", "generations"].flatMap((name) =>
		readdirSync(join(tree, name), { recursive: true, encoding: "utf8" }).map((file) => join(tree, name, file)),
	);
	expect(files.length).toBeGreaterThan(15);
	for (const file of [...files, ...new Set(files.map(dirname)), tree, dirname(tree)]) {
		expect([file, isSynced(file)]).toEqual([file, true]);
	}
	expect(leftovers(tree)).toEqual([]);
});
