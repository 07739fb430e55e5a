import { once } from "node:events";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { Decrypter } from "age-encryption";
import { beforeAll, describe, expect, test } from "vitest";
import { missing } from "../support/peers.js";
import { fill, query } from "../support/rows.js";
import { cleanUp, run, Sandbox } from "../support/sandbox.js";
import { onTerminal } from "../support/terminal.js";
import { keyPair } from "../support/transfer.js";

let owner: Awaited<ReturnType<typeof keyPair>>;
beforeAll(async () => {
	owner = await keyPair();
});

/** The keys in an export that is whole. */
async function keysIn(bytes: Uint8Array): Promise<string[]> {
	const decrypter = new Decrypter();
	decrypter.addIdentity(owner.identity);
	const lines = (await decrypter.decrypt(bytes, "text")).trimEnd().split("\n");
	const keys = lines.slice(1, -1).map((line) => JSON.parse(line).key);
	expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ end: "trocla export", records: keys.length });
	return keys;
}

/** A sandbox with some keys, and a directory for exports. */
async function scene(count = 3): Promise<Sandbox> {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "alice", "plain"], "secret of alice");
	if (count > 1) await fill(sandbox.store, count - 1);
	mkdirSync(sandbox.path("out"), { mode: 0o700 });
	return sandbox;
}

test("an export lands in a file that only its owner can read, and says nothing", async () => {
	const sandbox = await scene();
	const file = sandbox.path("out/backup.age");
	const outcome = await sandbox.run(["export", file, "--to", owner.recipient]);
	expect(outcome).toEqual({ code: 0, stdout: "", stderr: "" });
	expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
	expect(readdirSync(sandbox.path("out"))).toEqual(["backup.age"]);
	expect(await keysIn(readFileSync(file))).toEqual(["alice", "key1", "key2"]);
});

test("without a file it goes to standard output, also as text", async () => {
	const sandbox = await scene();
	writeFileSync(sandbox.path("recipients"), `# who keeps the backups\n\n${owner.recipient}\n`);
	const { code, stdout } = await sandbox.run(["export", "--recipients", "recipients", "--armor"]);
	expect(code).toBe(0);
	expect(stdout).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n[\s\S]*\n-----END AGE ENCRYPTED FILE-----\n$/);
	const { code: piped } = await sandbox.shell(`trocla export --to ${owner.recipient} > out/backup.age`);
	expect(piped).toBe(0);
	expect(await keysIn(readFileSync(sandbox.path("out/backup.age")))).toHaveLength(3);
});

test("a file that is there is replaced only with --force", async () => {
	const sandbox = await scene();
	const file = sandbox.path("out/backup.age");
	writeFileSync(file, "yesterday's");
	expect(await sandbox.run(["export", file, "--to", owner.recipient])).toMatchObject({
		code: 1,
		stderr: `trocla: ${file} is already there\n  Name another file, or replace it with --force\n`,
	});
	expect(readFileSync(file, "utf8")).toBe("yesterday's");
	expect(await sandbox.run(["export", file, "--force", "--to", owner.recipient])).toMatchObject({ code: 0 });
	expect(await keysIn(readFileSync(file))).toHaveLength(3);
	expect(readdirSync(sandbox.path("out"))).toEqual(["backup.age"]);
});

test("a link is not written through, and a device is not replaced", async () => {
	const sandbox = await scene();
	symlinkSync("/nonexistent", sandbox.path("out/link"));
	for (const args of [["out/link"], ["/dev/null", "--force"], ["out", "--force"]]) {
		const outcome = await sandbox.run(["export", ...args, "--to", owner.recipient]);
		expect(outcome).toMatchObject({ code: 1, stdout: "" });
	}
	expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
	expect(readdirSync(sandbox.path("out"))).toEqual(["link"]);
});

test("--json counts what was exported, and needs a file", async () => {
	const sandbox = await scene();
	const { stdout } = await sandbox.run(["export", "out/a.age", "--to", owner.recipient, "--json"]);
	expect(JSON.parse(stdout)).toEqual({ file: "out/a.age", records: 3, unreadable: 0, problems: [] });
	expect(await sandbox.run(["export", "--to", owner.recipient, "--json"])).toMatchObject({ code: 2, stdout: "" });
});

