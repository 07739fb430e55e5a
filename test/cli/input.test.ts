import fc from "fast-check";
import { expect, test } from "vitest";
import { query } from "../support/rows.js";
import { run, Sandbox } from "../support/sandbox.js";

/** The whole content of the store, for comparing it before and after. */
const content = (sandbox: Sandbox) => query(sandbox.store, "select * from keyv order by key");

async function withAlice(): Promise<Sandbox> {
	const sandbox = new Sandbox();
	await sandbox.run(["get", "alice", "plain"]);
	return sandbox;
}

const MESSAGE = /^trocla: [^\n]+\n( {2}[^\n]+\n)?$/;

test.each<[what: string, args: string[], hint: string | RegExp, input?: string]>([
	["an unknown format", ["get", "new", "sha512cript"], "Did you mean sha512crypt?"],
	["a format that is only begun", ["get", "new", "sha512"], "Did you mean sha512crypt?"],
	["an unknown option", ["get", "new", "plain", "lenght: 3"], "Did you mean length?"],
	["an unknown option by -o", ["get", "new", "plain", "-o", "rouns=3"], "Did you mean rounds?"],
	["an unknown profile", ["get", "new", "plain", "--profile", "rootpwd"], "Did you mean rootpw?"],
	["an unknown charset", ["get", "new", "plain", "--charset", "alphanumerik"], "Did you mean alphanumeric?"],
	["an unknown class", ["get", "new", "plain", "--require", "digits=1"], "Did you mean digit?"],
	[
		"a length of the wrong type",
		["get", "new", "plain", "length: long"],
		'length must be a whole number from 1 to 4096, not "long"',
	],
	["a length that is no whole number", ["get", "new", "plain", "--length", "1.5"], "whole number"],
	["a length of nothing", ["get", "new", "plain", "--length", "0"], "from 1 to 4096, not 0"],
	["a negative length", ["get", "new", "plain", "--length", "-5"], "from 1 to 4096, not -5"],
	["a length of 10 million", ["get", "new", "plain", "--length", "10000000"], "from 1 to 4096, not 10000000"],
	["a bad expiry", ["get", "new", "plain", "--expires", "tomorrow"], "expires must be seconds"],
	["a negative expiry", ["get", "new", "plain", "--expires", "-1"], "from 0 to 3155760000, not -1"],
	["random that is not true or false", ["get", "new", "plain", "random: maybe"], "random must be true or false"],
	[
		"a charset of one character",
		["get", "new", "plain", "--charset", "custom:aaa"],
		"fewer than two different characters",
	],
	["a charset with a newline", ["get", "new", "plain", 'charset: {custom: "a\\nb"}'], "without control characters"],
	[
		"more required than there is room for",
		["get", "new", "plain", "--length", "2", "--require", "upper=1,lower=1,digit=1"],
		"require asks for 3 characters, and length is 2",
	],
	[
		"a required class that the charset lacks",
		["get", "new", "plain", "--charset", "numeric", "--require", "upper=1"],
		"the charset has none",
	],
	["words with a length", ["get", "new", "plain", "--words", "4", "--length", "9"], "words can't go with length"],
	["no words", ["get", "new", "plain", "--words", "0"], "whole number from 1 to 64"],
	["too few rounds", ["get", "new", "sha512crypt", "--rounds", "999"], "from 1000 to 999999999, not 999"],
	[
		"too high a cost",
		["get", "new", "yescrypt", "--cost", "12"],
		"option cost of yescrypt must be a whole number from 1 to 11, not 12",
	],
	["too low a cost", ["get", "new", "bcrypt", "--cost", "3"], "from 4 to 31, not 3"],
	[
		"an unknown plugin",
		["get", "new", "mysql", "--plugin", "sha256"],
		"must be one of mysql_native_password, caching_sha2_password, ed25519",
	],
	["md5 without a username", ["get", "new", "pgsql", "--encode", "md5"], "--username ROLE"],
	["an unknown encoding", ["get", "new", "pgsql", "--encode", "md4"], "must be one of sha256, md5"],
	["broken YAML", ["get", "new", "plain", "length: [1"], "OPTIONS is not YAML"],
	["YAML that is no map", ["get", "new", "plain", "[length]"], "must be a YAML map"],
	["an -o without a value", ["get", "new", "plain", "-o", "length"], "-o takes name=value"],
	["an empty key", ["get", "", "plain"], "must not be empty"],
	["a key of 10,000 characters", ["get", "k".repeat(10_000), "plain"], "of 10000 bytes is too long"],
	["a key with a newline", ["get", "a\nb", "plain"], "newline"],
	["a key with an escape", ["get", "a\x1b[0m", "plain"], "control character"],
	["an empty password", ["set", "new", "plain"], "the password is empty", ""],
	["a password of a newline", ["set", "new", "plain"], "the password is empty", "\n"],
	["a password of 2 MiB", ["set", "new", "plain"], "the password has 2097152 bytes", "x".repeat(2 ** 21)],
	["bcrypt of 73 bytes", ["set", "new", "bcrypt"], "reads 72 bytes of password, and this one has 73", "x".repeat(73)],
	["bcrypt of a random password that is too long", ["get", "new", "bcrypt", "--length", "73"], "reads 72 bytes"],
	["a NUL in a crypt(3) password", ["set", "new", "sha512crypt"], "NUL", "a\0b"],
	["a crypt(3) password of 512 bytes", ["set", "new", "yescrypt"], "takes at most 511 bytes", "x".repeat(512)],
	["a regular expression that is none", ["search", "("], "not a regular expression"],
	["an unknown shell", ["completion", "bsh"], "Did you mean bash?"],
	["random: false without a plaintext", ["get", "new", "sha512crypt", "random: false"], "trocla set new plain"],
	["no random by flag", ["get", "new", "plain", "--no-random"], "trocla set new plain"],
	["a reset with a bad option", ["reset", "alice", "plain", "--length", "0"], "length"],
	["a reset with an unknown profile", ["reset", "alice", "plain", "--profile", "nobody"], "profile"],
	["a reset without a username", ["reset", "alice", "pgsql", "encode: md5"], "username"],
	["a set with a bad option", ["set", "alice", "plain", "length: x"], "length", "secret"],
	["a delete of an unknown format", ["delete", "alice", "plan"], "Did you mean plain?"],
	[
		"a configuration that is not there",
		["get", "new", "plain", "-c", "/nowhere/trocla.yaml"],
		"trocla init -c /nowhere/trocla.yaml",
	],
])("%s: one or two lines that say what to do, and nothing stored", async (_, args, hint, input) => {
	const sandbox = await withAlice();
	const before = await content(sandbox);
	const { code, stdout, stderr } = await sandbox.run(args, input);
	expect(stderr).toContain(hint);
	expect(stderr).toMatch(MESSAGE);
	expect(stdout).toBe("");
	expect([1, 2]).toContain(code);
	expect(await content(sandbox)).toEqual(before);
});

