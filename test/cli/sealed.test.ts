import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openTrocla } from "../../src/index.js";
import { query } from "../support/rows.js";
import { Sandbox } from "../support/sandbox.js";
import { contents, SealedSite } from "../support/sealed-site.js";

let site: SealedSite;
beforeEach(async () => {
	site = await SealedSite.make();
});

test("a sealed store answers as any other", async () => {
	expect(await site.get).toEqual({ code: 0, stdout: "the password of alice\n", stderr: "" });
	const hash = await site.run(["get", "alice", "sha512crypt"]);
	expect(await site.run(["get", "alice", "sha512crypt"])).toEqual(hash);
	expect(await site.run(["verify", "alice"], "the password of alice")).toMatchObject({ code: 0 });
	expect(await site.run(["search", "."])).toMatchObject({ code: 0, stdout: "alice\n" });
	expect(await site.run(["reset", "alice", "sha512crypt"])).toMatchObject({ code: 0 });
	expect(await site.run(["delete", "alice", "plain"])).toMatchObject({ stdout: "the password of alice\n" });
	expect(await site.run(["doctor"])).toMatchObject({ code: 0, stdout: expect.stringContaining("ok      key ring: ") });
});

test("a program opens a sealed store by a configuration of its own", async () => {
	const encryption_options = { key_file: site.ring };
	const config = { store_options: { path: site.store }, encryption: "aes-256-gcm", encryption_options } as const;
	await using trocla = await openTrocla({ config });
	expect(await trocla.get("alice", "plain")).toBe("the password of alice");
	await trocla.set("bob", "plain", "of bob");
	expect(await site.run(["get", "bob", "plain"])).toMatchObject({ stdout: "of bob\n" });
});

test("no file of a sealed store has a password, a hash, or any of its options", async () => {
	const value = (await site.run(["get", "bob", "plain", "--length", "40"])).stdout.trim();
	const hash = (await site.run(["get", "bob", "sha512crypt"])).stdout.trim();
	await site.run(["reset", "bob", "plain"]);
	const trocla = await openTrocla({ config: site.path("troclarc.yaml") });
	await trocla.set("carol", "plain", "of carol, in the log");
	// Still open, so the log is there.
	expect(readdirSync(dirname(site.store))).toContain("trocla.sqlite-wal");
	const found = contents(site.store);
	await trocla.close();
	for (const secret of ["the password of alice", value, hash, "of carol", "sha512crypt", '"plain"', "length"]) {
		expect(found).not.toContain(secret);
	}
	expect(found).toContain("trocla:alice");
});

test("a ring comes from a variable, or from a credential of systemd's", async () => {
	const ring = readFileSync(site.ring, "utf8").split("\n").at(-2) ?? "";
	const configure = (options: object) =>
		site.configure({
			store_options: { path: site.store },
			encryption: "aes-256-gcm",
			encryption_options: options,
		});
	configure({ key_env: "TROCLA_KEYS" });
	expect(await site.get).toMatchObject({ code: 1, stderr: expect.stringContaining("$TROCLA_KEYS is not set") });
	Object.assign(site.env, { TROCLA_KEYS: ring });
	expect(await site.get).toMatchObject({ stdout: "the password of alice\n" });
	expect(await site.run(["rekey"])).toMatchObject({ code: 1, stderr: expect.stringContaining("openssl rand") });

	// A ring of two keys, of which only the newest is needed.
	const older = ring.replace(/^\w+/, "older");
	Object.assign(site.env, { TROCLA_KEYS: `${older};${ring}` });
	const drop = await site.run(["rekey", "--drop-old"]);
	expect(drop).toMatchObject({ code: 1, stderr: expect.stringContaining("less than ten minutes ago") });
	Object.assign(site.env, { TROCLA_KEYS: `${older};${ring}`.replaceAll(/ \d{4}-/g, " 2020-") });
	expect((await site.run(["rekey", "--drop-old"])).stderr).toContain("takes out its old keys (older)");

	configure({ key_credential: "keys" });
	expect(await site.get).toMatchObject({ code: 1, stderr: expect.stringContaining("$CREDENTIALS_DIRECTORY") });
	Object.assign(site.env, { CREDENTIALS_DIRECTORY: dirname(site.ring) });
	expect(await site.get).toMatchObject({ stdout: "the password of alice\n" });
});