describe("nothing is written where it is not said right who can open it:", () => {
	test.each<[what: string, args: readonly string[], message: RegExp]>([
		["nobody", [], /it is not said who can open the export/],
		[
			"recipients and a passphrase",
			["--to", "age1x", "--passphrase"],
			/for recipients or for a passphrase, not for both/,
		],
		["an SSH key", ["--to", "ssh-ed25519 AAAA"], /is an SSH key/],
		["a file that is not there", ["--recipients", "none"], /none can't be read: ENOENT/],
		["a file without any", ["--recipients", "empty"], /empty has no recipient/],
		["an identity's file", ["--recipients", "identity"], /an age identity was given where its recipient belongs/],
		["a passphrase without a terminal", ["--passphrase"], /there is no terminal to ask for the passphrase/],
		["an empty passphrase", ["--passphrase-file", "empty"], /the passphrase is empty/],
	])("%s", async (_, args, message) => {
		const sandbox = await scene(1);
		writeFileSync(sandbox.path("empty"), "\n", { mode: 0o600 });
		writeFileSync(sandbox.path("identity"), `# public key: x\n${owner.identity}\n`, { mode: 0o600 });
		const outcome = await sandbox.run(["export", "out/backup.age", ...args]);
		expect(outcome).toMatchObject({ code: 2, stdout: "" });
		expect(outcome.stderr).toMatch(message);
		expect(outcome.stderr).not.toContain(owner.identity);
		expect(readdirSync(sandbox.path("out"))).toEqual([]);
	});
});

test("a passphrase comes from a file, with a warning where others can read it or guess it", async () => {
	const sandbox = await scene(1);
	writeFileSync(sandbox.path("passphrase"), "short\n");
	chmodSync(sandbox.path("passphrase"), 0o644);
	const { code, stderr } = await sandbox.run(["export", "out/a.age", "--passphrase-file", "passphrase"]);
	expect(code).toBe(0);
	expect(stderr).toContain("passphrase can be read by others; run: chmod 600 passphrase");
	expect(stderr).toContain("can guess so short a passphrase");
	const decrypter = new Decrypter();
	decrypter.addPassphrase("short");
	const text = await decrypter.decrypt(readFileSync(sandbox.path("out/a.age")), "text");
	expect(text).toContain("secret of alice");
});

describe.skipIf(missing("script"))("on a terminal", () => {
	test("the passphrase is asked for twice, and not shown", async () => {
		const sandbox = await scene(1);
		const { code, screen } = await onTerminal(sandbox, "export out/a.age --passphrase", [
			["Passphrase: ", "correct horse battery\r"],
			["The same again: ", "correct horse battery\r"],
		]);
		expect(code).toBe(0);
		expect(screen).toMatch(/^Passphrase: \r\nThe same again: \r\n/);
		expect(screen).not.toContain("battery");
		expect(readdirSync(sandbox.path("out"))).toEqual(["a.age"]);
	});

	test("two passphrases that differ write nothing", async () => {
		const sandbox = await scene(1);
		const { code, screen } = await onTerminal(sandbox, "export out/a.age --passphrase", [
			["Passphrase: ", "correct horse battery\r"],
			["The same again: ", "correct house battery\r"],
		]);
		expect(code).toBe(2);
		expect(screen).toContain("the two passphrases differ");
		expect(readdirSync(sandbox.path("out"))).toEqual([]);
	});

	test("a file that is there is told before anybody types a passphrase", async () => {
		const sandbox = await scene(1);
		writeFileSync(sandbox.path("out/a.age"), "");
		const { code, screen } = await onTerminal(sandbox, "export out/a.age --passphrase", []);
		expect(code).toBe(1);
		expect(screen).toContain("is already there");
		expect(screen).not.toContain("Passphrase");
	});

	test("bytes are not written to it, text is", async () => {
		const sandbox = await scene(1);
		const refused = await onTerminal(sandbox, `export --to ${owner.recipient}`, []);
		expect(refused.code).toBe(2);
		expect(refused.screen).toContain("an export is binary, which a terminal can't show");
		const { code, screen } = await onTerminal(sandbox, `export --armor --to ${owner.recipient}`, []);
		expect(code).toBe(0);
		expect(screen).toContain("-----END AGE ENCRYPTED FILE-----");
	});
});

test("an export that lacks a record never replaces a whole one: the rest is beside it, and the exit code tells", async () => {
	const sandbox = await scene();
	const args = ["export", "out/backup.age", "--force", "--to", owner.recipient];
	await sandbox.run(args);
	const whole = readFileSync(sandbox.path("out/backup.age"));
	await query(sandbox.store, `UPDATE keyv SET value = '{"value":"{"}' WHERE key = 'trocla:key1'`);
	const { code, stderr } = await sandbox.run(args);
	expect(code).toBe(1);
	expect(stderr).toContain('trocla: the record of "key1" is damaged: it is not JSON\n');
	expect(stderr).toContain("1 of 3 records could not be read, and are not in the export");
	expect(readFileSync(sandbox.path("out/backup.age"))).toEqual(whole);
	expect(readdirSync(sandbox.path("out"))).toEqual(["backup.age", "backup.age.incomplete"]);
	const json = await sandbox.run([...args, "--json"]);
	const problems = ['the record of "key1" is damaged: it is not JSON'];
	expect(JSON.parse(json.stdout)).toMatchObject({ records: 2, unreadable: 1, problems });
	expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "damaged" } });
	const { code: piped, stdout } = await sandbox.run(["export", "--armor", "--to", owner.recipient]);
	expect(piped).toBe(1);
	expect(stdout).toContain("-----END AGE ENCRYPTED FILE-----");
});

