import { chmodSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { runAsNobody } from "../support/nobody.js";
import { query } from "../support/rows.js";
import { run, Sandbox } from "../support/sandbox.js";

const DEFAULT = /^[A-Za-z0-9+%/@=?_.,:*()&![\]{}-]{16}\n$/;

test("get makes a value once, and prints the same from then on", async () => {
	const sandbox = new Sandbox();
	const first = await sandbox.run(["get", "alice", "sha512crypt"]);
	expect(first).toMatchObject({ code: 0, stderr: "" });
	expect(first.stdout).toMatch(/^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}\n$/);
	expect(await sandbox.run(["get", "alice", "sha512crypt"])).toEqual(first);
	expect(await sandbox.run(["create", "alice", "sha512crypt"])).toEqual(first);
	const plain = await sandbox.run(["delete", "alice", "plain"]);
	expect(plain.stdout).toMatch(DEFAULT);
	expect(await sandbox.run(["get", "alice", "sha512crypt"])).toEqual(first);
	const [, , salt] = first.stdout.split("$");
	const openssl = await run("openssl", ["passwd", "-6", "-salt", salt ?? "", "-stdin"], {}, plain.stdout);
	expect(openssl.stdout).toBe(first.stdout);
});

test("a password that was handed out is not made anew by asking for it", async () => {
	const sandbox = new Sandbox();
	const { stdout: hash } = await sandbox.run(["get", "alice", "mysql"]);
	await sandbox.run(["delete", "alice", "plain"]);
	const today = new Date().toISOString().slice(0, 10);
	for (const format of ["plain", "pgsql"]) {
		expect(await sandbox.run(["get", "alice", format])).toEqual({
			code: 1,
			stdout: "",
			stderr: `trocla: the plaintext of "alice" was handed out on ${today}\n  trocla reset alice plain makes a new password, which changes its mysql\n`,
		});
	}
	expect(await sandbox.run(["reset", "alice", "mysql"])).toMatchObject({ code: 1 });
	expect(await sandbox.run(["get", "alice", "mysql"])).toMatchObject({ stdout: hash });
	expect(await sandbox.run(["reset", "alice", "plain"])).toMatchObject({
		code: 0,
		stdout: expect.stringMatching(DEFAULT),
	});
	expect(await sandbox.run(["formats", "alice"])).toMatchObject({ stdout: "plain\n" });
});

test("on_handed_out: regenerate makes a new password and drops the hashes of the old one", async () => {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, on_handed_out: "regenerate" });
	await sandbox.run(["get", "alice", "mysql"]);
	await sandbox.run(["delete", "alice", "plain"]);
	expect(await sandbox.run(["get", "alice", "sha1"])).toMatchObject({ code: 0 });
	expect(await sandbox.run(["formats", "alice"])).toMatchObject({ stdout: "plain\nsha1\n" });
});

test("options come from the configuration, profiles, flags and YAML, each over the one before", async () => {
	const sandbox = new Sandbox();
	sandbox.configure({
		store_options: { path: sandbox.store },
		options: { length: 20, charset: "numeric" },
		profiles: { wifi: { charset: "hexadecimal", length: 24 }, login: { length: 9 } },
	});
	const lengths: [args: string[], shape: RegExp][] = [
		[[], /^[0-9]{20}\n$/],
		[["--profile", "wifi"], /^[0-9a-f]{24}\n$/],
		[["--profile", "login"], /^[0-9]{9}\n$/],
		[["--profile", "login,wifi"], /^[0-9a-f]{9}\n$/],
		[["--profile", "wifi,login"], /^[0-9a-f]{24}\n$/],
		[["--profile", "rootpw"], /^[A-Za-z0-9+.,_-]{32}\n$/],
		[["--profile", "wifi", "--length", "30"], /^[0-9a-f]{30}\n$/],
		[["-l", "30", "length: 31"], /^[0-9]{31}\n$/],
		[["-o", "length=12", "-o", "charset={custom: ab}"], /^[ab]{12}\n$/],
		[["--charset", "custom:xyz", "--length", "40"], /^[xyz]{40}\n$/],
		[["{length: 5, charset: alphanumeric}"], /^[A-Za-z0-9]{5}\n$/],
		[["length: 5\ncharset: typesafe"], /^[a-km-xA-KM-X1-9]{5}\n$/],
		[["profiles: [login, wifi]"], /^[0-9a-f]{9}\n$/],
		[["--words", "5"], /^[a-z]+(-[a-z]+){4,}\n$/],
		[["plain: {length: 3}, length: 50"], /^[0-9]{3}\n$/],
	];
	for (const [index, [args, shape]] of lengths.entries()) {
		const { stdout, stderr } = await sandbox.run(["get", `key${index}`, "plain", ...args]);
		expect(stdout).toMatch(shape);
		expect(stderr).toBe("");
	}
	const required = await sandbox.run([
		"get",
		"required",
		"plain",
		"--charset",
		"default",
		"--require",
		"upper=3,lower=3,digit=3,symbol=3",
		"--length",
		"12",
	]);
	for (const shape of [/([A-Z].*){3}/, /([a-z].*){3}/, /([0-9].*){3}/, /([^A-Za-z0-9].*){3}/])
		expect(required.stdout.trim()).toMatch(shape);
});

