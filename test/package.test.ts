import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, run } from "./support/sandbox.js";

const root = join(import.meta.dirname, "..");
let directory = "";
let installed = "";

/** Runs a program in the directory, with a home and a store of its own. */
const inDirectory = (program: string, args: string[], input?: string): Promise<Outcome> =>
	run(
		program,
		args,
		{ cwd: directory, env: { ...process.env, HOME: directory, TROCLA_CONFIG: join(directory, "troclarc.yaml") } },
		input,
	);

beforeAll(async () => {
	directory = mkdtempSync(join(tmpdir(), "trocla-package-"));
	writeFileSync(join(directory, "troclarc.yaml"), `store_options: {path: ${directory}/store/trocla.sqlite}\n`, {
		mode: 0o600,
	});
	const packed = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", directory], {
		cwd: root,
	});
	expect(packed).toMatchObject({ code: 0 });
	const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
	mkdirSync(join(directory, "prefix"));
	const args = [
		"install",
		"--global",
		"--prefix",
		join(directory, "prefix"),
		"--allow-scripts=sqlite3,koffi",
		join(directory, filename),
	];
	expect(await run("npm", args, { cwd: directory })).toMatchObject({ code: 0 });
	installed = join(directory, "prefix/lib/node_modules/trocla");
}, 600_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("installed from its tarball, the command works, and brings nothing but its native addons along", async () => {
	const trocla = join(directory, "prefix/bin/trocla");
	const hash = await inDirectory(trocla, ["get", "alice", "sha512crypt"]);
	expect(hash).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^\$6\$/) });
	const password = await inDirectory(trocla, ["delete", "alice", "plain"]);
	const [, , salt] = hash.stdout.split("$");
	expect((await run("openssl", ["passwd", "-6", "-salt", salt ?? "", "-stdin"], {}, password.stdout)).stdout).toBe(
		hash.stdout,
	);
	expect(await inDirectory(trocla, ["get", "alice", "sha512crypt"])).toEqual(hash);
	expect(await inDirectory(trocla, ["doctor"])).toMatchObject({ code: 0 });
	const modules = (await run("ls", [join(installed, "node_modules")])).stdout.split("\n");
	const licences = readFileSync(join(installed, "dist/LICENSES.txt"), "utf8");
	for (const name of ["commander", "keyv", "@keyv/sqlite", "js-yaml", "valibot", "sha512crypt-node", "bcryptjs"]) {
		expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
	}
	for (const name of ["mocha", "keyv", "commander", "vitest"]) expect(modules).not.toContain(name);
});

test("the modules for Puppet and Ansible are in it, of the same version", () => {
	const read = (file: string) => JSON.parse(readFileSync(join(installed, file), "utf8"));
	const { version, license } = read("package.json");
	expect(read("puppet/metadata.json")).toMatchObject({ version, license });
	const functions = readdirSync(join(installed, "puppet/lib/puppet/functions"));
	expect(functions.filter((name) => name.endsWith(".rb"))).toEqual([
		"trocla.rb",
		"trocla_get.rb",
		"trocla_lookup_key.rb",
		"trocla_set.rb",
	]);
	expect(readdirSync(join(installed, "ansible/plugins/lookup"))).toEqual(["trocla.py"]);
	expect(readdirSync(join(installed, "systemd"))).toEqual(["trocla.service", "trocla.socket"]);
});

