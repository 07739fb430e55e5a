import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TestDaemon } from "../support/daemon.js";
import { type Outcome, run, Sandbox } from "../support/sandbox.js";
import { serve } from "../support/served.js";

/** A command with its standard input, and whether what it prints is random, so that the shape alone can be the same. */
type Step = readonly [args: readonly string[], input?: string | Buffer, print?: "random"];

const PASSWORD = "correct horse";
const LINES = [
	"alice mysql",
	'"my key" sha1',
	"missing plain",
	"",
	"nonsense",
	'bob plain {"length": 3}',
	"bob nosuch",
];

const steps: readonly Step[] = [
	[["set", "alice", "plain"], PASSWORD],
	[["set", "my key", "plain"], PASSWORD],
	...["../x", "a/b%2F?#", "é💥", "-dash"].map((key): Step => [["set", "--", key, "plain"], `${PASSWORD} ${key}`]),
	[["get", "alice", "mysql"]],
	[["get", "alice", "sha1"]],
	[["get", "--", "../x", "mysql"]],
	[["get", "é💥", "plain"]],
	[["get", "new", "plain"], "", "random"],
	[["get", "other", "plain", "--length", "40", "--charset", "numeric"], "", "random"],
	[["get", "other", "plain", "--length", "41"], "", "random"],
	[["get", "alice", "sha512crypt", "--rounds", "1000"], "", "random"],
	[["get", "alice", "sha512crypt", "rounds: 2000"], "", "random"],
	[["create", "words", "plain", "--words", "6"], "", "random"],
	[["get", "temp", "plain", "--expires", "3600"], "", "random"],
	[["get", "www", "x509", "CN: www, key_type: p256", "--render", "certonly"], "", "random"],
	[["get", "www", "x509", "--render", "nosuch"]],
	[["get", "www", "x509", "--renew-before", "1d", "--render", "certonly"], "", "random"],
	[["get", "orphan", "x509", "CN: orphan, key_type: p256, ca: missing"]],
	[["get", "alice", "plain", "--renew-before", "1d"]],
	[["get", "alice", "plain", "--no-create"]],
	[["get", "alice", "pgsql", "--no-create"]],
	[["get", "nobody", "plain", "--no-create"]],
	[["get", "nobody", "plain", "--no-random"]],
	[["get", "nobody", "nosuch"]],
	[["get", "", "plain"]],
	[["get", "a\nb", "plain"]],
	[["get", "x".repeat(513), "plain"]],
	[["get", "nobody", "plain", "--length", "3.5"]],
	[["get", "nobody", "plain", "-o", "lenght=3"]],
	[["get", "nobody", "plain", "length: ["]],
	[["get", "nobody", "plain", "--profile", "nosuch"]],
	[["get", "alice", "mysql", "--cost", "5"]],
	[["get"]],
	[["set", "long", "plain"], "x".repeat(80)],
	[["get", "long", "bcrypt"]],
	[["get", "long", "bcrypt", "--length", "9"]],
	[["set", "alice", "mysql"], "another"],
	[["set", "alice", "sha1", "--no-format"], "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk="],
	[["set", "raw", "sha512crypt", "--no-format"], "not a hash"],
	[["set", "empty", "plain"], ""],
	[["set", "bytes", "plain"], Buffer.from([0xff, 0xfe])],
	[["set", "huge", "plain"], "x".repeat(1024 * 1024 + 1)],
	[["set", "bob", "nosuch"], PASSWORD],
	[["set", "large", "plain"], "y".repeat(1024 * 1024)],
	[["get", "large", "mysql"]],
	[["reset", "new", "plain"], "", "random"],
	[["reset", "alice", "sha512crypt"], "", "random"],
	[["reset", "raw", "sha512crypt"]],
	[["reset", "nobody", "mysql"], "", "random"],
	[["reset", "nobody", "plain", "--length", "0"]],
	[["formats"]],
	[["formats", "alice"]],
	[["formats", "missing"]],
	[["show", "alice"]],
	[["show", "temp"]],
	[["show", "www"]],
	[["show", "missing"]],
	[["search", "."]],
	[["search", "^a"]],
	[["search", "[é-💥]"]],
	[["search", "^(?:alice|bob)$"]],
	[["search", "nothing"]],
	[["search", "("]],
	[["search", ""]],
	[["verify", "alice"], PASSWORD],
	[["verify", "alice"], "wrong"],
	[["verify", "alice", "sha512crypt"], PASSWORD],
	[["verify", "alice", "bcrypt"], PASSWORD],
	[["verify", "missing"], PASSWORD],
	[["verify", "alice", "nosuch"], PASSWORD],
	[["verify", "alice"], ""],
	[["external"], JSON.stringify({ key: "alice", format: "mysql" })],
	[["external", "--no-create"], JSON.stringify({ key: "missing" })],
	[["external"], JSON.stringify({ key: "ext", length: "12", charset: "numeric" }), "random"],
	[["external"], JSON.stringify({ key: "ext", nosuch: "1" })],
	[["get", "--batch"], LINES.join("\n"), "random"],
	[["get", "--batch", "--no-create"], LINES.join("\n"), "random"],
	[["create", "--batch", "--length", "50"], "alice plain\nalice sha512crypt\nfresh plain\n", "random"],
	[["create", "--batch", "--renew-before", "1d"], "www x509\nalice mysql\n", "random"],
	[["lookup", "door", "--hiera-config", "hiera.yaml", "--render-as", "s"]],
	[["lookup", "gate", "--hiera-config", "hiera.yaml", "--no-create"]],
	[["lookup", "door", "--hiera-config", "hiera.yaml", "--explain"]],
	[["complete", "get", "al"]],
	[["complete", "get", "alice", "sha"]],
	[["delete", "alice", "plain"]],
	[["delete", "alice", "plain"]],
	[["get", "alice", "plain"]],
	[["get", "alice", "pgsql"]],
	[["show", "alice"]],
	[["delete", "--", "../x"]],
	[["delete", "my key"]],
	[["delete", "gone"]],
	[["delete", "gone", "--force"]],
	[["delete", "alice", "nosuch"]],
	[["delete", "large"]],
	[["delete", "alice"], "", "random"],
];

