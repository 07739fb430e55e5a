import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Sandbox } from "../support/sandbox.js";

const HIERA = `version: 5
defaults: {datadir: data, data_hash: yaml_data}
hierarchy:
  - {name: Host, path: "hosts/%{trusted.certname}.yaml"}
  - {name: OS, path: "os/%{facts.os.family}.yaml"}
  - {name: Passwords, lookup_key: trocla_lookup_key, options: {trocla_hierarchy: ["hosts/%{trusted.certname}", defaults]}}
  - {name: Common, path: common.yaml}
`;

function write(sandbox: Sandbox, name: string, text: string): void {
	const path = sandbox.path(name);
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
}

/** A site whose hosts are www1, as Puppet stores its facts, and www2, as a person writes them. */
function site(): Sandbox {
	const sandbox = new Sandbox();
	write(sandbox, "hiera.yaml", HIERA);
	write(sandbox, "data/hosts/www1.example.com.yaml", "users: {alice: {groups: [web]}}\nport: 8080\n");
	write(sandbox, "data/os/Debian.yaml", "users: {alice: {groups: [sudo], shell: /bin/bash}}\n");
	write(
		sandbox,
		"data/common.yaml",
		`port: 80
users: {alice: {groups: [staff]}, bob: {}}
message: "%{facts.os.family} on %{trusted.certname} in %{environment}"
password: "%{lookup('trocla_lookup::plain::db')}"
own: "%{lookup('trocla_hierarchy::plain::db')}"
trocla_options: {length: 24, plain: {charset: hexadecimal}}
trocla_options::db: {length: 30}
nothing: ~
__proto__: {polluted: "yes"}
`,
	);
	write(
		sandbox,
		"facts/www1.example.com.yaml",
		`--- !ruby/object:Puppet::Node::Facts
name: www1.example.com
values:
  os: {family: Debian}
  clientcert: www1.example.com
  :_timestamp: 2026-01-01 10:00:00.000000000 Z
timestamp: 2026-01-01 10:00:00.000000000 Z
expiration: 2026-01-01 10:30:00.000000000 Z
`,
	);
	write(sandbox, "facts/www2.example.com.json", JSON.stringify({ os: { family: "RedHat" } }));
	return sandbox;
}

const AT = ["--hiera-config", "hiera.yaml", "--hosts", "facts"];

test("lookup prints what the highest level has for the host", async () => {
	const sandbox = site();
	const on = (node: string) => sandbox.run(["lookup", "port", "--node", node, ...AT]);
	expect(await on("www1.example.com")).toEqual({ code: 0, stdout: "--- 8080\n", stderr: "" });
	expect(await on("www2.example.com")).toEqual({ code: 0, stdout: "--- 80\n", stderr: "" });
	const message = await sandbox.run([
		"lookup",
		"message",
		"--node",
		"www2.example.com",
		"--environment",
		"test",
		...AT,
	]);
	expect(message.stdout).toBe("--- RedHat on www2.example.com in test\n");
});

test("facts of a file go over the host's own", async () => {
	const sandbox = site();
	write(sandbox, "over.yaml", "os: {family: Suse}\n");
	const { stdout } = await sandbox.run([
		"lookup",
		"message",
		"--node",
		"www1.example.com",
		"--facts",
		"over.yaml",
		...AT,
	]);
	expect(stdout).toBe("--- Suse on www1.example.com in production\n");
});

test("of several keys the first that is found is printed", async () => {
	const sandbox = site();
	const outcome = await sandbox.run([
		"lookup",
		"no",
		"users.alice.shell",
		"port",
		"--node",
		"www1.example.com",
		...AT,
		"--json",
	]);
	expect(outcome).toMatchObject({ code: 0, stdout: '{"key":"port","value":8080}\n' });
	expect(await sandbox.run(["lookup", "nothing", "port", ...AT])).toMatchObject({ code: 0, stdout: "---\n" });
});

