import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sshkey } from "../../formats/sshkey.js";
import { parseAccounts } from "../../src/accounts/accounts.js";
import { printKey } from "../../src/accounts/authorized-key.js";
import { parseKeys, printKeys } from "../../src/accounts/authorized-keys.js";
import { FLAGS, VALUES } from "../../src/accounts/key-option-rules.js";
import type { Rules } from "../../src/accounts/rules.js";
import { printUserKeys } from "../../src/accounts/user-keys.js";
import { everyType } from "../support/keys.js";
import { isRoot } from "../support/nobody.js";
import { making } from "../support/pairs.js";
import { missing, pathOf } from "../support/peers.js";
import { run, Sandbox } from "../support/sandbox.js";
import { Sshd } from "../support/sshd.js";

const { generate, part } = making(sshkey, "web01");

/** The lines of authorized_keys. */
function linesOf(keys: unknown): readonly string[] {
	const { value, faults } = parseKeys(keys);
	expect(faults).toEqual([]);
	return printKeys(value ?? expect.unreachable())
		.trimEnd()
		.split("\n");
}

/** Options, and whether sshd lets in from this machine who has a key with one. */
const TRIED: readonly (readonly [option: string, letsIn: boolean])[] = [
	["from=127.0.0.0/8", true],
	["from=10.0.0.0/8,127.0.0.1", true],
	["from=*,!127.0.0.1", false],
	["from=10.0.0.0/8", false],
	["expiry-time=20991231", true],
	["expiry-time=20200101Z", false],
	["agent-forwarding", true],
	["no-agent-forwarding", true],
	["no-port-forwarding", true],
	["no-pty", true],
	["no-touch-required", true],
	["no-user-rc", true],
	["no-X11-forwarding", true],
	["port-forwarding", true],
	["pty", true],
	["restrict", true],
	["user-rc", true],
	["verify-required", true],
	["X11-forwarding", true],
	["environment=A_1=b", true],
	["permitlisten=localhost:*", true],
	["permitlisten=8080", true],
	["permitopen=[::1]:80", true],
	["tunnel=any", true],
	["cert-authority", false],
];

describe.skipIf(missing("ssh-keygen"))("ssh-keygen (needs openssh-client)", () => {
	it("reads every line, whatever the type of its key and its options", async () => {
		const types = everyType();
		const options = [
			"restrict",
			'command="echo \\"a b\\" # \\ c"',
			"from=10.0.0.0/8,*.example.org",
			"environment=A=b c",
		];
		const keys = types.map((given, index) => [
			`key ${index}`,
			{ type: given.type, key: given.key, options: index % 2 ? options : [] },
		]);
		const file = new Sandbox().path("authorized_keys");
		const lines = linesOf(Object.fromEntries(keys));
		writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
		const { code, stdout } = await run(pathOf("ssh-keygen"), ["-l", "-f", file]);
		expect(code).toBe(0);
		const shown = stdout
			.trimEnd()
			.split("\n")
			.map((line) => line.replace(/ SHA256:\S{43} key \d+ \((.*)\)$/, " $1"));
		expect(shown).toEqual(types.map((given) => given.shown));
	});

	it.each([
		["-t", "ed25519"],
		["-t", "ecdsa", "-b", "256"],
		["-t", "ecdsa", "-b", "384"],
		["-t", "ecdsa", "-b", "521"],
		["-t", "rsa", "-b", "2048"],
		["-t", "rsa", "-b", "3071"],
	])("makes keys with %s %s that are taken as they are", async (...args) => {
		const file = new Sandbox().path("key");
		await run(pathOf("ssh-keygen"), ["-q", ...args, "-N", "", "-C", "a b@c é", "-f", file]);
		const line = readFileSync(`${file}.pub`, "utf8");
		expect(linesOf({ alice: line })).toEqual([line.trimEnd()]);
	});

	it("finds the same key and the same comment in whatever line is taken", async () => {
		const { type, key } = everyType()[0] ?? expect.unreachable();
		// No #: before a comment with it at the start, ssh-keygen -l shows the options instead.
		const word = fc.constantFrom(type, key, "restrict", "pty", "command=", '"', "\\", " ", "  ", ",", "x", "é");
		const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(""));
		const line = fc.tuple(text, fc.constantFrom(" ", "  "), text).map(([start, blank, end]) => {
			return `${start}${blank}${type}${blank}${key}${blank}${end}`;
		});
		const command = text.map((value) => `command="${value.replaceAll('"', '\\"')}" ${type} ${key} ${value}`);
		const taken = fc.sample(fc.oneof(line, command), 2000).flatMap((given) => {
			const { value } = parseKeys({ alice: given });
			return value ? [{ given, ours: value.map(printKey).join(""), comment: value[0]?.comment }] : [];
		});
		expect(taken.length).toBeGreaterThan(100);
		const file = new Sandbox().path("authorized_keys");
		const shown = async (lines: readonly string[]) => {
			writeFileSync(file, lines.map((each) => `${each}\n`).join(""));
			const { stdout } = await run(pathOf("ssh-keygen"), ["-l", "-f", file]);
			return stdout
				.trimEnd()
				.split("\n")
				.map((each) => each.replace(/^(\S+ \S+) +(.*?) *(\(.*\))$/, "$1 $2 $3"));
		};
		const fingerprint = (await shown([`${type} ${key} COMMENT`])).join("");
		const expected = taken.map(({ comment = "" }) => fingerprint.replace("COMMENT", () => comment.trimEnd()));
		expect(await shown(taken.map(({ ours }) => ours))).toEqual(expected);
	});
});

