import { once } from "node:events";
import { chownSync, copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { commands } from "../cli/commands.js";
import { builtinFormats, builtinNames } from "../formats/index.js";
import { loadConfig } from "../src/config/config.js";
import type { ServeInput } from "../src/config/input.js";
import { parseYaml } from "../src/config/yaml.js";
import { newToken } from "../src/server/tokens.js";
import { TestDaemon } from "./support/daemon.js";
import { asNobody, installIn, isRoot } from "./support/nobody.js";
import { cleanUp, run, Sandbox, TROCLA } from "./support/sandbox.js";
import { replay } from "./support/shown.js";
import { TestCa } from "./support/tls.js";

const directory = join(import.meta.dirname, "../docs");
const read = (file: string) => readFileSync(join(directory, file), "utf8");

const MOVING = "moving-from-ruby.md";
const AUDIT = "audit.md";
const LOOKUP = "lookup.md";
const ACCOUNTS = "accounts.md";
const SERVER = "server.md";
// Each of its sections is followed where its server is tested.
const STORES = "stores.md";
const others = [MOVING, AUDIT, LOOKUP, ACCOUNTS, SERVER, STORES];
const shown = readdirSync(directory).filter(
	(file) => !others.includes(file) && /```console\n\$ trocla/.test(read(file)),
);

test.each(shown)("what docs/%s shows is what the command prints", async (file) => {
	expect(await replay(read(file))).toBeGreaterThan(0);
});

test(`what docs/${MOVING} shows is what moving prints`, async () => {
	const sandbox = new Sandbox();
	const home = sandbox.path("home");
	const trocla = installIn(sandbox);
	if (isRoot) chownSync(home, 65534, 65534);
	delete sandbox.env.TROCLA_CONFIG;
	const text = read(MOVING)
		.replaceAll("/etc/troclarc", `${home}/.troclarc`)
		.replaceAll("/var/lib/trocla-ruby", home)
		.replaceAll("/var/lib/trocla/", `${home}/.local/share/trocla/`);
	const [hash = ""] = /\$6\$\S+/.exec(text) ?? [];
	const end = (seconds: number) => `- !ruby/object:Rational\n  denominator: 1\n  numerator: ${seconds}\n`;
	const keys = [
		`alice:\n  plain: a\n  sha512crypt: "${hash}"\n`,
		"app_db:\n  plain: b\n",
		"bob:\n  plain: c\n",
		`token:\n- plain: d\n  _expires: 86400\n${end(Math.floor(Date.now() / 1000) + 86_400)}`,
		`door:\n- plain: e\n  _expires: 1\n${end(1_000_000_000)}`,
		"broken: oops\n",
	];
	writeFileSync(`${home}/trocla.yaml`, `---\n${keys.join("")}`, { mode: 0o644 });
	const ruby = { adapter: ":YAML", adapter_options: { ":file": `${home}/trocla.yaml` } };
	writeFileSync(`${home}/.troclarc.yaml`, JSON.stringify({ store: ":moneta", store_options: ruby }), { mode: 0o644 });
	expect(await replay(text, { sandbox, trocla, user: asNobody })).toBe(8);
});

test(`what docs/${AUDIT} shows is what an audited store prints`, async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("audit.jsonl");
	sandbox.configure({ store_options: { path: sandbox.store }, audit: { file } });
	const [beforeHooks = ""] = read(AUDIT).split("\n## Hooks");
	const text = beforeHooks.replaceAll("/var/log/trocla/audit.jsonl", file).replaceAll("$ sudo trocla", "$ trocla");
	expect(await replay(text, { sandbox, trocla: TROCLA, user: [] })).toBeGreaterThan(4);
});

test(`the site that docs/${LOOKUP} makes from nothing gives the first answer`, async () => {
	const [, section = ""] = read(LOOKUP).split(/^## From nothing.*\n/m);
	expect(await replay(section.split(/^## /m)[0] ?? "")).toBe(1);
});

test(`docs/${ACCOUNTS} leads from an empty directory to sets that gpgv and sha256sum find right`, async () => {
	const sandbox = new Sandbox();
	// Which is where all commands are run, and TROCLA_CONFIG is.
	const text = read(ACCOUNTS).replaceAll("/srv/site", sandbox.directory);
	expect(await replay(text, { sandbox, trocla: TROCLA, user: [] })).toBe(30);
	// What the document shows of two hosts is true of the third one.
	const last = await sandbox.shell("sh assemble.sh www2.example.com 2>&1");
	expect(last).toMatchObject({ code: 0, stdout: expect.stringMatching(/Good signature.*\nHost: OK\n(\w+: OK\n){7}$/) });
});

test(`the script of docs/${ACCOUNTS} believes nothing that was altered`, async () => {
	const sandbox = new Sandbox();
	const [beginning = ""] = read(ACCOUNTS).split("### A password for alice");
	await replay(beginning.replaceAll("/srv/site", sandbox.directory), { sandbox, trocla: TROCLA, user: [] });
	const assembles = async (host: string) => (await sandbox.shell(`sh assemble.sh ${host}`)).code === 0;
	expect(await assembles("www2.example.com")).toBe(true);
	const attacks = [
		"echo 'root2::0:0::/:/bin/sh' >> tree/objects/$(sed -n 's/  passwd$//p' tree/hosts/www2.example.com/HashDigest)",
		"cd tree/hosts && rm -r www2.example.com && cp -r db1.example.com www2.example.com",
		"sed -i 's/^....../000000/' tree/hosts/www2.example.com/HashDigest",
	];
	for (const attack of attacks) {
		expect(await sandbox.shell(attack)).toMatchObject({ code: 0 });
		expect(await assembles("www2.example.com"), attack).toBe(false);
		expect(await sandbox.shell("trocla publish && sh assemble.sh www2.example.com")).toMatchObject({ code: 0 });
	}
});

test("docs/publishing.md tells of each flag of the command", () => {
	const [{ flags } = { flags: [] }] = commands.filter(({ name }) => name === "publish");
	const text = read("publishing.md");
	const names = flags.map(({ spelling }) => /--[a-z-]+/.exec(spelling)?.[0] ?? spelling);
	expect(names.filter((name) => !new RegExp(`${name}\\b`).test(text))).toEqual([]);
});

test.each(["README.md", ...readdirSync(directory).map((file) => `docs/${file}`)])(
	"the links of %s lead somewhere",
	(file) => {
		const root = join(directory, "..");
		const links = readFileSync(join(root, file), "utf8").matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g);
		for (const [link, path = "", anchor] of links) {
			const target = join(root, path === "" ? file : join(dirname(file), path));
			expect(existsSync(target), link).toBe(true);
			if (anchor !== undefined) expect(anchors(readFileSync(target, "utf8")), link).toContain(anchor);
		}
	},
);

/** The names that GitHub gives to headings. */
const anchors = (markdown: string) =>
	[...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
		heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\s_-]/gu, "")
			.replace(/ /g, "-"),
	);

test(`what docs/${SERVER} shows is what the daemon answers`, async () => {
	const sandbox = new Sandbox();
	const socket = sandbox.path("t.sock");
	sandbox.configure({ store_options: { path: sandbox.store }, serve: { socket: { path: socket } } });
	const daemon = sandbox.start(["serve"]);
	const ended = once(daemon, "exit");
	cleanUp(async () => {
		daemon.kill("SIGTERM");
		await ended;
	});
	await once(daemon.stderr ?? expect.fail(), "data");
	const [first = "", , rest = ""] = read(SERVER).split(CLIENT);
	const text = `${first}${rest}`.replaceAll("/run/trocla/trocla.sock", socket);
	expect(await replay(text, { sandbox, trocla: TROCLA, user: [] })).toBe(6);
});

/** The chapter on a machine that asks a daemon: in it, and behind it. */
const CLIENT = /^(?=## The command as a client$|## Resources$)/m;

test(`the build machine of docs/${SERVER} gets from nothing to its first value`, async () => {
	const [, chapter = ""] = read(SERVER).split(CLIENT);
	const files = new Sandbox();
	const ca = await TestCa.make(files.directory);
	const { token, hash } = newToken();
	const [, yaml = ""] = /```yaml\n(serve:.*?)```/s.exec(chapter) ?? [];
	const { serve } = parseYaml(yaml) as { serve: ServeInput };
	const https = await ca.https();
	const daemon = await TestDaemon.start({ https, tokens: { build: { hash } }, rules: serve.rules ?? [] });
	const sandbox = new Sandbox();
	writeFileSync(sandbox.path("token"), token, { mode: 0o600 });
	copyFileSync(await ca.caFile(), sandbox.path("ca.pem"));
	const text = chapter
		.replace(/https:\/\/trocla\.example\.com(:8443)?/g, `https://localhost:${daemon.daemon.port}`)
		.replaceAll("/home/build", sandbox.directory)
		.replaceAll("trocla 0.2.0", "trocla 0");
	expect(await replay(text, { sandbox, trocla: TROCLA, user: [] })).toBe(5);
});

