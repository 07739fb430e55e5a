import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { bundle, CHILD_ENV } from "../support/child.js";
import { missing } from "../support/peers.js";
import { fill, query } from "../support/rows.js";
import { type Outcome, run, Sandbox } from "../support/sandbox.js";
import { dialogueWith } from "../support/terminal.js";
import { keyPair } from "../support/transfer.js";

// What a command does with a file, its flags, and the error.
const COMMAND = `
	import { Context } from "./cli/context.js";
	import { restore } from "./cli/restore.js";

	const [file = "", flags = "{}"] = process.argv.slice(2);
	restore(new Context({}), file, JSON.parse(flags))
		.then((code) => { process.exitCode = code; })
		.catch((error) => { process.stderr.write(error.message + "\\n"); process.exitCode = 1; });
`;

/** A site with an export of its keys, and a store that they are to come into. */
class Site extends Sandbox {
	readonly #program = this.path("restore.cjs");

	constructor() {
		super();
		bundle(COMMAND, this.#program);
	}

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

	args(file: string, flags: object): string[] {
		return [process.execPath, this.#program, file, JSON.stringify(flags)];
	}

	restore(file: string, flags: object = { identity: ["identity"] }, input?: Buffer): Promise<Outcome> {
		const [node = "", ...args] = this.args(file, flags);
		return run(node, args, { env: { ...this.env, ...CHILD_ENV }, cwd: this.directory }, input);
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
	expect(restored).toEqual({ code: 0, stdout: "1,200 keys restored\n", stderr: "" });
	expect(await site.rows(site.path("restored/trocla.sqlite"))).toEqual(await site.rows(site.store));
	expect(await site.restore("backup.age")).toMatchObject({
		code: 0,
		stdout: "0 keys restored, 1,200 there already\n",
	});
});

test("a key with other values is named, exits 1, and is replaced where that is asked for", async () => {
	await site.export(2);
	await site.run(["set", "alice", "plain"], "another secret");
	const { code, stdout, stderr } = await site.restore("backup.age");
	expect({ code, stdout }).toEqual({ code: 1, stdout: "1 key restored, 1 left as they are\n" });
	expect(stderr).toContain('trocla: "alice" is stored with other values');
	expect(stderr).not.toContain("secret");
	expect(await site.restore("backup.age", { identity: ["identity"], overwrite: true })).toMatchObject({ code: 0 });
	expect(await site.run(["get", "alice", "plain"])).toMatchObject({ stdout: "secret of alice\n" });
});

test("an export comes in through a pipe", async () => {
	await site.export(3);
	const [node = "", ...args] = site.args("/dev/fd/3", { identity: ["identity"] });
	const command = [node, ...args].map((word) => `'${word}'`).join(" ");
	const env = { ...site.env, ...CHILD_ENV };
	const line = `cat backup.age | ${command} 3<&0`;
	const piped = await run("bash", ["-c", line], { env, cwd: site.directory });
	expect(piped).toMatchObject({ code: 0, stdout: "3 keys restored\n" });
	const { stdout: bytes } = await run("base64", [site.path("backup.age")]);
	const again = await site.restore("-", { identity: ["identity"] }, Buffer.from(bytes, "base64"));
	expect(again).toMatchObject({ code: 0, stdout: "0 keys restored, 3 there already\n" });
});

test.each([
	["no identity", {}, "it takes the identity of one of its recipients to open this export"],
	["an identity's file that is not there", { identity: ["none"] }, "none can't be read: ENOENT"],
	[
		"a file that is none",
		{ identity: ["backup.age"] },
		"backup.age is not a plain file of age recipients or identities",
	],
	["an SSH key", { identity: ["ssh"] }, "ssh is not a plain file of age recipients or identities"],
	["a recipient", { identity: ["recipient"] }, "this is not an age identity that trocla knows"],
])("%s opens nothing", async (_, flags, message) => {
	await site.export(1);
	writeFileSync(site.path("ssh"), "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n", { mode: 0o600 });
	writeFileSync(site.path("recipient"), `${(await keyPair()).recipient}\n`);
	const { code, stdout, stderr } = await site.restore("backup.age", flags);
	expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
	expect(stderr).toContain(message);
	expect(existsSync(site.path("restored"))).toBe(false);
});

test.skipIf(missing("script"))("a passphrase is asked for where one opens the export", async () => {
	await site.run(["set", "alice", "plain"], "secret of alice");
	await site.run(["export", "backup.age", "--passphrase-file", "-"], "correct horse battery\n");
	await site.moveTo("restored");
	const env = { ...site.env, ...CHILD_ENV };
	const line = site.args("backup.age", {}).join(" ");
	const { code, screen } = await dialogueWith(Object.assign(site, { env }), line, [
		["Passphrase: ", "correct horse battery\r"],
	]);
	expect(code).toBe(0);
	expect(screen).toContain("1 key restored");
	expect(screen).not.toContain("battery");
});

test("one that is killed at any moment goes on where it was", async () => {
	await site.export(1500);
	const target = site.path("restored/trocla.sqlite");
	const before = new Map((await site.rows(site.store)).map(({ key, value }) => [key, value]));
	const [node = "", ...args] = site.args("backup.age", { identity: ["identity"] });
	let killed = 0;
	for (let round = 0; round < 3; round++) {
		const child = spawn(node, args, { env: { ...site.env, ...CHILD_ENV }, cwd: site.directory });
		const exited = once(child, "exit");
		const timer = setTimeout(() => child.kill("SIGKILL"), 300 + Math.random() * 500);
		const [code] = await exited;
		clearTimeout(timer);
		if (code === null) killed++;
		if (!existsSync(target)) continue;
		for (const { key, value } of await site.rows(target).catch(() => [])) expect(value).toBe(before.get(key));
	}
	expect(killed).toBeGreaterThan(0);
	expect(await site.restore("backup.age")).toMatchObject({ code: 0 });
	expect(await site.rows(target)).toEqual(await site.rows(site.store));
});