test("merging is what the flags say", async () => {
	const sandbox = site();
	const users = async (...flags: string[]) => {
		const args = ["lookup", "users", "--node", "www1.example.com", "--render-as", "json", ...AT, ...flags];
		return JSON.parse((await sandbox.run(args)).stdout);
	};
	expect(await users()).toEqual({ alice: { groups: ["web"] } });
	expect(await users("--merge", "hash")).toEqual({ alice: { groups: ["web"] }, bob: {} });
	const alice = { groups: ["staff", "sudo", "web"], shell: "/bin/bash" };
	expect(await users("--merge", "deep")).toEqual({ alice, bob: {} });
	const sorted = { ...alice, groups: ["staff", "sudo", "web"].sort() };
	expect(await users("--merge", "deep", "--sort-merged-arrays")).toEqual({ alice: sorted, bob: {} });
	write(sandbox, "data/hosts/www1.example.com.yaml", "users: {alice: {groups: [--sudo]}}\n");
	const knocked = { groups: ["staff"], shell: "/bin/bash" };
	const knockOut = await users("--merge", "deep", "--knock-out-prefix=--");
	// A knock-out reaches the next lower level only, so staff is still there.
	expect(knockOut).toEqual({ alice: knocked, bob: {} });
});

describe("a level of trocla_lookup_key", () => {
	test("makes a password once, with Hiera's options, and gives each host its own where it is asked to", async () => {
		const sandbox = site();
		const lookup = async (key: string, node: string, ...flags: string[]) =>
			await sandbox.run(["lookup", key, "--node", node, "--render-as", "s", ...AT, ...flags]);
		const refused = await lookup("password", "www1.example.com", "--no-create");
		expect(refused).toMatchObject({ code: 1, stdout: "" });
		const first = await lookup("password", "www1.example.com");
		expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{30}\n$/), stderr: "" });
		expect(await lookup("password", "www2.example.com", "--no-create")).toEqual(first);
		expect(await sandbox.run(["get", "db", "plain"])).toMatchObject({ stdout: first.stdout });
		const own = await lookup("own", "www1.example.com");
		expect(own.stdout).toMatch(/^[0-9a-f]{30}\n$/);
		expect(own.stdout).not.toBe(first.stdout);
		expect(await lookup("own", "www1.example.com")).toEqual(own);
		expect(await sandbox.run(["search", "^hiera/"])).toMatchObject({ stdout: "hiera/hosts/www1.example.com/db\n" });
		await sandbox.run(["set", "hiera/defaults/db", "plain"], "of-all");
		expect((await lookup("own", "www2.example.com")).stdout).toBe("of-all\n");
	});

	test("is not asked, and no store made, for keys that other levels have", async () => {
		const sandbox = site();
		await sandbox.run(["lookup", "port", "--node", "www1.example.com", ...AT]);
		expect(existsSync(sandbox.store)).toBe(false);
		sandbox.configure({ store_options: { path: "/proc/no/store.sqlite" } });
		expect(await sandbox.run(["lookup", "port", ...AT])).toMatchObject({ code: 0 });
		expect(await sandbox.run(["lookup", "password", ...AT])).toMatchObject({ code: 1, stdout: "" });
	});
});

test("--explain tells which level gave what, and exits 0 also where nothing was found", async () => {
	const sandbox = site();
	const told = await sandbox.run(["lookup", "port", "--explain", "--node", "www1.example.com", ...AT]);
	expect(told).toMatchObject({ code: 0, stderr: "" });
	expect(told.stdout).toContain(
		`level "Host" (yaml_data)\n    path ${sandbox.path("data/hosts/www1.example.com.yaml")}: 8080`,
	);
	const none = await sandbox.run(["lookup", "no", "--explain", "--node", "www2.example.com", ...AT]);
	expect(none).toMatchObject({ code: 0, stderr: "" });
	expect(none.stdout).toContain("www2.example.com.yaml: no such file");
	expect(none.stdout).toContain('key "no": not found');
	const json = await sandbox.run(["lookup", "port", "--explain", "--render-as", "json", ...AT]);
	expect(JSON.parse(json.stdout)).toMatchObject([{ step: 'key "port"', found: 80 }]);
});

test("what is not found is said on standard error, with exit 1, unless there is a default", async () => {
	const sandbox = site();
	expect(await sandbox.run(["lookup", "no", "port.x.y", ...AT])).toMatchObject({ code: 1, stdout: "" });
	const { code, stdout, stderr } = await sandbox.run(["lookup", "no", "not", ...AT]);
	expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
	const [, hint = ""] =
		/^trocla: "no", "not" are not in Hiera's data\n {2}See where it looks with: (.*)\n$/.exec(stderr) ?? [];
	expect(await sandbox.shell(hint)).toMatchObject({
		code: 0,
		stdout: expect.stringMatching(/^key "no".*\n[\s\S]*^key "not"/m),
		stderr: "",
	});
	const standIn = await sandbox.run(["lookup", "no", "--default", "no", ...AT]);
	expect(standIn).toEqual({ code: 0, stdout: "--- 'no'\n", stderr: "" });
});