test("global flags and options are understood before and after the command's name", async () => {
	const sandbox = new Sandbox();
	const config = sandbox.path("troclarc.yaml");
	const { TROCLA_CONFIG: _, ...env } = sandbox.env;
	const other = new Sandbox();
	Object.assign(other.env, env, { TROCLA_CONFIG: other.path("nowhere.yaml") });
	const outcomes = [
		await other.run(["-c", config, "get", "alice", "plain", "--length", "30"]),
		await other.run(["get", "alice", "plain", "-c", config]),
		await other.run(["get", "-c", config, "alice", "plain"]),
		await other.run([`--config=${config}`, "--length", "30", "get", "alice", "plain"]),
	];
	expect(outcomes[0]?.stdout).toHaveLength(31);
	for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
	expect(await other.run(["--json", "-c", config, "formats", "alice"])).toMatchObject({
		stdout: '{"key":"alice","formats":["plain"]}\n',
	});
	expect(await other.run(["get", "alice", "plain"])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("nowhere.yaml"),
	});
	expect(await other.run(["-c", config, "--length", "3", "show", "alice"])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("show has no flag for length"),
	});
});

test("other options than a stored value has are warned of, and the stored value is printed", async () => {
	const sandbox = new Sandbox();
	const { stdout } = await sandbox.run(["get", "alice", "plain", "--length", "20"]);
	expect(await sandbox.run(["get", "alice", "plain", "--length", "20"])).toEqual({ code: 0, stdout, stderr: "" });
	expect(await sandbox.run(["get", "alice", "plain", "--length", "21"])).toEqual({
		code: 0,
		stdout,
		stderr:
			'trocla: warning: "alice" is stored with length 20, not 21. It stays as it is; trocla reset alice plain with these options makes it anew\n',
	});
});

test("reset asks again for what was asked the first time", async () => {
	const sandbox = new Sandbox();
	const { stdout } = await sandbox.run(["get", "db", "plain", "length: 40, charset: numeric"]);
	const reset = await sandbox.run(["reset", "db", "plain"]);
	expect(reset.stdout).toMatch(/^[0-9]{40}\n$/);
	expect(reset.stdout).not.toBe(stdout);
	expect((await sandbox.run(["reset", "db", "plain", "--length", "10"])).stdout).toMatch(/^[0-9]{10}\n$/);
});

test("--no-create and create_on_get: false print stored values only", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["get", "bob", "plain"]);
	expect(await sandbox.run(["get", "alice", "plain", "--no-create"])).toMatchObject({ code: 1, stdout: "" });
	sandbox.configure({ store_options: { path: sandbox.store }, create_on_get: false });
	const missing = await sandbox.run(["get", "alice", "plain"]);
	expect(missing).toEqual({
		code: 1,
		stdout: "",
		stderr: 'trocla: "alice" has no plain stored\n  trocla create alice plain makes one\n',
	});
	const { stdout } = await sandbox.run(["create", "alice", "plain"]);
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ code: 0, stdout });
	expect(await sandbox.run(["get", "alice", "mysql"])).toMatchObject({ code: 1, stdout: "" });
});

