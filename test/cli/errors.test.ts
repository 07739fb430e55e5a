import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox } from "../support/sandbox.js";

test.each(["trocla --help", "trocla get --help", "trocla help", "trocla --version", "trocla get"])(
	"%s to nobody, or to a full device, ends without a stack",
	async (line) => {
		const sandbox = new Sandbox();
		expect((await sandbox.shell(`{ sleep 0.1; ${line} 2>&1; } | true`)).stderr).toBe("");
		const full = await sandbox.shell(`${line} > /dev/full 2> err; code=$?; cat err; exit $code`);
		expect(full.code).toBeGreaterThan(0);
		expect(full.stdout).toMatch(/^trocla: (standard output can't be written: ENOSPC.*|missing .*\n.*--help)\n$/);
	},
);

test.each([
	["> /dev/full", "-k"],
	["| true", "k l"],
])("a reset that can't be printed (%s) says that it is done and how to get it", async (where, key) => {
	const sandbox = new Sandbox();
	const { stdout: old } = await sandbox.run(["get", "--", key, "plain"]);
	const { stderr } = await sandbox.shell(`{ sleep 0.2; trocla reset -- '${key}' plain; } ${where}`);
	expect(stderr).toMatch(/The new value is stored, and trocla get --no-create .* plain prints it\n$/);
	const [, command = ""] = /and (.*) prints it/.exec(stderr) ?? [];
	const printed = await sandbox.shell(command);
	expect(printed).toMatchObject({ code: 0, stderr: "" });
	expect(printed.stdout).not.toBe(old);
});

test("help COMMAND prints what COMMAND --help prints", async () => {
	const sandbox = new Sandbox();
	for (const name of ["get", "prune"]) {
		const help = await sandbox.run(["help", name]);
		expect(help).toEqual(await sandbox.run([name, "--help"]));
		expect(help.stdout).toContain("Examples:");
	}
	expect(await sandbox.run(["help"])).toEqual(await sandbox.run(["--help"]));
});

test.each([
	[["get", "--json"], "invalid", 2],
	[["--json"], "invalid", 2],
	[["get", "a", "plain", "--json", "--lenght=3"], "invalid", 2],
	[["gte", "--json"], "invalid", 2],
	[["search", "(", "--json"], "invalid", 2],
	[["show", "a", "--json"], "store", 1],
])("with --json the error of %j is one line of JSON", async (args, error, code) => {
	const outcome = await new Sandbox().run(args);
	expect(outcome).toMatchObject({ code, stdout: "" });
	expect(outcome.stderr).toMatch(/^[^\n]+\n$/);
	expect(JSON.parse(outcome.stderr)).toEqual({
		error: { code: error, message: expect.stringMatching(/./), hint: expect.stringMatching(/./) },
	});
});

test("a key named --json is not a flag behind --", async () => {
	expect((await new Sandbox().run(["show", "--", "--json"])).stderr).toMatch(/^trocla: there is no store/);
});

test.each([["--pasword=hunter2"], ["--pasword=hun'ter2\nhunter2"], ["-Phunter2"]])(
	"%j shows nothing of the secret behind the flag's name",
	async (flag) => {
		for (const json of [[], ["--json"]]) {
			const { code, stderr } = await new Sandbox().run(["set", "alice", "plain", flag, ...json]);
			expect(code).toBe(2);
			expect(stderr).toContain("unknown option '-");
			expect(stderr).not.toMatch(/hun|ter2/);
		}
	},
);

test.each([["--json=1"], ["--batch=yes"]])("%j is told that it takes no value", async (flag) => {
	const { code, stderr } = await new Sandbox().run(["get", flag]);
	const [name] = flag.split("=");
	expect({ code, stderr }).toEqual({
		code: 2,
		stderr: `trocla: option '${name}' takes no value\nSee: trocla get --help\n`,
	});
});

test("hints name a key that begins with - so that the command takes it", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["get", "--", "-x", "mysql"]);
	await sandbox.run(["delete", "--", "-x", "plain"]);
	const { stderr } = await sandbox.run(["get", "--", "-x", "plain"]);
	expect(stderr).toContain("trocla reset -- -x plain makes");
	expect((await sandbox.run(["get", "--no-create", "--", "-x", "sha1"])).stderr).toContain("trocla create -- -x sha1");
});

test("the options of get are checked where they are not used, too", async () => {
	const sandbox = new Sandbox();
	for (const args of [["--charset", "bogus"], ["lenght: 3"], ["--profile", "nobody"]]) {
		expect(await sandbox.run(["get", "nokey", "plain", "--no-create", ...args])).toMatchObject({ code: 2, stdout: "" });
	}
	expect(await sandbox.run(["get", "nokey", "bcrypt", "--no-create", "--cost", "99"])).toMatchObject({ code: 2 });
	await sandbox.run(["get", "alice", "plain"]);
	expect(await sandbox.run(["get", "alice", "plain", "--no-create", "--length", "9"])).toMatchObject({ code: 0 });
});

test("--expires takes false, -o a value and -c a name", async () => {
	const sandbox = new Sandbox();
	expect(await sandbox.run(["get", "a", "plain", "--expires", "false"])).toMatchObject({ code: 0, stderr: "" });
	expect(await sandbox.run(["get", "a", "plain", "-o", "length="])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("-o takes name=value"),
	});
	expect((await sandbox.run(["get", "a", "plain", "-o", "length=null"])).stderr).toContain("-o takes name=value");
	expect(await sandbox.run(["get", "a", "plain", "-c", ""])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("-c needs a file's name"),
	});
});

test("the chmod of a refusal, run by a shell as it stands, mends it, also where a path has a space and a quote", async () => {
	const sandbox = new Sandbox();
	const place = (name: string) => sandbox.path(`it's here/${name}`);
	sandbox.env.TROCLA_CONFIG = place("rc.yaml");
	mkdirSync(place("."), { mode: 0o700 });
	const config = { store_options: { path: place("db/store") }, audit: { file: place("log/audit") } };
	writeFileSync(place("rc.yaml"), JSON.stringify(config), { mode: 0o600 });
	expect(await sandbox.run(["init", "--sealed", "--key-file", place("ring/keys")])).toMatchObject({ code: 0 });
	const right = await sandbox.run(["get", "alice", "plain"]);
	expect(right.code).toBe(0);
	for (const name of ["rc.yaml", "db/store", "ring/keys", "log/audit", ".", "db", "ring", "log"]) {
		chmodSync(place(name), 0o777);
		const { code, stderr } = await sandbox.run(["get", "alice", "plain"]);
		expect(code, name).toBe(1);
		const [, command = ""] = /Run: (chmod \S+ '.*'(?=\n|\. ))/.exec(stderr) ?? [];
		expect(await sandbox.shell(command), stderr).toMatchObject({ code: 0 });
		expect(await sandbox.run(["get", "alice", "plain"]), name).toMatchObject(right);
	}
});