test(`the configurations of docs/${SERVER} are ones`, async () => {
	const sandbox = new Sandbox();
	for (const [, yaml = ""] of read(SERVER).matchAll(/```yaml\n(.*?)```/gs)) {
		if (yaml.includes("server:")) {
			writeFileSync(sandbox.path("troclarc.yaml"), yaml, { mode: 0o600 });
			await loadConfig(sandbox.path("troclarc.yaml"));
			continue;
		}
		writeFileSync(sandbox.path("troclarc.yaml"), `${yaml}store: memory\n`, { mode: 0o600 });
		expect(await sandbox.run(["get", "alice", "plain"]), yaml).toMatchObject({ code: 0, stderr: "" });
	}
});

describe("docs/formats.md", () => {
	const sections = new Map(
		read("formats.md")
			.split(/^## /m)
			.slice(1)
			.map((section): [string, string] => [section.slice(0, section.indexOf("\n")), section]),
	);

	it.each(builtinNames)("has a section on %s, with each of its options and an example", (name) => {
		const section = sections.get(name) ?? "";
		expect(section).toContain(`\`\`\`console\n$ trocla`);
		for (const option of builtinFormats.optionNames(name))
			expect(section).toMatch(new RegExp(`^\\|.*\`${option}\`.*\\|`, "m"));
	});

	it("has no section on a format that there is not", () => {
		expect([...sections.keys()].filter((name) => !builtinFormats.has(name))).toEqual(["A format of your own"]);
	});

	it("shows a module of a site's own format that works", async () => {
		const sandbox = new Sandbox();
		const [, module = ""] = /```js\n(.*?)```/s.exec(sections.get("A format of your own") ?? "") ?? [];
		writeFileSync(sandbox.path("htdigest.js"), module, { mode: 0o644 });
		sandbox.configure({ store_options: { path: sandbox.store }, formats: { htdigest: "htdigest.js" } });
		const { stdout } = await sandbox.run(["get", "wiki", "htdigest", "-o", "username=alice"]);
		const { stdout: password } = await sandbox.run(["get", "wiki", "plain"]);
		const digest = await run("openssl", ["md5", "-r"], {}, `alice:site:${password.trimEnd()}`);
		expect(stdout).toBe(`alice:site:${digest.stdout.slice(0, 32)}\n`);
		expect(await sandbox.run(["verify", "wiki", "htdigest"], password)).toMatchObject({ code: 0 });
	});
});