test("set keeps a password, a hash of one, or a hash as it is", async () => {
	const sandbox = new Sandbox();
	expect(await sandbox.run(["set", "alice", "plain"], "päss word\n")).toEqual({ code: 0, stdout: "", stderr: "" });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ stdout: "päss word\n" });
	await sandbox.run(["get", "alice", "mysql"]);
	await sandbox.run(["set", "alice", "plain"], "other\n\n");
	expect(await sandbox.run(["formats", "alice"])).toMatchObject({ stdout: "plain\n" });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ stdout: "other\n\n" });
	await sandbox.run(["set", "bob", "mysql"], "secret");
	expect(await sandbox.run(["formats", "bob"])).toMatchObject({ stdout: "mysql\n" });
	expect(await sandbox.run(["verify", "bob"], "secret")).toMatchObject({ code: 0 });
	await sandbox.run(["set", "carol", "sha512crypt", "--no-format"], "$6$salt$hash\n");
	expect(await sandbox.run(["get", "carol", "sha512crypt"])).toMatchObject({ stdout: "$6$salt$hash\n" });
	const shown = await sandbox.run(["set", "dave", "plain", "-p", "hunter2"]);
	expect(shown).toMatchObject({
		code: 0,
		stdout: "",
		stderr: expect.stringMatching(/^trocla: warning: a password on the command line/),
	});
	expect(await sandbox.run(["get", "dave", "plain"])).toMatchObject({ stdout: "hunter2\n" });
});

test("setting the password that is stored already leaves its hashes as they are", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "alice", "plain"], "secret");
	const { stdout } = await sandbox.run(["get", "alice", "bcrypt", "--cost", "4"]);
	await sandbox.run(["set", "alice", "plain"], "secret");
	await sandbox.run(["set", "alice", "bcrypt", "--cost", "4"], "secret");
	expect(await sandbox.run(["get", "alice", "bcrypt", "--no-create"])).toMatchObject({ stdout });
	await sandbox.run(["set", "alice", "bcrypt", "--cost", "5"], "secret");
	expect((await sandbox.run(["get", "alice", "bcrypt"])).stdout).toMatch(/^\$2b\$05\$/);
});

test("verify tells a key's password from another, by its exit code", async () => {
	const sandbox = new Sandbox();
	const { stdout: password } = await sandbox.run(["get", "alice", "plain"]);
	await sandbox.run(["get", "alice", "pgsql"]);
	await sandbox.run(["get", "alice", "sha512crypt"]);
	for (const format of [[], ["plain"], ["pgsql"], ["sha512crypt"]]) {
		expect(await sandbox.run(["verify", "alice", ...format], password)).toEqual({ code: 0, stdout: "", stderr: "" });
		expect(await sandbox.run(["verify", "alice", ...format], `${password.trim()}x`)).toEqual({
			code: 1,
			stdout: "",
			stderr: 'trocla: this is not the password of "alice"\n',
		});
	}
	expect(await sandbox.run(["verify", "alice", "--json"], password)).toMatchObject({
		stdout: '{"key":"alice","match":"plain"}\n',
	});
	await sandbox.run(["delete", "alice", "plain"]);
	expect(await sandbox.run(["verify", "alice", "--json"], password)).toMatchObject({
		stdout: '{"key":"alice","match":"sha512crypt"}\n',
	});
	expect(await sandbox.run(["verify", "alice", "mysql"], password)).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("has no mysql stored"),
	});
	expect(await sandbox.run(["verify", "nobody"], password)).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("is not stored"),
	});
});

test("delete prints what it removes: one format, or all as YAML", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "alice", "plain"], "no: [yaml]\n# at all");
	const { stdout: hash } = await sandbox.run(["get", "alice", "mysql"]);
	expect(await sandbox.run(["delete", "alice", "sha1"])).toMatchObject({ code: 1, stdout: "" });
	const all = await sandbox.run(["delete", "alice"]);
	const ruby = await run(
		"python3",
		[
			"-c",
			"import sys,json\ntry:\n import yaml\nexcept ImportError:\n sys.exit(3)\nprint(json.dumps(yaml.safe_load(sys.stdin)))",
		],
		{},
		all.stdout,
	);
	if (ruby.code === 0) expect(JSON.parse(ruby.stdout)).toEqual({ plain: "no: [yaml]\n# at all", mysql: hash.trim() });
	expect(all.stdout).toContain(`mysql: '${hash.trim()}'`);
	expect(await sandbox.run(["delete", "alice"])).toMatchObject({
		code: 1,
		stdout: "",
		stderr: 'trocla: "alice" is not stored\n',
	});
	const { stdout } = await sandbox.run(["get", "bob", "sha1"]);
	expect(JSON.parse((await sandbox.run(["delete", "bob", "--json"])).stdout)).toMatchObject({
		key: "bob",
		values: { sha1: stdout.trim() },
	});
});

