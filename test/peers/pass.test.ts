import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { awkward } from "../support/passwords.js";
import { missing, pathOf } from "../support/peers.js";
import { cleanUp, Sandbox } from "../support/sandbox.js";

describe.skipIf(missing("pass", "gpg"))("pass, the password store (needs pass and gpg)", () => {
	let sandbox: Sandbox;
	let store: string;

	/** Runs a program with GnuPG's home, and pass's, in the sandbox. */
	function call(program: "pass" | "gpg", args: readonly string[], input = ""): string {
		return execFileSync(pathOf(program), args, { env: sandbox.env, input, stdio: ["pipe", "pipe", "pipe"] }).toString();
	}

	const insert = (key: string, text: string) => call("pass", ["insert", "--multiline", key], text);
	const imported = (...flags: string[]) => sandbox.run(["import", "--from", "pass", "--json", ...flags]);

	beforeEach(() => {
		sandbox = new Sandbox();
		store = sandbox.path("home/.password-store");
		const home = sandbox.path("gnupg");
		mkdirSync(home, { mode: 0o700 });
		Object.assign(sandbox.env, { GNUPGHOME: home });
		const env = { ...sandbox.env };
		cleanUp(() => execFileSync("gpgconf", ["--kill", "all"], { env }));
		call("gpg", ["--batch", "--passphrase", "", "--quick-gen-key", "test@example.com", "ed25519", "cert,sign"]);
		const [, fingerprint = ""] = /^fpr:+([0-9A-F]{40}):$/m.exec(call("gpg", ["--with-colons", "-k"])) ?? [];
		call("gpg", ["--batch", "--passphrase", "", "--quick-add-key", fingerprint, "cv25519", "encr"]);
		call("pass", ["init", "test@example.com"]);
	});

	test("each entry's first line comes in under its path, whatever it is", async () => {
		const entries = Object.entries(awkward);
		for (const [name, password] of entries) insert(`people/${name}`, `${password}\nuser: alice\nurl: x\n`);
		insert("bare", "no newline");
		const { code, stdout, stderr } = await imported();
		expect({ code, stderr, ...JSON.parse(stdout) }).toMatchObject({
			code: 0,
			stderr: "",
			imported: entries.length + 1,
			problems: [],
		});
		for (const [name, password] of entries) {
			expect(await sandbox.run(["get", `people/${name}`, "plain"])).toMatchObject({ stdout: `${password}\n` });
		}
		expect(await sandbox.run(["get", "bare", "plain"])).toMatchObject({ stdout: "no newline\n" });
		expect(JSON.parse((await imported()).stdout)).toMatchObject({ imported: 0, same: entries.length + 1 });
	});

	test("an entry that can't be opened is named, and the others come in", async () => {
		for (const key of ["a", "broken", "empty", "latin1", "z"])
			insert(key, key === "empty" ? "\nnotes" : `geheim ${key}`);
		writeFileSync(join(store, "broken.gpg"), "this is no GnuPG");
		const latin1 = execFileSync(pathOf("gpg"), ["--batch", "-e", "-r", "test@example.com"], {
			env: sandbox.env,
			input: Buffer.from("caf\xe9", "latin1"),
			stdio: ["pipe", "pipe", "ignore"],
		});
		writeFileSync(join(store, "latin1.gpg"), latin1);
		const { code, stdout } = await imported();
		expect(code).toBe(1);
		const { problems, ...counts } = JSON.parse(stdout);
		expect(counts).toMatchObject({ imported: 2, unreadable: 3 });
		expect(problems.map(({ key, message }: { key: string; message: string }) => [key, message]).sort()).toEqual([
			["broken", expect.stringContaining("can't be decrypted: ")],
			["empty", expect.stringContaining("the password is empty")],
			["latin1", "is not UTF-8"],
		]);
		expect(stdout).not.toContain("geheim");
	});

	test("links lead nowhere out of the tree, and hidden files are none of it", async () => {
		insert("a", "geheim");
		const outside = sandbox.path("outside");
		mkdirSync(outside);
		writeFileSync(join(outside, "b.gpg"), "");
		symlinkSync(join(outside, "b.gpg"), join(store, "out.gpg"));
		symlinkSync(outside, join(store, "directory"));
		symlinkSync(join(store, "a.gpg"), join(store, "alias.gpg"));
		symlinkSync(join(store, "nowhere"), join(store, "dead.gpg"));
		mkdirSync(join(store, ".hidden"));
		symlinkSync(join(store, "a.gpg"), join(store, ".hidden/c.gpg"));
		const { problems, imported: count } = JSON.parse((await imported("--file", store)).stdout);
		expect(count).toBe(2);
		expect(problems.map(({ key, message }: { key: string; message: string }) => [key, message]).sort()).toEqual([
			["dead", expect.stringContaining("can't be read")],
			["directory", "is a link out of the tree"],
			["out", "is a link out of the tree"],
		]);
		expect(await sandbox.run(["search", "."])).toMatchObject({ stdout: "a\nalias\n" });
	});

	test("a key's name is never taken for a flag of gpg's, nor a password put on its command line", async () => {
		insert("x", "geheim");
		const seen = sandbox.path("seen");
		const fake = sandbox.path("bin/gpg");
		mkdirSync(dirname(fake));
		writeFileSync(fake, `#!/bin/sh\nprintf '%s\\n' "$*" >> ${seen}\nexec ${pathOf("gpg")} "$@"\n`);
		chmodSync(fake, 0o755);
		Object.assign(sandbox.env, { PATH: `${dirname(fake)}:${sandbox.env.PATH}` });
		execFileSync("cp", [join(store, "x.gpg"), join(store, "--output=y.gpg")]);
		unlinkSync(join(store, "x.gpg"));
		expect(JSON.parse((await imported()).stdout)).toMatchObject({ imported: 1 });
		expect(execFileSync("cat", [seen]).toString()).toBe("--batch --quiet --version\n--batch --quiet --decrypt\n");
	});

	test("where there is no gpg, or no entry, that is said", async () => {
		expect(await imported()).toMatchObject({ code: 1, stderr: expect.stringContaining("has no .gpg files") });
		insert("x", "geheim");
		Object.assign(sandbox.env, { PATH: "/nowhere" });
		expect(await imported()).toMatchObject({ code: 1, stderr: expect.stringContaining("gpg does not run here") });
	});
});
