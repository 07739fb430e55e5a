import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox } from "../support/sandbox.js";

const ask = (sandbox: Sandbox, query: unknown, ...flags: string[]) =>
	sandbox.run(["external", ...flags], typeof query === "string" ? query : JSON.stringify(query));

test("a query is answered with an object of texts, the same on every run", async () => {
	const sandbox = new Sandbox();
	const first = await ask(sandbox, { key: "app/db", format: "pgsql" });
	expect(first).toMatchObject({ code: 0, stderr: "" });
	const { stdout } = await sandbox.run(["get", "--no-create", "app/db", "pgsql"]);
	expect(JSON.parse(first.stdout)).toEqual({ value: stdout.trimEnd() });
	expect(await ask(sandbox, { format: "pgsql", key: "app/db" })).toEqual(first);
	const certificate = await ask(sandbox, {
		key: "www",
		format: "x509",
		CN: "www",
		keysize: "2048",
		render: "certonly",
	});
	const { value } = JSON.parse(certificate.stdout);
	expect(value).toBe((await sandbox.run(["get", "www", "x509", "--render", "certonly"])).stdout);
});

test("its options are texts, of which numbers, flags and lists are made as -o makes them", async () => {
	const sandbox = new Sandbox();
	const made = async (query: object, ...flags: string[]) =>
		JSON.parse((await ask(sandbox, { ...query, format: "plain" }, ...flags)).stdout).value;
	expect(await made({ key: "a", length: "30", charset: "hexadecimal" })).toMatch(/^[0-9a-f]{30}$/);
	expect(await made({ key: "b", charset: "{custom: ab}", expires: "3600" })).toMatch(/^[ab]{16}$/);
	expect(await made({ key: "c", charset: "numeric" }, "--length", "7", "-o", "expires=60")).toMatch(/^\d{7}$/);
	expect(await made({ key: "d" })).toMatch(/^.{16}$/);
	const refused = await ask(sandbox, { key: "e", random: "false" });
	expect(refused).toMatchObject({ code: 1, stdout: "" });
});

test("nothing is made with --no-create, or where the configuration says create_on_get: false", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "there", "plain"], "secret");
	const missing = { code: 1, stdout: "", stderr: expect.stringContaining('"none" has no sha1 stored') };
	expect(await ask(sandbox, { key: "none", format: "sha1" }, "--no-create")).toMatchObject(missing);
	sandbox.configure({ store_options: { path: sandbox.store }, create_on_get: false });
	expect(await ask(sandbox, { key: "none", format: "sha1" })).toMatchObject(missing);
	expect(JSON.parse((await ask(sandbox, { key: "there" })).stdout)).toEqual({ value: "secret" });
	expect(await sandbox.run(["search", "."])).toMatchObject({ stdout: "there\n" });
});

test("a query that can't be taken is an error without its values, and nothing is made", async () => {
	const sandbox = new Sandbox();
	const wrong: [query: unknown, message: string][] = [
		["", "standard input is not JSON"],
		["hushhush", "standard input is not JSON"],
		['["hushhush"]', "standard input is not a JSON object"],
		[{}, "the query has no key"],
		[{ format: "plain" }, "the query has no key"],
		[{ key: 5 }, '"key" must be a text'],
		[{ key: "" }, '"key" must be a text'],
		[{ key: "a", length: 32 }, '"length" must be a text'],
		[{ key: "a", passphrase: { hushhush: 1 } }, '"passphrase" must be a text'],
		[{ key: "a", format: "sha512crpt" }, "Did you mean sha512crypt?"],
		[{ key: "a", lenght: "hushhush" }, "Did you mean length?"],
		[{ key: "a", "": "hushhush" }, 'option "" is not known'],
		[{ key: "a", length: "[hushhush" }, "is not YAML"],
		['{"key": "a", "__proto__": "hushhush"}', "__proto__"],
	];
	for (const [query, message] of wrong) {
		const { code, stdout, stderr } = await ask(sandbox, query);
		expect({ query, code, stdout, stderr }).toEqual({
			...{ query, code: 2, stdout: "" },
			stderr: expect.stringContaining(message),
		});
		expect(stderr).not.toContain("hushhush");
	}
	expect(await sandbox.run(["search", "."])).toMatchObject({ stdout: "" });
});

test("a passphrase is taken as it is, whatever YAML would make of it, and no error has a part of an option", async () => {
	const sandbox = new Sandbox();
	for (const [index, passphrase] of [
		"#hushhush",
		"12345678",
		"yes",
		"{hush",
		"hush # more",
		"*hush",
		"[a, b]",
	].entries()) {
		const key = `key${index}`;
		const made = await ask(sandbox, { key, format: "sshkey", type: "ed25519", passphrase });
		expect(made).toMatchObject({ code: 0, stderr: "" });
		const file = sandbox.path(key);
		writeFileSync(file, JSON.parse(made.stdout).value, { mode: 0o600 });
		const opened = spawnSync("ssh-keygen", ["-y", "-P", passphrase, "-f", file], { encoding: "utf8" });
		expect(opened.stdout).toMatch(/^ssh-ed25519 /);
	}
	for (const text of ["#hushhush", "*hushhush", "!hushhush x", "~ #hushhush", "!hushhush[x y"]) {
		const { code, stderr } = await ask(sandbox, { key: "a", format: "x509", comment: text, CN: text });
		expect(code).toBe(2);
		expect(stderr).not.toContain("hushhush");
	}
});