describe.skipIf(missing("sshd", "ssh"))("sshd (needs openssh-server and openssh-client)", () => {
	let sshd: Sshd;
	beforeAll(async () => {
		const host = await generate();
		sshd = await Sshd.start({ privateKey: await part("privonly", host), publicLine: await part("pubonly", host) });
	});
	afterAll(() => sshd.stop());

	/** A new key, as the data and as a user has it. */
	async function newKey() {
		const value = await generate();
		const [type = "", key = ""] = (await part("pubonly", value)).split(" ");
		return { entry: { type, key }, line: `${type} ${key}`, secret: await part("privonly", value) };
	}

	it("lets in whose keys are there, in either form, and nobody whose key is absent", async () => {
		const [map, line, gone] = [await newKey(), await newKey(), await newKey()];
		sshd.authorize(...linesOf({ map: map.entry, line: line.line, gone: { ...gone.entry, ensure: "absent" } }));
		expect(await sshd.login(map.secret)).toMatchObject({ code: 0, stdout: "in\n" });
		expect(await sshd.login(line.secret)).toMatchObject({ code: 0, stdout: "in\n" });
		expect(await sshd.login(gone.secret)).toMatchObject({ code: 255, stdout: "" });
	});

	it.each([
		"echo a b",
		'echo "a  b"',
		`echo 'a "b" c',d`,
		String.raw`printf '%s\n' 'a\b' "\"" '\\"'`,
		"echo é # AAAA ssh-ed25519",
		`echo "$(printf 'x=%s,' 1 2)" "restrict,pty"`,
	])("runs the command of the options as it was given: %s", async (command) => {
		const { entry, secret } = await newKey();
		const expected = await run("/bin/sh", ["-c", command]);
		expect(expected.stdout).not.toBe("");
		for (const written of [[`command=${command}`], ["restrict", `command="${command.replaceAll('"', '\\"')}"`]]) {
			const [line = ""] = linesOf({ alice: { ...entry, options: written } });
			// The line as the data of another site.
			sshd.authorize(...linesOf({ alice: line }));
			expect(await sshd.login(secret)).toEqual({ code: 0, stdout: expected.stdout, stderr: "" });
		}
	});

	it("is asked about every option that trocla knows", () => {
		const names = TRIED.map(([option]) => option.replace(/=.*/, ""));
		const known = [...FLAGS, ...Object.keys(VALUES)];
		expect(new Set([...names, "command", "principals"])).toEqual(new Set(known));
	});

	it.each(TRIED)("understands the option %s", async (option, letsIn) => {
		const { entry, secret } = await newKey();
		sshd.authorize(...linesOf({ alice: { ...entry, options: [option] } }));
		expect(await sshd.login(secret)).toMatchObject(letsIn ? { code: 0, stdout: "in\n" } : { code: 255, stdout: "" });
	});

	it.each([
		'from="10.0.0.1/8,127.0.0.1"',
		'from="127.0.0.1",from="127.0.0.1"',
		'command="a\\"',
		'environment="A-B=c"',
		'expiry-time="tomorrow"',
		'principals="root"',
		'permitopen="80"',
		'tunnel="x"',
		"restict",
		"restrict=yes",
		"command=date",
	])("would let nobody in for a line with %s, which trocla refuses", async (options) => {
		const { line, secret } = await newKey();
		expect(parseKeys({ alice: `${options} ${line}` }).value).toBeUndefined();
		sshd.authorize(`${options} ${line}`);
		expect(await sshd.login(secret)).toMatchObject({ code: 255, stdout: "" });
	});
});