test("a ring's path is one beside the configuration, or in the home", async () => {
	const configure = (key_file: string) =>
		site.configure({
			store_options: { path: site.store },
			encryption: "aes-256-gcm",
			encryption_options: { key_file },
		});
	configure("ring/keys");
	expect(await site.get).toMatchObject({ stdout: "the password of alice\n" });
	copyFileSync(site.ring, site.path("home/keys"));
	configure("~/keys");
	expect(await site.get).toMatchObject({ stdout: "the password of alice\n" });
});

test("only a store that is sealed pays for loading the library that opens it", async () => {
	const hook = site.path("hook.cjs");
	writeFileSync(
		hook,
		"process.on('exit', () => process._rawDebug(process.moduleLoadList.includes('NativeModule crypto')))",
	);
	Object.assign(site.env, { NODE_OPTIONS: `--require=${hook}` });
	expect((await site.get).stderr).toBe("true\n");
	site.configure({ store_options: { path: site.path("other/trocla.sqlite") } });
	await site.get;
	expect((await site.get).stderr).toBe("false\n");
});

describe("is refused, says why and what to do, and leaves the store as it is:", () => {
	/** What get says once `harm` is done; the store's row must be what it was. */
	async function refusal(harm: () => unknown): Promise<string> {
		await harm();
		const before = await query(site.store, "SELECT * FROM keyv");
		const { code, stdout, stderr } = await site.get;
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(await site.run(["reset", "alice", "plain"])).toMatchObject({ code: 1, stdout: "" });
		expect(await query(site.store, "SELECT * FROM keyv")).toEqual(before);
		expect(stderr).not.toContain("should not happen");
		expect(await site.run(["doctor"])).toMatchObject({ code: 1, stdout: expect.stringContaining("FAULT") });
		return stderr;
	}

	test("a ring that is lost", async () => {
		const said = await refusal(() => rmSync(site.ring));
		expect(said).toContain(`the key ring ${site.ring} is not there`);
		expect(said).toContain("Restore it from your backup: without it no sealed record can be read");
		expect(await site.run(["init", "--sealed"])).toMatchObject({
			code: 1,
			stderr: expect.stringContaining("has records that were sealed with one"),
		});
	});

	test("a ring that others can read", async () => {
		expect(await refusal(() => chmodSync(site.ring, 0o644))).toContain(`chmod 600 ${site.ring}`);
	});

	test("a ring of another store", async () => {
		const other = await SealedSite.make();
		const id = readFileSync(site.ring, "utf8").split("\n").at(-2)?.split(" ")[0];
		const said = await refusal(() => copyFileSync(other.ring, site.ring));
		expect(said).toContain(`the record of "alice" is sealed with the key ${id}, which is not in the key ring`);
	});

	test("a ring that is damaged", async () => {
		const text = readFileSync(site.ring, "utf8");
		expect(await refusal(() => writeFileSync(site.ring, text.slice(0, -9)))).toMatch(
			/line 4 of the key ring .* (base64|bytes)/,
		);
	});

	test("a record that was moved from another key", async () => {
		await site.run(["get", "bob", "plain"]);
		const said = await refusal(async () => {
			await query(
				site.store,
				"UPDATE keyv SET value = (SELECT value FROM keyv WHERE key = 'trocla:bob') WHERE key = 'trocla:alice'",
			);
		});
		expect(said).toContain('the record of "alice" was altered, or belongs to another key');
	});

	test("a record that was cut", async () => {
		const said = await refusal(() =>
			query(site.store, `UPDATE keyv SET value = substr(value, 1, length(value) - 6) || '"}'`),
		);
		expect(said).toContain('the record of "alice" was altered');
	});

	test("a record that somebody else wrote, and did not seal", async () => {
		await expect(
			query(site.store, `UPDATE keyv SET value = '{"value":"{}"}' WHERE key = 'trocla:alice'`),
		).rejects.toThrow("not sealed");
		const said = await refusal(async () => {
			await query(site.store, "DROP TRIGGER keyv_guard_update");
			await query(site.store, `UPDATE keyv SET value = '{"value":"{\\"v\\":1,\\"formats\\":{}}"}'`);
		});
		expect(said).toContain('the record of "alice" is not sealed');
		// Nor is it taken for one of ours by sealing it.
		expect(await site.run(["init", "--sealed"])).toMatchObject({
			code: 1,
			stderr: expect.stringContaining('the record of "alice" is not sealed'),
		});
	});

	test("a configuration without encryption", async () => {
		const said = await refusal(() => site.configure({ store_options: { path: site.store } }));
		expect(said).toContain('the record of "alice" is sealed, and the configuration has no encryption');
		expect(await site.run(["set", "bob", "plain"], "of bob")).toMatchObject({
			code: 1,
			stderr: expect.stringContaining("the store is sealed, and what was to be written is not"),
		});
		expect(contents(site.store)).not.toContain("of bob");
		// Force gives up what is damaged, and nothing is here but the configuration.
		expect(await site.run(["delete", "--force", "alice"])).toMatchObject({ code: 1, stdout: "" });
	});
});