test("a password that is not UTF-8 is refused", async () => {
	const sandbox = await withAlice();
	const { code, stderr } = await sandbox.run(["set", "new", "plain"], Buffer.from([0x70, 0xe4, 0x73]));
	expect(code).toBe(2);
	expect(stderr).toContain("the password is not UTF-8");
});

test.each<[what: string, yaml: string, hint: string]>([
	["an unknown key", "stor: sqlite", 'unknown key "stor"\n  Did you mean store?'],
	["an unknown store", "store: sqllite", "Did you mean sqlite?"],
	["an unknown store option", "store_options: {pth: x}", 'unknown key "pth" (store: sqlite)\n  Did you mean path?'],
	["an unknown option", "options: {lenght: 3}", 'options: "lenght" is not known\n  Did you mean length?'],
	["an unknown charset", "options: {charset: defualt}", "Did you mean default?"],
	[
		"an option of the wrong type",
		"options: {length: 1k}",
		'options: length must be a whole number from 1 to 4096, not "1k"',
	],
	["an unknown option in a profile", "profiles: {wifi: {charst: numeric}}", "Did you mean charset?"],
	["a profile that is no map", "profiles: {wifi: numeric}", "must be a map"],
	["create_on_get of the wrong type", "create_on_get: 1", "create_on_get must be true or false"],
	["an unknown on_handed_out", "on_handed_out: regenrate", "Did you mean regenerate?"],
	["an encryption that there is not", "encryption: ssl", '"ssl" is not known'],
	["the Ruby trocla's store", ":store: :moneta\n:store_options:\n  :adapter: :YAML", "moneta is the Ruby trocla's"],
	["broken YAML", "store: [", "is not YAML"],
	["a tab", "options:\n\tlength: 3", "is not YAML: "],
	["a list", "- store", "must be a map"],
	["a text", "sqlite", "must be a map"],
])("a configuration with %s is refused by file and key", async (_, yaml, hint) => {
	const sandbox = await withAlice();
	const before = await content(sandbox);
	const file = sandbox.path("bad.yaml");
	await run("bash", ["-c", `umask 077; cat > ${file}`], {}, yaml);
	const { code, stdout, stderr } = await sandbox.run(["get", "new", "plain", "-c", file]);
	expect(stderr).toContain(hint);
	expect(stderr).toContain(file);
	expect(stderr).toMatch(MESSAGE);
	expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
	expect(await content(sandbox)).toEqual(before);
});