const manual = readFileSync(join(import.meta.dirname, "../../docs/accounts.md"), "utf8");
const [, options = ""] = /^```sshd_config\n(.*?)^```$/ms.exec(manual) ?? [];
const option = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(options)?.[1] ?? expect.unreachable();
const { username } = userInfo();

/** Puts the users' keys where the manual's command is to look for them, and gives that command. */
function withUserKeys(sandbox: Sandbox, users: unknown, rules: Rules = {}, rename = (name: string) => name): string {
	const { value, faults } = parseAccounts(users, { people: { gid: 2000 } }, undefined, rules);
	expect(faults).toEqual([]);
	const file = sandbox.path("user_keys");
	if (isRoot) chmodSync(sandbox.directory, 0o711);
	const named = (value?.users ?? []).map((user) => ({ ...user, name: rename(user.name) }));
	writeFileSync(file, printUserKeys(named), { mode: 0o644 });
	return option("AuthorizedKeysCommand").replace("/var/lib/extrausers/user_keys", file);
}

describe.skipIf(missing("awk"))("the AuthorizedKeysCommand of docs/accounts.md (needs awk)", () => {
	it("prints the keys of the user who logs in, whatever patterns and escapes names look like", async () => {
		const { type, key } = everyType()[0] ?? expect.unreachable();
		const names = ["a.b", "axb", "a", "b", "ab", "ab$", String.raw`a\142`, "a&b", "[a]b", "x=1", "'a'", "é", "A.B"];
		const own = (name: string) => ({ [`${name}:1`]: { type, key, options: ["command=echo a:b"] } });
		const users = names.map((name, index) => [name, { uid: 2001 + index, gid: "people", keys: own(name) }]);
		const command = withUserKeys(new Sandbox(), Object.fromEntries(users), { names: "debian" });
		for (const name of names) {
			const { stdout } = await run("/bin/sh", ["-c", command.replace("%u", '"$1"'), "sh", name], {
				env: { PATH: process.env.PATH },
			});
			expect(stdout).toBe(`command="echo a:b" ${type} ${key} ${name}:1\n`);
		}
	});
});

describe.skipIf(missing("sshd", "ssh", "awk"))("sshd with users' own keys (needs openssh-server and awk)", () => {
	it("lets in who has a key of the user, and nobody with another user's, as docs/accounts.md sets it up", async () => {
		const pair = async () => {
			const value = await generate();
			return { line: await part("pubonly", value), secret: await part("privonly", value) };
		};
		const [host, own, old, other] = [await pair(), await pair(), await pair(), await pair()];
		const keys = { new: own.line, old: { ensure: "absent" } };
		const users = {
			user: { uid: 2001, gid: "people", keys },
			xuser: { uid: 2002, gid: "people", keys: { other: other.line } },
			".ser": { uid: 2003, gid: "people", keys: { other: other.line } },
		};
		// Whoever runs this logs in, which may be root; the data have no such user.
		const rename = (name: string) => name.replace("user", username).replace(".ser", `.${username.slice(1)}`);
		const command = withUserKeys(new Sandbox(), users, {}, rename);
		const config = {
			AuthorizedKeysCommand: command,
			AuthorizedKeysCommandUser: isRoot ? option("AuthorizedKeysCommandUser") : username,
			AuthorizedKeysFile: "none",
		};
		const sshd = await Sshd.start({ privateKey: host.secret, publicLine: host.line }, config);
		try {
			expect(await sshd.login(own.secret)).toMatchObject({ code: 0, stdout: "in\n" });
			expect(await sshd.login(old.secret)).toMatchObject({ code: 255, stdout: "" });
			expect(await sshd.login(other.secret)).toMatchObject({ code: 255, stdout: "" });
		} finally {
			await sshd.stop();
		}
	});
});