test("search prints the keys that match, in order, and exits 1 where there are none", async () => {
	const sandbox = new Sandbox();
	for (const key of ["user_b", "user_a", "db/main", "é"]) await sandbox.run(["get", key, "plain"]);
	expect(await sandbox.run(["search", "^user_"])).toEqual({ code: 0, stdout: "user_a\nuser_b\n", stderr: "" });
	expect(await sandbox.run(["search", "main$|é"])).toMatchObject({ code: 0, stdout: "db/main\né\n" });
	expect(await sandbox.run(["search", "."])).toMatchObject({ stdout: "db/main\nuser_a\nuser_b\né\n" });
	expect(await sandbox.run(["search", "nobody"])).toEqual({ code: 1, stdout: "", stderr: "" });
	expect(await sandbox.run(["search", "user", "--json"])).toMatchObject({ stdout: expect.anything() });
	expect(JSON.parse((await sandbox.run(["search", "user", "--json"])).stdout)).toEqual({ keys: ["user_a", "user_b"] });
	expect(JSON.parse((await sandbox.run(["search", "nobody", "--json"])).stdout)).toEqual({ keys: [] });
});

test("show tells formats, dates, options and expiry, and no value", async () => {
	const sandbox = new Sandbox();
	const { stdout: password } = await sandbox.run(["get", "alice", "plain", "--expires", "3600"]);
	const { stdout: hash } = await sandbox.run(["get", "alice", "sha512crypt", "--rounds", "10000"]);
	const shown = await sandbox.run(["show", "alice"]);
	expect(shown.stdout).toMatch(
		/^alice\n {2}plain {8}[\d-]+ [\d:]+ UTC {2}length: 16, charset: default\n {2}sha512crypt {2}[\d-]+ [\d:]+ UTC {2}rounds: 10000\n {2}expires [\d-]+ [\d:]+ UTC \(3600 seconds after the last write\)\n$/,
	);
	const json = await sandbox.run(["show", "alice", "--json"]);
	expect(JSON.parse(json.stdout)).toMatchObject({
		key: "alice",
		formats: { plain: { options: { length: 16, charset: "default" } }, sha512crypt: { options: { rounds: 10000 } } },
		expires: { seconds: 3600 },
	});
	for (const secret of [password, hash]) expect(shown.stdout + json.stdout).not.toContain(secret.trim());
	expect(await sandbox.run(["show", "nobody"])).toMatchObject({ code: 1, stderr: 'trocla: "nobody" is not stored\n' });
});

test("an expired key is absent, and prune deletes it", async () => {
	const sandbox = new Sandbox();
	const { stdout: old } = await sandbox.run(["get", "short", "plain", "--expires", "1"]);
	await sandbox.run(["get", "long", "plain", "--expires", "1000"]);
	await expect
		.poll(() => sandbox.run(["get", "short", "plain", "--no-create"]), { timeout: 5000 })
		.toMatchObject({ code: 1, stdout: "" });
	expect(await sandbox.run(["search", "."])).toMatchObject({ stdout: "long\n" });
	expect(await sandbox.run(["prune", "--dry-run"])).toMatchObject({ code: 0, stdout: "short\n" });
	expect(JSON.parse((await sandbox.run(["prune", "--json"])).stdout)).toEqual({ pruned: ["short"], dryRun: false });
	expect(await sandbox.run(["prune"])).toMatchObject({ code: 0, stdout: "" });
	expect((await sandbox.run(["get", "short", "plain"])).stdout).not.toBe(old);
});