test("a record that is lost can be given up by name", async () => {
	await query(site.store, `UPDATE keyv SET value = substr(value, 1, 80) || '"}' WHERE key = 'trocla:alice'`);
	expect(await site.run(["delete", "--force", "alice"])).toMatchObject({ code: 0 });
	expect(await site.run(["get", "alice", "plain"])).toMatchObject({ code: 0 });
});

test.each([
	["half of it", { encryption: "aes-256-gcm" }, "needs one key ring"],
	[
		"two rings",
		{ encryption: "aes-256-gcm", encryption_options: { key_file: "a", key_env: "B" } },
		"key_file and key_env",
	],
	["a ring only", { encryption_options: { key_file: "a" } }, "encryption is not set"],
	["a ring without a path", { encryption: "aes-256-gcm", encryption_options: { key_file: "" } }, "key_file must be"],
	[
		"a variable that can't be one",
		{ encryption: "aes-256-gcm", encryption_options: { key_env: "a=b" } },
		"key_env must be",
	],
	[
		"a credential elsewhere",
		{ encryption: "aes-256-gcm", encryption_options: { key_credential: "../a" } },
		"key_credential must be",
	],
	[
		"a word for true",
		{ encryption: "aes-256-gcm", encryption_options: { key_file: "a", accept_plain: "y" } },
		"accept_plain must be",
	],
	["an unknown option", { encryption: "aes-256-gcm", encryption_options: { keyfile: "a" } }, 'unknown key "keyfile"'],
	["a cipher of the Ruby trocla", { encryption: "ssl" }, '"ssl" is not known'],
])("a configuration with %s is refused", async (_, config, message) => {
	site.configure({ store_options: { path: site.store }, ...config });
	expect(await site.get).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(message) });
});

test("doctor names what is wrong with a ring, and where it should not be", async () => {
	const beside = join(dirname(site.store), "keys");
	copyFileSync(site.ring, beside);
	chmodSync(beside, 0o600);
	site.configure({
		store_options: { path: site.store },
		encryption: "aes-256-gcm",
		encryption_options: { key_file: beside, accept_plain: true },
	});
	const { stdout } = await site.run(["doctor"]);
	expect(stdout).toContain("is in the store's directory: whoever copies that has both");
	expect(stdout).toContain("accept_plain is set");
});

describe("of a store that is not sealed,", () => {
	test("what was handed out, replaced or deleted is gone from its files", async () => {
		const sandbox = new Sandbox();
		const secrets: string[] = [];
		for (let n = 0; n < 8; n++)
			secrets.push((await sandbox.run(["get", `user${n}`, "plain", "--length", "30"])).stdout.trim());
		expect(secrets.every((secret) => contents(sandbox.store).includes(secret))).toBe(true);
		for (let n = 0; n < 4; n++) await sandbox.run(["delete", `user${n}`, "plain"]);
		for (let n = 4; n < 6; n++) await sandbox.run(["reset", `user${n}`, "plain"]);
		for (let n = 6; n < 8; n++) await sandbox.run(["delete", `user${n}`]);
		const left = contents(sandbox.store);
		expect(secrets.filter((secret) => left.includes(secret))).toEqual([]);
	});
});