test("a configuration that others can change is refused with the chmod that mends it", async () => {
	const sandbox = await withAlice();
	const file = sandbox.path("troclarc.yaml");
	for (const mode of ["666", "620", "602"]) {
		await run("chmod", [mode, file]);
		const refused = await sandbox.run(["get", "alice", "plain"]);
		expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(`Run: chmod go-w ${file}`) });
	}
	await run("chmod", ["go-w", file]);
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ code: 0 });
});

test("a configuration of the Ruby trocla is understood as far as it goes", async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("ruby.yaml");
	const yaml = `---\n:store: :sqlite\n:store_options:\n  :path: ${sandbox.store}\n:encryption: :none\n:options:\n  :random: true\n  :length: 18\n  :charset: :numeric\n:profiles:\n  :pin:\n    :length: 4\n`;
	await run("bash", ["-c", `umask 077; cat > ${file}`], {}, yaml);
	expect((await sandbox.run(["get", "a", "plain", "-c", file])).stdout).toMatch(/^[0-9]{18}\n$/);
	expect((await sandbox.run(["get", "b", "plain", "-c", file, "--profile", "pin"])).stdout).toMatch(/^[0-9]{4}\n$/);
});

test("whatever key, format, option and password are thrown at it, the command answers with a value or a message", async () => {
	const sandbox = new Sandbox();
	const word = fc
		.oneof(
			fc.string({ unit: "grapheme" }),
			fc.string({ unit: "binary" }),
			fc.constantFrom("alice", "plain", "__proto__", "constructor", "--", "-p", "-", "''"),
		)
		.map((text) => text.replaceAll("\0", ""));
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom("get", "set", "reset", "delete", "verify", "search", "formats", "show"),
			word,
			fc.oneof(word, fc.constantFrom("plain", "mysql", "sha1")),
			fc.option(word, { nil: undefined }),
			fc.string({ unit: "binary" }),
			async (command, key, format, yaml, input) => {
				const args = [
					command,
					key,
					...(["search", "formats", "show"].includes(command) ? [] : [format]),
					...(yaml === undefined ? [] : [yaml]),
				];
				const { code, stdout, stderr } = await sandbox.run(args, input);
				expect([0, 1, 2]).toContain(code);
				expect(stderr).not.toMatch(/This should not happen|\n\s+at /);
				if (code === 2) expect(stdout).toBe("");
				if (code !== 0 && !["search", "verify"].includes(command)) expect(stderr).not.toBe("");
			},
		),
		{ numRuns: 150 },
	);
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
}, 120_000);
