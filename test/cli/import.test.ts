import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { run, Sandbox } from "../support/sandbox.js";

const YAML = `---
alice:
  plain: geheim
  mysql: "*AB"
bob:
  sha512crypt: "$6$x"
`;

/** A site of the Ruby trocla: its store, and its configuration under this name in the sandbox. */
function rubySite(sandbox: Sandbox, text = YAML, name = "ruby.yaml"): string {
	const store = sandbox.path("data.yaml");
	writeFileSync(store, text);
	const file = sandbox.path(name);
	const options = `store_options:\n  adapter: :YAML\n  adapter_options:\n    :file: '${store}'\n`;
	writeFileSync(file, `---\nstore: :moneta\n${options}encryption: :none\nprofiles: {}\n`, { mode: 0o600 });
	return file;
}

const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

describe("trocla import --from ruby --config FILE", () => {
	test("brings in what the Ruby trocla has, once, and leaves its files alone", async () => {
		const sandbox = new Sandbox();
		const ruby = rubySite(sandbox);
		const before = [hash(ruby), hash(sandbox.path("data.yaml"))];
		const into = `from ${sandbox.path("data.yaml")} into ${sandbox.store}`;
		expect(await sandbox.run(["import", "--from", "ruby", "--config", ruby])).toEqual({
			code: 0,
			stdout: "",
			stderr: `Imported 2 keys ${into}.\n`,
		});
		expect(await sandbox.run(["get", "alice", "mysql"])).toMatchObject({ stdout: "*AB\n" });
		expect(await sandbox.run(["get", "bob", "sha512crypt"])).toMatchObject({ stdout: "$6$x\n" });
		expect(await sandbox.run(["import", "--from", "ruby", "--config", ruby])).toMatchObject({
			code: 0,
			stderr: `Imported 0 keys ${into}; 2 were there already.\n`,
		});
		expect([hash(ruby), hash(sandbox.path("data.yaml"))]).toEqual(before);
	});

	test("is what the error about such a configuration says, and it works as it stands there", async () => {
		const sandbox = new Sandbox();
		const ruby = rubySite(sandbox, YAML, "home/.troclarc.yaml");
		delete sandbox.env.TROCLA_CONFIG;
		const { code, stderr } = await sandbox.run(["get", "alice", "plain"]);
		expect(code).toBe(1);
		const [, command = ""] = /^ {2}(trocla import --from ruby --config \S+) /m.exec(stderr) ?? [];
		expect(command).toContain(ruby);
		// Without a configuration of its own it would go where trocla keeps its passwords by default.
		const home = process.getuid?.() === 0 ? "/var/lib" : sandbox.path("home/.local/share");
		expect(await sandbox.shell(`${command} --dry-run`)).toEqual({
			code: 0,
			stdout: "",
			stderr: `Would import 2 keys from ${sandbox.path("data.yaml")} into ${home}/trocla/trocla.sqlite.\n`,
		});
	});

	test("reads the configuration of --source where --config is this trocla's, and finds one by itself", async () => {
		const sandbox = new Sandbox();
		const ruby = rubySite(sandbox, YAML, "home/.troclarc.yaml");
		const ours = sandbox.path("troclarc.yaml");
		for (const flags of [["--source", ruby, "--config", ours], ["--source", ruby], []]) {
			const { code, stderr } = await sandbox.run(["import", "--from", "ruby", "--dry-run", ...flags]);
			expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("Would import 2 keys") });
		}
	});

	test("names what it can't read and what differs, brings the rest in, and exits 1", async () => {
		const sandbox = new Sandbox();
		await sandbox.run(["set", "alice", "plain"], "other");
		const ruby = rubySite(sandbox, `${YAML}eve: secret\ntom:\n  enigma: secret\n  plain: t\n`);
		const { code, stdout, stderr } = await sandbox.run(["import", "--from", "ruby", "-c", ruby]);
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		const lines = stderr.trimEnd().split("\n").sort();
		expect(lines).toEqual([
			expect.stringMatching(/^Imported 2 keys from .*; 1 differs and stayed; 2 faults\.$/),
			expect.stringMatching(/^trocla: "alice" was left as it is: .*another plain and no mysql \(--overwrite/),
			expect.stringMatching(/^trocla: "eve" is not a map of formats to values \(/),
			expect.stringMatching(/^trocla: "tom" has a enigma, which is not a known format \(/),
		]);
		expect(stderr).not.toContain("secret");
		expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ stdout: "other\n" });
		expect(await sandbox.run(["get", "tom", "plain"])).toMatchObject({ stdout: "t\n" });
		const json = await sandbox.run(["import", "--from", "ruby", "-c", ruby, "--overwrite", "--json"]);
		expect(JSON.parse(json.stdout)).toEqual({
			imported: 1,
			same: 2,
			differing: 0,
			unreadable: 2,
			skipped: {},
			dryRun: false,
			problems: expect.arrayContaining([
				{ kind: "unreadable", key: "eve", message: expect.any(String), hint: expect.any(String) },
			]),
		});
		expect(json).toMatchObject({ code: 1, stderr: "" });
	});

	test("a file that is cut off brings nothing in", async () => {
		const sandbox = new Sandbox();
		for (const text of ["", YAML.slice(0, -4), YAML.slice(0, YAML.length / 2)]) {
			const ruby = rubySite(sandbox, text);
			const { code, stderr } = await sandbox.run(["import", "--from", "ruby", "--config", ruby]);
			expect(code).toBe(1);
			expect(stderr).toMatch(/data\.yaml is (empty|cut off)/);
			expect(await sandbox.run(["search", "."])).toMatchObject({ code: 1, stdout: "" });
		}
	});
});