test("a value of another type than asked for is refused", async () => {
	const sandbox = site();
	expect(await sandbox.run(["lookup", "port", "--type", "Integer[1, 65535]", ...AT])).toMatchObject({ code: 0 });
	expect(await sandbox.run(["lookup", "port", "--type", "String", ...AT])).toMatchObject({
		code: 1,
		stdout: "",
		stderr: expect.stringContaining('"port" must be of the type String, and is an integer'),
	});
	expect(await sandbox.run(["lookup", "port", "--type", "Strin", ...AT])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("Did you mean String?"),
	});
});

test("a fault in a data file is told with its file and line", async () => {
	const sandbox = site();
	write(sandbox, "data/common.yaml", "port: 80\nlist: [1, 2\nend: 1\n");
	const { code, stderr } = await sandbox.run(["lookup", "port", "--node", "www1.example.com", ...AT]);
	expect(code).toBe(1);
	expect(stderr).toMatch(/^trocla: \/.*\/data\/common\.yaml:\d: not YAML/);
	write(sandbox, "data/common.yaml", "port: 80\n\nwrong: \"%{nonsense('x')}\"\n");
	const wrong = await sandbox.run(["lookup", "wrong", ...AT, "--json"]);
	const { error } = JSON.parse(wrong.stderr);
	expect(error).toMatchObject({
		code: "data",
		message: expect.stringMatching(/common\.yaml:3: key "wrong": nonsense\(\)/),
	});
});

test.each([
	[["--merge", "deeper"], "Did you mean deep?"],
	[["--knock-out-prefix", "--", "--merge", "hash"], "--knock-out-prefix is for deep merges only"],
	[["--sort-merged-arrays"], "Add --merge deep"],
	[["--render-as", "jsn"], "Did you mean json?"],
	[["--default", "x", "--merge", "hash", "users..alice"], 'key "users..alice": it is no key'],
	[["--node", "../facts/www1.example.com"], "can't be a host's name"],
])("lookup %j is wrong usage", async (flags, message) => {
	const sandbox = site();
	const { code, stdout, stderr } = await sandbox.run(["lookup", "no", ...AT, ...flags]);
	expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
	expect(stderr).toContain(message);
});

test("a host without facts and a hiera.yaml that is not there are refused with what to do", async () => {
	const sandbox = site();
	expect(await sandbox.run(["lookup", "port", "--node", "www3.example.com", ...AT])).toMatchObject({
		code: 1,
		stderr:
			'trocla: there are no facts of "www3.example.com" in facts\n  Name a directory of hosts with --hosts, or a file of facts with --facts\n',
	});
	const missing = await sandbox.run(["lookup", "port", "--hiera-config", "no.yaml"]);
	expect(missing.stderr).toContain(`${sandbox.path("no.yaml")}: there is no such file`);
	expect(missing.code).toBe(1);
});

test("Hiera 3's configuration is refused with a pointer to Puppet's guide", async () => {
	const sandbox = site();
	writeFileSync(sandbox.path("hiera.yaml"), "---\n:backends: [yaml]\n:hierarchy: [common]\n");
	const { code, stderr } = await sandbox.run(["lookup", "port", ...AT]);
	expect(code).toBe(1);
	expect(stderr).toContain("https://www.puppet.com/docs/puppet/7/hiera_migrate.html");
});

test("a key that JavaScript has a meaning for is data like others", async () => {
	const sandbox = site();
	const { stdout } = await sandbox.run(["lookup", "__proto__", "--render-as", "json", ...AT]);
	expect(stdout).toBe('{"polluted":"yes"}\n');
	expect(await sandbox.run(["lookup", "polluted", "constructor", "toString", ...AT])).toMatchObject({ code: 1 });
	expect(await sandbox.run(["lookup", "users.constructor", "users.toString", ...AT])).toMatchObject({ code: 1 });
});

test("the manual's first example gives the answer that it shows", async () => {
	const manual = readFileSync(join(import.meta.dirname, "../../docs/lookup.md"), "utf8");
	const section = manual.slice(manual.indexOf("## From nothing"), manual.indexOf("## Where things are"));
	const sandbox = new Sandbox();
	for (const [, name = "", text = ""] of section.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g))
		write(sandbox, name, text);
	const [, command = "", answer] = /```console\n\$ (.*)\n([\s\S]*?)```/.exec(section) ?? [];
	expect(await sandbox.shell(command)).toEqual({ code: 0, stdout: answer, stderr: "" });
});
