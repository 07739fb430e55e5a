import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Sandbox } from "../support/sandbox.js";

const directory = mkdtempSync(join(tmpdir(), "trocla-site-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let count = 0;

/** A file with a module in it, in a place of its own, since Node keeps what it has loaded. */
function module(source: string, extension = "cjs"): string {
	const path = join(directory, `format${count++}.${extension}`);
	writeFileSync(path, source, { mode: 0o644 });
	return path;
}

function site(formats: unknown): Sandbox {
	const sandbox = new Sandbox();
	sandbox.configure({ store_options: { path: sandbox.store }, formats });
	return sandbox;
}

const REVERSED = `{
	options: { prefix: "r:", times: 1, loud: false },
	derive: (plain, { prefix, loud }) => prefix + (loud ? plain.toUpperCase() : [...plain].reverse().join("")),
	verify(plain, value, options) { return this.derive(plain, options) === value; },
}`;

test.each([
	["a CommonJS module", "cjs", `module.exports = ${REVERSED}`],
	["an ES module", "mjs", `export default ${REVERSED}`],
	[
		"an ES module with named exports",
		"mjs",
		"export const derive = async (plain) => ['r:', ...[...plain].reverse()].join('')",
	],
])("a site's own format comes from %s, and is one like the others", async (_, extension, source) => {
	const sandbox = site({ reversed: module(source, extension) });
	await sandbox.run(["set", "alice", "plain"], "secret");
	expect(await sandbox.run(["get", "alice", "reversed"])).toEqual({ code: 0, stdout: "r:terces\n", stderr: "" });
	expect(await sandbox.run(["formats", "alice"])).toMatchObject({ stdout: "plain\nreversed\n" });
	expect((await sandbox.run(["formats"])).stdout).toMatch(/^plain\n(.*\n)+reversed\n$/);
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
});

test("its options are checked by its defaults' types, from a call, a profile and the configuration", async () => {
	const sandbox = new Sandbox();
	const path = module(`module.exports = ${REVERSED}`);
	sandbox.configure({
		store_options: { path: sandbox.store },
		formats: { reversed: path },
		options: { reversed: { prefix: "site:" } },
		profiles: { loud: { loud: true } },
	});
	await sandbox.run(["set", "alice", "plain"], "secret");
	expect((await sandbox.run(["get", "alice", "reversed"])).stdout).toBe("site:terces\n");
	expect((await sandbox.run(["reset", "alice", "reversed", "--profile", "loud"])).stdout).toBe("site:SECRET\n");
	expect(await sandbox.run(["get", "bob", "reversed", "-o", "loud=5"])).toMatchObject({
		code: 2,
		stderr: "trocla: option loud of reversed must be true or false, not 5\n",
	});
	expect(await sandbox.run(["get", "bob", "reversed", "-o", "prefxi=x"])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("prefix"),
	});
	expect(await sandbox.run(["verify", "alice", "reversed"], "secret")).toMatchObject({ code: 0 });
});

test("what its functions throw, or give instead of a text, is an error that names it, and stores nothing", async () => {
	const thrown = module("module.exports = { derive() { throw new Error('no moon today') } }");
	const nothing = module("module.exports = { derive: () => undefined }");
	const sandbox = site({ moon: thrown, nothing });
	expect(await sandbox.run(["get", "alice", "moon"])).toMatchObject({
		code: 1,
		stderr: 'trocla: moon of "alice": moon failed in the site\'s module: no moon today\n',
	});
	expect(await sandbox.run(["get", "alice", "nothing"])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("derive gave no text"),
	});
	expect(await sandbox.run(["show", "alice"])).toMatchObject({ code: 1 });
});

test("what its functions throw is told without the password and the value that it quotes", async () => {
	const quoting = `module.exports = {
		derive(plain, { good }) { if (good) return "v:" + plain.length; throw new Error("can't take " + plain) },
		verify(plain, value) { throw new Error("what is " + value) },
		options: { good: false },
	}`;
	const sandbox = site({ quoting: module(quoting) });
	await sandbox.run(["set", "alice", "plain"], "hunter22");
	const message = 'trocla: quoting of "alice": quoting failed in the site\'s module: its message is left out';
	const derived = await sandbox.run(["get", "alice", "quoting"]);
	expect(derived).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
	await sandbox.run(["get", "alice", "quoting", "-o", "good=true"]);
	const verified = await sandbox.run(["verify", "alice", "quoting"], "hunter22");
	expect(verified).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
	expect(derived.stderr + verified.stderr).not.toMatch(/hunter22|v:8/);
});

test.each([
	["never comes to an end", "derive: () => new Promise(() => {})"],
	["ends the process", "derive() { process.exit(0) }"],
])("a derive that %s is a failure", async (_, derive) => {
	const { code, stdout, stderr } = await site({ mine: module(`module.exports = { ${derive} }`) }).run([
		"get",
		"alice",
		"mine",
	]);
	expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
	expect(stderr).toContain("trocla: stopped before it was done");
});