test("a command that is killed at any moment leaves no half export under the name", async () => {
	const sandbox = await scene(20_000);
	const file = sandbox.path("out/backup.age");
	let killed = 0;
	for (let round = 0; round < 12; round++) {
		const child = sandbox.start(["export", file, "--force", "--to", owner.recipient]);
		const exited = once(child, "exit");
		const timer = setTimeout(() => child.kill("SIGKILL"), 30 + Math.random() * 500);
		const [code] = await exited;
		clearTimeout(timer);
		if (code === null) killed++;
		if (existsSync(file)) expect(await keysIn(readFileSync(file))).toHaveLength(20_000);
	}
	expect(killed).toBeGreaterThan(0);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s ends it and leaves nothing behind", async (signal) => {
	const sandbox = await scene(50_000);
	const child = sandbox.start(["export", "out/backup.age", "--to", owner.recipient]);
	const exited = once(child, "exit");
	await expect.poll(() => readdirSync(sandbox.path("out")), { interval: 1, timeout: 10_000 }).toHaveLength(1);
	child.kill(signal);
	expect(await exited).toEqual([null, signal]);
	expect(readdirSync(sandbox.path("out"))).toEqual([]);
});

test("output that can't be written fails", async () => {
	const sandbox = await scene();
	for (const target of [">/dev/full", ">&-"]) {
		const { code, stderr } = await sandbox.shell(`trocla export --to ${owner.recipient} ${target}`);
		expect(code).toBe(1);
		expect(stderr).toMatch(/^trocla: standard output can't be written: /);
	}
});

test("a full disk is named, and leaves nothing behind", async ({ skip }) => {
	const sandbox = await scene(20_000);
	const disk = sandbox.path("disk");
	mkdirSync(disk, { mode: 0o700 });
	const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", disk]);
	if (mounted.code !== 0 && !process.env.CI) skip(`can't mount a tmpfs: ${mounted.stderr}`);
	cleanUp(() => run("umount", [disk]));
	const { code, stderr } = await sandbox.run(["export", `${disk}/backup.age`, "--to", owner.recipient]);
	expect(code).toBe(1);
	expect(stderr).toContain("can't be written: ENOSPC");
	expect(readdirSync(disk)).toEqual([]);
});

test("an export without keys is warned of", async () => {
	const sandbox = await scene(1);
	await sandbox.run(["delete", "alice"]);
	const { code, stderr } = await sandbox.run(["export", "out/a.age", "--to", owner.recipient]);
	expect({ code, stderr }).toEqual({
		code: 0,
		stderr: "trocla: warning: the store has no keys, and so the export has none\n",
	});
});

test("a store that is not there is not made", async () => {
	const sandbox = new Sandbox();
	const { code, stderr } = await sandbox.run(["export", "backup.age", "--to", owner.recipient]);
	expect(code).toBe(1);
	expect(stderr).toContain("there is no store at");
	expect(readdirSync(sandbox.directory)).not.toContain("store");
});
