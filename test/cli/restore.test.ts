import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { missing } from "../support/peers.js";
import { fill, query } from "../support/rows.js";
import { type Outcome, run, Sandbox } from "../support/sandbox.js";
import { onTerminal } from "../support/terminal.js";
import { keyPair } from "../support/transfer.js";

const IMPORT = ["import", "--from", "export", "--file"];
const IDENTITY = ["--identity", "identity"];

/** A site with an export of its keys, and a store that they are to come into. */
class Site extends Sandbox {
	async export(keys: number): Promise<void> {
		await this.run(["set", "alice", "plain"], "secret of alice");
		if (keys > 1) await fill(this.store, keys - 1);
		const { identity, recipient } = await keyPair();
		writeFileSync(this.path("identity"), `# public key: ${recipient}\n${identity}\n`, { mode: 0o600 });
		await this.run(["export", "backup.age", "--to", recipient]);
		await this.moveTo("restored");
	}

	/** Lets all that comes use another store. */
	async moveTo(name: string): Promise<void> {
		this.configure({ store_options: { path: this.path(`${name}/trocla.sqlite`) } });
	}

	restore(file: string, flags: readonly string[] = IDENTITY, input?: Buffer): Promise<Outcome> {
		return this.run([...IMPORT, file, ...flags], input);
	}

	rows(path: string) {
		return query(path, "SELECT key, value FROM keyv ORDER BY key");
	}
}

let site: Site;
beforeEach(() => {
	site = new Site();
});

test("a restored store has the same rows, and a second run finds them there", async () => {
	await site.export(1200);
	const restored = await site.restore("backup.age");
	expect(restored).toEqual({ code: 0, stdout: "", stderr: "1,200 keys restored.\n" });
	expect(await site.rows(site.path("restored/trocla.sqlite"))).toEqual(await site.rows(site.store));
	expect(await site.restore("backup.age")).toMatchObject({
		code: 0,
		stderr: "0 keys restored, 1,200 there already.\n",
	});
});

test("a key with other values is named, exits 1, and is replaced where that is asked for", async () => {
	await site.export(2);
	await site.run(["set", "alice", "plain"], "another secret");
	const { code, stdout, stderr } = await site.restore("backup.age");
	expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
	expect(stderr).toMatch(/^1 key restored, 1 left as they are\.$/m);
	expect(stderr).toContain('trocla: "alice" is stored with other values');
	expect(stderr).not.toContain("secret");
	expect(await site.restore("backup.age", [...IDENTITY, "--overwrite"])).toMatchObject({ code: 0 });
	expect(await site.run(["get", "alice", "plain"])).toMatchObject({ stdout: "secret of alice\n" });
});

test("an export comes in through a pipe", async () => {
	await site.export(3);
	const line = `cat backup.age | trocla ${IMPORT.join(" ")} /dev/fd/3 ${IDENTITY.join(" ")} 3<&0`;
	expect(await site.shell(line)).toMatchObject({ code: 0, stdout: "", stderr: "3 keys restored.\n" });
	const { stdout: bytes } = await run("base64", [site.path("backup.age")]);
	const again = await site.restore("-", IDENTITY, Buffer.from(bytes, "base64"));
	expect(again).toMatchObject({ code: 0, stdout: "", stderr: "0 keys restored, 3 there already.\n" });
});

test.each([
	["no identity", [], "it takes the identity of one of its recipients to open this export"],
	["an identity's file that is not there", ["--identity", "none"], "none can't be read: ENOENT"],
	[
		"a file that is none",
		["--identity", "backup.age"],
		"backup.age is not a plain file of age recipients or identities",
	],
	["an SSH key", ["--identity", "ssh"], "ssh is not a plain file of age recipients or identities"],
	[
		"an identity and a passphrase",
		["--identity", "identity", "--passphrase-file", "identity"],
		"an identity or a passphrase opens an export, not both",
	],
	["a recipient", ["--identity", "recipient"], "this is not an age identity that trocla knows"],
])("%s opens nothing", async (_, flags, message) => {
	await site.export(1);
	writeFileSync(site.path("ssh"), "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n", { mode: 0o600 });
	writeFileSync(site.path("recipient"), `${(await keyPair()).recipient}\n`);
	const { code, stdout, stderr } = await site.restore("backup.age", flags);
	expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
	expect(stderr).toContain(message);
	expect(existsSync(site.path("restored"))).toBe(false);
});

test.skipIf(missing("script"))("a passphrase is asked for where one opens the export", async () => {
	await site.run(["set", "alice", "plain"], "secret of alice");
	await site.run(["export", "backup.age", "--passphrase-file", "-"], "correct horse battery\n");
	await site.moveTo("restored");
	const { code, screen } = await onTerminal(site, [...IMPORT, "backup.age"].join(" "), [
		["Passphrase: ", "correct horse battery\r"],
	]);
	expect(code).toBe(0);
	expect(screen).toContain("1 key restored");
	expect(screen).not.toContain("battery");
});

test("one that is killed at any moment goes on where it was", async () => {
	await site.export(20_000);
	const target = site.path("restored/trocla.sqlite");
	const before = new Map((await site.rows(site.store)).map(({ key, value }) => [key, value]));
	let killed = 0;
	for (let round = 0; round < 3 || (killed === 0 && round < 30); round++) {
		const child = site.start([...IMPORT, "backup.age", ...IDENTITY]);
		const exited = once(child, "exit");
		// From the moment on when there is a store to write to.
		const watch = setInterval(() => {
			if (existsSync(target)) setTimeout(() => child.kill("SIGKILL"), Math.random() * 300);
		}, 2);
		const [code] = await exited;
		clearInterval(watch);
		if (code === null) killed++;
		if (!existsSync(target)) continue;
		for (const { key, value } of await site.rows(target).catch(() => [])) expect(value).toBe(before.get(key));
	}
	expect(killed).toBeGreaterThan(0);
	expect(await site.restore("backup.age")).toMatchObject({ code: 0 });
	expect(await site.rows(target)).toEqual(await site.rows(site.store));
});

test("flags of other sources are refused, and a file is asked for", async () => {
	expect(await site.run(["import", "--from", "export"])).toMatchObject({ code: 2, stdout: "" });
	for (const flags of [["--dry-run"], ["--prefix", "a"]]) {
		const { code, stderr } = await site.restore("backup.age", flags);
		expect(code).toBe(2);
		expect(stderr).toContain(`${flags[0]} does not go with --from export`);
	}
	const csv = await site.run(["import", "--from", "csv", "--file", "-", ...IDENTITY]);
	expect(csv).toMatchObject({ code: 2, stderr: expect.stringContaining("--identity does not go with --from csv") });
});