test("an option that it no longer has does not keep a password from being verified", async () => {
	const path = module(`module.exports = ${REVERSED}`);
	const sandbox = site({ reversed: path });
	await sandbox.run(["set", "alice", "plain"], "secret");
	await sandbox.run(["get", "alice", "reversed", "-o", "times=3"]);
	writeFileSync(path, `module.exports = ${REVERSED.replace("times: 1, ", "")}`);
	expect(await sandbox.run(["verify", "alice", "reversed"], "secret")).toMatchObject({ code: 0, stderr: "" });
	expect(await sandbox.run(["reset", "alice", "reversed"])).toMatchObject({ code: 0, stdout: "r:terces\n" });
});

test("a record keeps a format whose module is gone", async () => {
	const sandbox = site({ reversed: module(`module.exports = ${REVERSED}`) });
	await sandbox.run(["get", "alice", "reversed"]);
	sandbox.configure({ store_options: { path: sandbox.store } });
	expect(await sandbox.run(["get", "alice", "sha1"])).toMatchObject({ code: 0 });
	expect(await sandbox.run(["formats", "alice"])).toMatchObject({ stdout: "plain\nreversed\nsha1\n" });
	expect(await sandbox.run(["get", "alice", "reversed"])).toMatchObject({ code: 2 });
});

test.each([
	["is not there", { mine: "/nonexistent/mine.js" }, /formats: mine has no module \/nonexistent\/mine\.js/],
	["does not parse", { mine: module("module.exports = {") }, /formats: mine has a module that can't be loaded/],
	["has no derive", { mine: module("module.exports = {}") }, /without a function derive/],
	["has a verify that is none", { mine: module("module.exports = { derive() {}, verify: 1 }") }, /verify is not a fun/],
	[
		"has an option that is a list",
		{ mine: module("module.exports = { derive() {}, options: { a: [] } }") },
		/option a/,
	],
	["has a name of trocla's", { bcrypt: "x.js" }, /"bcrypt" is a name that trocla has already/],
	["has an option's name", { length: "x.js" }, /"length" is a name that trocla has already/],
	[
		"has an option with a general one's name",
		{ mine: module("module.exports = { derive() {}, options: { length: 5 } }") },
		/mine has an option "length", a name that trocla has already/,
	],
	[
		"has an option with a format's name",
		{ mine: module("module.exports = { derive() {}, options: { plain: true } }") },
		/mine has an option "plain", a name that trocla has already/,
	],
	["has a name that is none", { "my format": "x.js" }, /"my format" can't be a format's name/],
	["has no path", { mine: 5 }, /mine must be a module's path, not 5/],
	["is a list", ["x.js"], /formats: must be a map/],
])("a configuration whose format %s is refused", async (_, formats, message) => {
	const sandbox = site(formats);
	const { code, stdout, stderr } = await sandbox.run(["get", "alice", "plain"]);
	expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
	expect(stderr).toMatch(message);
	expect(stderr).toContain(`trocla: ${sandbox.path("troclarc.yaml")}: formats`);
});

test("a module that others can write is not run", async () => {
	const path = module(`module.exports = ${REVERSED}`);
	chmodSync(path, 0o666);
	const { stderr } = await site({ mine: path }).run(["get", "alice", "plain"]);
	expect(stderr).toMatch(new RegExp(`others can write: ${path}\n {2}Run: chmod go-w ${path}`));
});

test.skipIf(process.getuid?.() !== 0)("nor is one that belongs to another user, who can make it writable", async () => {
	const path = module(`module.exports = ${REVERSED}`);
	chownSync(path, 65_534, 65_534);
	const { stderr } = await site({ mine: path }).run(["get", "alice", "plain"]);
	expect(stderr).toMatch(new RegExp(`belongs to another user: ${path}\n {2}It must be yours, or root.s`));
});

test("an option that is a number is finite", async () => {
	const { code, stderr } = await site({ mine: module(`module.exports = ${REVERSED}`) }).run([
		"get",
		"alice",
		"mine",
		"-o",
		"times=.inf",
	]);
	expect(code).toBe(2);
	expect(stderr).toContain("option times of mine must be a number, not Infinity");
});

test("a module in a directory where others can put another in its place is not run", async () => {
	const place = join(directory, "open");
	mkdirSync(place);
	chmodSync(place, 0o777);
	writeFileSync(join(place, "mine.cjs"), `module.exports = ${REVERSED}`, { mode: 0o644 });
	const { code, stderr } = await site({ mine: join(place, "mine.cjs") }).run(["get", "alice", "plain"]);
	expect(code).toBe(1);
	expect(stderr).toContain(`others can replace: ${place}/mine.cjs\n  Run: chmod go-w ${place}`);
});