test("init writes a configuration with comments once, and a store that works", async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("new.yaml");
	sandbox.env.XDG_DATA_HOME = sandbox.path("data");
	const first = await runAsNobody(sandbox, ["init", "-c", file]);
	expect(first).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining(`Wrote ${file}`) });
	expect(statSync(file).mode & 0o777).toBe(0o600);
	const text = readFileSync(file, "utf8");
	expect(text).toMatch(/^# .*\n/);
	expect(await runAsNobody(sandbox, ["init", "-c", file])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("is already there"),
	});
	expect(readFileSync(file, "utf8")).toBe(text);
	expect(await runAsNobody(sandbox, ["get", "alice", "plain", "-c", file])).toMatchObject({ code: 0 });
	// Each line that is commented out is a setting that works; sealing also takes a key ring, and a format its module. A
	// machine with a store asks no daemon.
	const all = text
		.replace(/^(\s*)# (?=( {2})?[a-z_0-9]+:( |$))/gm, "$1")
		.replace(/^ *(words|encryption\w*|formats|server\w*):.*\n/gm, "")
		.replaceAll("/usr/local/bin/notify", "/bin/true")
		.replace("/var/log/trocla", sandbox.path("data"));
	await run("bash", ["-c", `cat > ${sandbox.path("troclarc.yaml")}`], {}, all);
	chmodSync(sandbox.path("troclarc.yaml"), 0o644);
	expect(await runAsNobody(sandbox, ["doctor"])).toMatchObject({ code: 0, stderr: "" });
});

test("doctor finds what is wrong and says how to mend it", async () => {
	const sandbox = new Sandbox();
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0, stdout: expect.stringContaining("is not there yet") });
	await sandbox.run(["get", "alice", "plain"]);
	expect((await sandbox.run(["doctor"])).stdout).toMatch(/ok +store: .*: 1 key, which is sound/);
	await query(sandbox.store, `insert into keyv values ('trocla:broken', '{"value":"{\\"v\\":1}"}')`);
	const broken = await sandbox.run(["doctor"]);
	expect(broken.code).toBe(1);
	expect(broken.stdout).toMatch(/FAULT +store: the record of "broken" is damaged: .*\n +Nothing was changed\. Restore/);
	expect(JSON.parse((await sandbox.run(["doctor", "--json"])).stdout)).toMatchObject({ ok: false });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ code: 0 });
	await run("chmod", ["604", sandbox.store]);
	const exposed = await sandbox.run(["doctor"]);
	expect(exposed).toMatchObject({ code: 1, stdout: expect.stringContaining(`Run: chmod 600 ${sandbox.store}`) });
	sandbox.configure({ stor: "sqlite" });
	expect(await sandbox.run(["doctor"])).toMatchObject({
		code: 1,
		stdout: expect.stringMatching(/FAULT +configuration: .*"stor".*\n +Did you mean store\?/),
	});
});

test("every command's help shows two real examples", async () => {
	const sandbox = new Sandbox();
	const { stdout } = await sandbox.run(["--help"]);
	const names = [...(stdout.split("Commands:")[1]?.matchAll(/^ {2}([a-z]+)/gm) ?? [])]
		.map(([, name]) => name ?? "")
		.filter((name) => !["help", "trocla"].includes(name));
	expect(names).toEqual([
		"get",
		"create",
		"set",
		"reset",
		"delete",
		"verify",
		"search",
		"formats",
		"show",
		"lookup",
		"publish",
		"serve",
		"external",
		"import",
		"prune",
		"export",
		"migrate",
		"doctor",
		"init",
		"rekey",
		"completion",
	]);
	for (const name of names) {
		const help = await sandbox.run([name, "--help"]);
		expect(help).toMatchObject({ code: 0, stderr: "" });
		expect(help.stdout.match(new RegExp(`^.*trocla ${name}\\b.* # `, "gm"))?.length).toBeGreaterThanOrEqual(2);
	}
	expect(await sandbox.run(["--version"])).toMatchObject({
		code: 0,
		stdout: expect.stringMatching(/^trocla \d+\.\d+\.\d+\n$/),
	});
});

test("wrong usage exits 2, with a pointer to the help", async () => {
	const sandbox = new Sandbox();
	for (const args of [
		["get"],
		["get", "alice"],
		["gte", "alice", "plain"],
		["get", "a", "plain", "--lenght", "3"],
		["get", "a", "plain", "x: 1", "y"],
		[],
	]) {
		const wrong = await sandbox.run(args);
		expect(wrong).toMatchObject({ code: 2, stdout: "" });
		expect(wrong.stderr).toMatch(/trocla .*--help|Usage: trocla/);
	}
	expect((await sandbox.run(["gte", "alice", "plain"])).stderr).toContain("Did you mean get?");
});