const HIERA = `{ version: 5, hierarchy: [
  { name: Common, path: common.yaml, datadir: ., data_hash: yaml_data },
  { name: Passwords, lookup_key: trocla_lookup_key, options: { trocla_hierarchy: [defaults] } } ] }`;
const COMMON = `door: "%{lookup('trocla_lookup::mysql::alice')}"\ngate: "%{lookup('trocla_lookup::plain::gate')}"\n`;

function writeData(sandbox: Sandbox): void {
	writeFileSync(sandbox.path("hiera.yaml"), HIERA);
	writeFileSync(sandbox.path("common.yaml"), COMMON);
}

/** What is printed that differs from one store to the next, without it: dates, the sandbox, and values where they are random. */
function comparable({ code, stdout, stderr }: Outcome, sandbox: Sandbox, isRandom: boolean) {
	const told = (text: string) =>
		text
			.replaceAll(sandbox.directory, "SANDBOX")
			.replace(/\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+Z| UTC)?)?/g, "DATE");
	return { code, stdout: isRandom ? masked(stdout) : told(stdout), stderr: told(stderr) };
}

function masked(output: string): string {
	if (!/^(\{.*\}\n)+$/.test(output)) return output.replace(/^.+\n$/s, "RANDOM\n");
	const mask = (name: string, value: unknown) => (name === "value" ? "RANDOM" : value);
	return output.replace(/.+/g, (line) => {
		const { values, ...answer } = JSON.parse(line);
		return JSON.stringify({ ...answer, ...(values && { values: Object.keys(values) }) }, mask);
	});
}

test.each(["as text", "as JSON"])(
	"every command prints and exits the same through a daemon, %s",
	async (form) => {
		const [direct, there, client] = [new Sandbox(), new Sandbox(), new Sandbox()];
		const { socket } = await serve(there);
		client.configure({ server: `unix:${socket}` });
		for (const sandbox of [direct, client]) writeData(sandbox);
		for (const [args, input = "", print] of steps) {
			const end = args.indexOf("--");
			const json = form === "as JSON" ? ["--json"] : [];
			const words = end < 0 ? [...args, ...json] : [...args.slice(0, end), ...json, ...args.slice(end)];
			const [one, other] = await Promise.all([direct, client].map((sandbox) => sandbox.run(words, input)));
			if (!one || !other) expect.fail();
			const isRandom = print === "random";
			expect({ args, ...comparable(other, client, isRandom) }).toEqual({ args, ...comparable(one, direct, isRandom) });
		}
		expect((await run("ls", ["-A", client.path("home")])).stdout).toBe("");
	},
	300_000,
);