test("a dry run makes no store, and --prefix stands before each key", async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("passwords.csv");
	writeFileSync(file, "key,format,value\nalice,plain,geheim\n");
	expect(await sandbox.run(["import", "--from", "csv", "--file", file, "--dry-run"])).toMatchObject({
		code: 0,
		stderr: `Would import 1 key from ${file} into ${sandbox.store}.\n`,
	});
	expect(existsSync(sandbox.store)).toBe(false);
	await sandbox.run(["import", "--from", "csv", "--file", file, "--prefix", "old/"]);
	expect(await sandbox.run(["search", "."])).toMatchObject({ stdout: "old/alice\n" });
});

test("CSV is read from standard input too", async () => {
	const sandbox = new Sandbox();
	const csv = 'key,format,value,expires\nalice,plain,"a,b",3600\nbob,sha512crypt,$6$x,\n';
	expect(await sandbox.run(["import", "--from", "csv", "--file", "-"], csv)).toMatchObject({
		code: 0,
		stderr: expect.stringContaining("Imported 2 keys from standard input"),
	});
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ stdout: "a,b\n" });
	expect(await sandbox.run(["show", "alice"])).toMatchObject({ stdout: expect.stringContaining("(3600 seconds") });
});

test("users' hashes come out of a passwd and shadow pair, and verify", async () => {
	const sandbox = new Sandbox();
	const { stdout } = await run("openssl", ["passwd", "-6", "-stdin"], {}, "geheim\n");
	const shadow = sandbox.path("shadow");
	const passwd = sandbox.path("passwd");
	writeFileSync(shadow, `root:${stdout.trim()}:1::::::\nalice:${stdout.trim()}:1::::::\nbob:!:1::::::\n`, {
		mode: 0o600,
	});
	writeFileSync(passwd, "root:x:0:0:::/bin/sh\nalice:x:1000:1000:::/bin/sh\nbob:x:1001:1001:::/bin/sh\n");
	const args = ["import", "--from", "shadow", "--passwd", passwd, "--file", shadow, "--prefix", "user_"];
	expect(await sandbox.run(args)).toMatchObject({
		code: 0,
		stderr: `Imported 1 key from ${shadow} into ${sandbox.store}; 1 not of a login user; 1 locked.\n`,
	});
	expect(await sandbox.run(["verify", "user_alice"], "geheim\n")).toMatchObject({ code: 0 });
});

test.each([
	[["import"], 2, "--from must say what to import from"],
	[["import", "--from", "lastpass"], 2, "--from lastpass is not known"],
	[["import", "--from", "constructor"], 2, "--from constructor is not known"],
	[["import", "--from", "csv"], 2, "--from csv needs --file"],
	[["import", "--from", "csv", "--file", ""], 2, "--file is empty"],
	[["import", "--from", "csv", "--file", "nowhere.csv"], 1, "there is no nowhere.csv"],
	[["import", "--from", "csv", "--passwd", "x", "--file", "x"], 2, "--passwd does not go with --from csv"],
	[["import", "--from", "ruby", "--min-uid", "3", "--file", "x"], 2, "--min-uid does not go with --from ruby"],
	[["import", "--from", "shadow", "--min-uid", "x", "--file", "x"], 2, '--min-uid takes a number, not "x"'],
	[["import", "--from", "pass", "--file", "nowhere"], 1, "there is no nowhere"],
	[["import", "--from", "ruby"], 1, "there is no configuration of a Ruby trocla"],
	[["import", "--from", "ruby", "--config", "nowhere.yaml"], 1, "there is no configuration"],
	[["import", "--from", "ruby", "--file", "."], 1, ". is a directory"],
])("%j is refused with exit %i", async (args, code, message) => {
	const sandbox = new Sandbox();
	expect(await sandbox.run(args)).toEqual({ code, stdout: "", stderr: expect.stringContaining(message) });
	expect(existsSync(sandbox.store)).toBe(false);
});