test("what the package says of itself is so: its keywords are words, and its unit names a page that it brings along", () => {
	const { keywords } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
	expect(keywords).toContain("ansible");
	for (const keyword of keywords) expect(keyword).toMatch(/^[a-z]+(-[a-z]+)*$/);
	const unit = readFileSync(join(installed, "systemd/trocla.service"), "utf8");
	const [, page = ""] = /^Documentation=file:\/\/\/usr\/lib\/node_modules\/trocla\/(.+)$/m.exec(unit) ?? [];
	expect(readFileSync(join(installed, page), "utf8")).toMatch(/^# The daemon$/m);
});

test("a program imports the library, or requires it, and gets the same one", async () => {
	mkdirSync(join(directory, "node_modules"), { recursive: true });
	await run("ln", ["-sfn", installed, join(directory, "node_modules/trocla")]);
	const esm = `
		import { openTrocla, TroclaError } from "trocla";
		import { createRequire } from "node:module";
		const trocla = await openTrocla();
		console.log(await trocla.get("lib", "plain"), TroclaError === createRequire(import.meta.url)("trocla").TroclaError);
		await trocla.get("lib", "nope").catch((error) => console.log(error instanceof TroclaError, error.code));
		await trocla[Symbol.asyncDispose]();`;
	const cjs = `
		const { openTrocla } = require("trocla");
		openTrocla().then(async (trocla) => { console.log(await trocla.peek("lib", "plain")); await trocla.close(); });`;
	const imported = await inDirectory("node", ["--input-type=module", "-e", esm]);
	expect(imported.stderr).toBe("");
	const [value, ...rest] = imported.stdout.split(/\s+/);
	expect(rest.slice(0, 3)).toEqual(["true", "true", "invalid"]);
	expect(await inDirectory("node", ["-e", cjs])).toEqual({ code: 0, stdout: `${value}\n`, stderr: "" });
});

test("the library's types stand on their own", async () => {
	writeFileSync(
		join(directory, "consumer.mts"),
		`import { openHiera, openTrocla, TroclaError, type KeyDescription, type Peeked, type PlainValue } from "trocla";
		await using trocla = await openTrocla({ config: { store: "memory", options: { length: 20 } }, warn: (message: string) => {} });
		const value: string = await trocla.get("a", "sha512crypt", { rounds: 5000 });
		const stored: string | undefined = await trocla.peek("a", "plain");
		const found: (Peeked | undefined)[] = await trocla.peekMany([{ key: "a", format: "plain" }]);
		const at: string | undefined = found[0]?.at ?? found[0]?.error?.code;
		const shown: KeyDescription | undefined = await trocla.show("a");
		await trocla.handOut("a", ({ plain }) => { const text: string | undefined = plain; });
		for await (const key of trocla.search(/./)) key.length;
		const hiera = await openHiera({ config: "/nowhere/hiera.yaml", hosts: "/nowhere", store: trocla });
		const users: PlainValue = await hiera.lookup("accounts::users", { node: "www1", facts: { role: "web" }, merge: "deep" });
		try { await trocla.reset("a", "plain"); } catch (error) { if (error instanceof TroclaError) error.code satisfies string; }
		// @ts-expect-error a key is a text
		await trocla.get(1, "plain");
		`,
	);
	const tsc = join(root, "node_modules/typescript/bin/tsc");
	const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
	const args = [
		tsc,
		"--noEmit",
		"--strict",
		"--target",
		"es2023",
		"--module",
		"nodenext",
		"--lib",
		"es2023,esnext.disposable",
		...types,
		"consumer.mts",
	];
	expect(await inDirectory("node", args)).toEqual({ code: 0, stdout: "", stderr: "" });
}, 120_000);

test("without koffi, hashes are made in JavaScript, or the message says what is missing", async () => {
	const trocla = join(directory, "prefix/bin/trocla");
	const { stdout: made } = await inDirectory(trocla, ["get", "bob", "sha512crypt"]);
	rmSync(join(installed, "node_modules/koffi"), { recursive: true });
	const { stdout: password } = await inDirectory(trocla, ["get", "bob", "plain"]);
	expect(await inDirectory(trocla, ["verify", "bob", "sha512crypt"], password)).toMatchObject({ code: 0 });
	expect(made).toMatch(/^\$6\$/);
	for (const [format, flag] of [
		["sha512crypt", "-6"],
		["sha256crypt", "-5"],
	] as const) {
		const hash = await inDirectory(trocla, ["reset", "bob", format]);
		const [, , salt] = hash.stdout.split("$");
		expect((await run("openssl", ["passwd", flag, "-salt", salt ?? "", "-stdin"], {}, password)).stdout).toBe(
			hash.stdout,
		);
	}
	expect((await inDirectory(trocla, ["get", "bob", "bcrypt", "--cost", "4"])).stdout).toMatch(/^\$2b\$04\$.{53}\n$/);
	for (const format of ["md5crypt", "yescrypt"]) {
		expect(await inDirectory(trocla, ["get", "bob", format])).toMatchObject({
			code: 1,
			stdout: "",
			stderr: expect.stringMatching(/needs libcrypt, which this system does not have\n {2}Install libxcrypt/),
		});
	}
	expect(await inDirectory(trocla, ["doctor"])).toMatchObject({
		code: 0,
		stdout: expect.stringContaining("note    libcrypt"),
	});
});