test("10,000 lines go through a daemon in their order, and again with the same answers", async () => {
	const [there, client] = [new Sandbox(), new Sandbox()];
	const { socket } = await serve(there);
	client.configure({ server: `unix:${socket}` });
	const lines = Array.from({ length: 10_000 }, (_, index) => `key${index % 9000} plain\n`).join("");
	const first = await client.run(["get", "--batch"], lines);
	expect(first).toMatchObject({ code: 0, stderr: "" });
	const keys = first.stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line).key);
	expect(keys).toEqual(Array.from({ length: 10_000 }, (_, index) => `key${index % 9000}`));
	expect(await client.run(["get", "--batch", "--no-create"], lines)).toEqual(first);
	expect((await client.run(["search", "^key"])).stdout.trimEnd().split("\n")).toHaveLength(9000);
}, 120_000);

test("a batch goes through a daemon that takes little at a time, and slowly", async () => {
	const daemon = await TestDaemon.start({ limits: { batch: 3, body: 2048, seconds: 2 } });
	const client = new Sandbox();
	client.configure({ server: `unix:${daemon.socket}` });
	const lines = Array.from({ length: 50 }, (_, index) => `key${index} plain {"length": ${10 + index}}\n`);
	lines.push(`key50 plain {"charset": {"custom": "${"ab".repeat(2000)}"}}\n`);
	const { code, stdout } = await client.run(["create", "--batch"], lines.join(""));
	const answers = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	expect(answers.slice(0, 50).map(({ value }) => value.length)).toEqual(
		lines.slice(0, 50).map((_, index) => 10 + index),
	);
	expect(answers[50].error).toMatchObject({ code: "server", message: expect.stringContaining("did not do it") });
	expect(code).toBe(1);
});

test("a format that only the daemon has is none that the client refuses", async () => {
	const [there, client] = [new Sandbox(), new Sandbox()];
	const module = "export default { async derive(plain) { return '<' + plain + '>' } };";
	mkdirSync(there.path("formats"));
	writeFileSync(there.path("formats/angles.mjs"), module, { mode: 0o644 });
	const { socket } = await serve(there, { formats: { angles: there.path("formats/angles.mjs") } });
	client.configure({ server: `unix:${socket}` });
	await client.run(["set", "alice", "plain"], PASSWORD);
	expect(await client.run(["get", "alice", "angles"])).toMatchObject({ stdout: `<${PASSWORD}>\n` });
	expect((await client.run(["formats"])).stdout).toContain("angles\n");
	expect(await client.run(["set", "bob", "angles"], "x")).toMatchObject({ code: 0 });
	expect(await client.run(["delete", "bob", "angles"])).toMatchObject({ code: 0, stdout: "<x>\n" });
	expect((await client.run(["complete", "get", "alice", "ang"])).stdout).toBe("angles\n");
});

test("what works on the store itself is refused where the store is a daemon's, and changes nothing", async () => {
	const client = new Sandbox();
	client.configure({ server: "unix:/run/trocla/trocla.sock", hiera: { hosts: client.directory } });
	const other = client.path("other.yaml");
	writeFileSync(other, "store_options: { path: other.sqlite }\n", { mode: 0o600 });
	writeFileSync(client.path("in.csv"), "key,format,value\nalice,plain,secret\n");
	const commands = [
		["prune"],
		["export", "out.age", "--passphrase"],
		["import", "--from", "csv", "--file", "in.csv"],
		["import", "--from", "export", "--file", "in.csv", "--passphrase-file", "in.csv"],
		["migrate", "--to", other],
		["migrate", "-c", other, "--to", client.path("troclarc.yaml")],
		["rekey"],
		["rekey", "--drop-old"],
		["init", "--sealed"],
		["publish", "--tree", "tree"],
		["publish", "--init", "--tree", "tree"],
		["publish", "--watch", "--tree", "tree"],
		["serve"],
	];
	const before = readFileSync(client.path("troclarc.yaml"), "utf8");
	for (const command of commands) {
		const refused = await client.run(command, "secret");
		expect(refused, command.join(" ")).toMatchObject({ code: 1, stdout: "" });
		expect(refused.stderr).toBe(
			"trocla: this works on the store itself, and the store is where the daemon unix:/run/trocla/trocla.sock is\n" +
				"  Run it there, with the daemon's configuration. Nothing was changed\n",
		);
	}
	expect((await run("ls", [client.directory])).stdout).toBe("home\nin.csv\nother.yaml\ntroclarc.yaml\n");
	expect(readFileSync(client.path("troclarc.yaml"), "utf8")).toBe(before);
});
