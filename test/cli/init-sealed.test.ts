import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import sqlite3 from "sqlite3";
import { expect, test } from "vitest";
import { openTrocla } from "../../src/index.js";
import { isRoot, runAsNobody } from "../support/nobody.js";
import { query } from "../support/rows.js";
import { cleanUp, Sandbox } from "../support/sandbox.js";
import { contents, SealedSite, sealedWith } from "../support/sealed-site.js";

const init = (site: SealedSite) => ["init", "--sealed", "--key-file", site.ring];

/** A site with a store of so many keys that is not sealed, and their passwords. */
async function plainSite(count: number) {
	const site = new SealedSite();
	const passwords = new Map<string, string>();
	await using trocla = await openTrocla({ config: site.path("troclarc.yaml") });
	for (let n = 0; n < count; n++) passwords.set(`key${n}`, await trocla.get(`key${n}`, "plain", { length: 24 }));
	return { site, passwords };
}

async function expectPasswords(site: SealedSite, passwords: Map<string, string>): Promise<void> {
	await using trocla = await openTrocla({ config: site.path("troclarc.yaml") });
	for (const [key, password] of passwords) expect(await trocla.peek(key, "plain")).toBe(password);
}

test("init --sealed makes configuration, ring and store for a new site, and says to back the ring up", async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("mine.yaml");
	Object.assign(sandbox.env, {
		TROCLA_CONFIG: file,
		XDG_DATA_HOME: sandbox.path("data"),
		XDG_CONFIG_HOME: sandbox.path("config"),
		XDG_CACHE_HOME: sandbox.path("cache"),
	});
	// For root the store would be in /var/lib, and the ring in /etc.
	const { code, stdout, stderr } = await runAsNobody(sandbox, ["init", "--sealed"]);
	expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
	const ring = sandbox.path("config/trocla/keys");
	expect(stderr).toContain(`The key ring is ${ring}. BACK IT UP NOW`);
	expect(readFileSync(file, "utf8")).toContain(
		`\nencryption: aes-256-gcm\nencryption_options: {key_file: "${ring}"}\n`,
	);
	expect(readFileSync(file, "utf8")).not.toMatch(/^# encryption/m);
	for (const made of [file, ring, sandbox.path("data/trocla/trocla.sqlite")]) {
		expect(statSync(made).mode & 0o777).toBe(0o600);
	}
	const value = (await runAsNobody(sandbox, ["get", "alice", "plain"])).stdout.trim();
	expect(value).toHaveLength(16);
	expect(contents(sandbox.path("data/trocla/trocla.sqlite"))).not.toContain(value);
});

test("init --sealed seals a store that is there, changes only two lines, and leaves no plaintext in any file", async () => {
	const { site, passwords } = await plainSite(200);
	const yaml = `# ours\nstore_options:\n  path: ${site.store}   # here\n\noptions: {length: 24}\n`;
	writeFileSync(site.path("troclarc.yaml"), yaml);
	chmodSync(site.path("troclarc.yaml"), 0o640);
	const hash = (await site.run(["get", "key1", "sha512crypt"])).stdout.trim();
	const before = contents(site.store);
	expect([...passwords.values()].every((password) => before.includes(password))).toBe(true);

	const { code, stdout, stderr } = await site.run(init(site));
	expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
	expect(stderr).toContain("200 of 200 records just now");
	expect(stderr).toContain("must be started again");
	expect(readFileSync(site.path("troclarc.yaml"), "utf8")).toBe(
		`${yaml}\nencryption: aes-256-gcm\nencryption_options: {key_file: "${site.ring}"}\n`,
	);
	expect(statSync(site.path("troclarc.yaml")).mode & 0o777).toBe(0o640);
	const after = contents(site.store);
	expect([...passwords.values(), hash].filter((secret) => after.includes(secret))).toEqual([]);
	expect(await sealedWith(site.store)).toEqual({ [site.keys[0] ?? ""]: 200 });
	await expectPasswords(site, passwords);
});

test("init --sealed tells in JSON what it did, and does nothing more the next time", async () => {
	const { site } = await plainSite(3);
	const report = { config: site.path("troclarc.yaml"), store: site.store, ring: site.ring, faults: [] };
	const first = await site.run([...init(site), "--json"]);
	expect(JSON.parse(first.stdout)).toEqual({
		...report,
		records: 3,
		resealed: 3,
		unopened: 0,
		scrubbed: true,
		ringMade: true,
	});
	expect(first.stderr).toContain("BACK IT UP NOW");
	const config = readFileSync(site.path("troclarc.yaml"), "utf8");
	const again = await site.run(["init", "--sealed", "--json"]);
	expect(JSON.parse(again.stdout)).toMatchObject({ ...report, resealed: 0, ringMade: false });
	expect(readFileSync(site.path("troclarc.yaml"), "utf8")).toBe(config);
});

test("a ring that is there already is used, and stays as it is", async () => {
	const { site, passwords } = await plainSite(2);
	const other = await SealedSite.make();
	const ring = readFileSync(other.ring, "utf8").replace(/^#.*\n/gm, "");
	mkdirSync(dirname(site.ring));
	writeFileSync(site.ring, ring, { mode: 0o600 });
	expect(await site.run(init(site))).toMatchObject({ code: 0 });
	expect(readFileSync(site.ring, "utf8")).toBe(ring);
	await expectPasswords(site, passwords);
});

test("another store's ring is not used, and none of its keys is dropped where that one may need it", async () => {
	const { site } = await plainSite(2);
	const other = await SealedSite.make();
	expect(await site.run(["init", "--sealed", "--key-file", other.ring])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining(`is that of the store ${other.store}`),
	});
	expect(await sealedWith(site.store)).toEqual({ "": 2 });
	// A configuration may still name it.
	site.configure({
		store_options: { path: site.store },
		encryption: "aes-256-gcm",
		encryption_options: { key_file: other.ring, accept_plain: true },
	});
	expect(await site.run(["init", "--sealed"])).toMatchObject({ code: 0 });
	expect(await site.run(["rekey"])).toMatchObject({ code: 0 });
	other.ageRing();
	expect(await site.run(["rekey", "--drop-old"])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining(`it is of the store ${other.store}, which may still need`),
	});
	expect(await other.get).toMatchObject({ stdout: "the password of alice\n" });
});

test("a store is sealed with a ring that comes from a variable, where the configuration says so", async () => {
	const { site, passwords } = await plainSite(2);
	const other = await SealedSite.make();
	site.configure({
		store_options: { path: site.store },
		encryption: "aes-256-gcm",
		encryption_options: { key_env: "TROCLA_KEYS", accept_plain: true },
	});
	cleanUp(() => delete process.env.TROCLA_KEYS);
	process.env.TROCLA_KEYS = readFileSync(other.ring, "utf8");
	Object.assign(site.env, { TROCLA_KEYS: process.env.TROCLA_KEYS });
	expect(await site.run(["init", "--sealed"])).toMatchObject({ code: 0 });
	expect(JSON.parse(readFileSync(site.path("troclarc.yaml"), "utf8")).encryption_options).toEqual({
		key_env: "TROCLA_KEYS",
	});
	await expectPasswords(site, passwords);
});

test("while another process reads the store, init --sealed says what is left to do, and the next one does it", async () => {
	const { site, passwords } = await plainSite(50);
	// It has the store as it was when it began to read, and the files have to keep that for it.
	const reader = new sqlite3.Database(site.store);
	const sql = (text: string) => new Promise<void>((resolve) => reader.exec(text, () => resolve()));
	await sql("BEGIN; SELECT * FROM keyv");
	const first = await site.run(init(site));
	expect(first.code).toBe(1);
	expect(first.stderr).toContain(`run again: trocla init --sealed -c ${site.path("troclarc.yaml")}`);
	await expectPasswords(site, passwords);
	await sql("COMMIT");
	await new Promise((resolve) => reader.close(resolve));
	expect(await site.run(["init", "--sealed"])).toMatchObject({ code: 0 });
	const left = contents(site.store);
	expect([...passwords.values()].filter((secret) => left.includes(secret))).toEqual([]);
});

test("a program that opened the store before it was sealed can write no plaintext any more", async () => {
	const { site } = await plainSite(2);
	await using old = await openTrocla({ config: site.path("troclarc.yaml") });
	await old.get("key1", "plain");
	expect(await site.run(init(site))).toMatchObject({ code: 0 });
	await expect(old.get("key1", "plain")).rejects.toMatchObject({ code: "config" });
	await expect(old.set("mallory", "plain", "in the clear")).rejects.toMatchObject({
		code: "store",
		message: expect.stringContaining("the store is sealed"),
	});
	expect(contents(site.store)).not.toContain("in the clear");
	expect(await site.run(["search", "."])).toMatchObject({ stdout: "key0\nkey1\n" });
});

test("init --sealed that is killed at any moment, with others at work, goes on when it is run again", async () => {
	const { site, passwords } = await plainSite(1200);
	let running = true;
	const refused: string[] = [];
	const work = [1, 2].map(async (worker) => {
		for (let n = 0; running; n++) {
			const key = n % 2 ? `key${n % 1200}` : `worker${worker}_${n}`;
			const { code, stdout, stderr } = await site.run(["get", key, "plain"]);
			if (code !== 0) refused.push(stderr);
			else if (passwords.has(key)) expect(stdout.trim()).toBe(passwords.get(key));
			else passwords.set(key, stdout.trim());
		}
	});
	let killed = 0;
	for (let round = 0; round < 12; round++) {
		const child = site.start(init(site));
		const ended = once(child, "exit");
		setTimeout(() => child.kill("SIGKILL"), 60 + Math.random() * 200);
		const [, signal] = await ended;
		if (signal) killed++;
	}
	expect(killed).toBeGreaterThan(0);
	// With the ring's place: on a busy machine all may have been killed before they wrote it down.
	const last = await site.run(init(site));
	running = false;
	await Promise.all(work);
	expect(last).toMatchObject({ code: 0 });
	// Who read the configuration just before it was changed is told to ask again; nothing else goes wrong.
	for (const message of refused) expect(message).toContain("If the store was sealed just now, run it again");
	expect(await sealedWith(site.store)).toEqual({ [site.keys[0] ?? ""]: passwords.size });
	expect(readFileSync(site.path("troclarc.yaml"), "utf8")).not.toContain("accept_plain");
	expect(await site.run(["init", "--sealed"])).toMatchObject({ code: 0 });
	const left = contents(site.store);
	expect([...passwords.values()].filter((password) => left.includes(password))).toEqual([]);
	await expectPasswords(site, passwords);
});

test("a record that is damaged is named, and does not keep the others from being sealed", async () => {
	const { site } = await plainSite(3);
	await query(site.store, "UPDATE keyv SET value = 'not of Keyv' WHERE key = 'trocla:key1'");
	const { code, stderr } = await site.run(init(site));
	expect(code).toBe(1);
	expect(stderr).toContain("2 of 3 records just now");
	expect(stderr).toContain('the row of "key1"');
	expect(await sealedWith(site.store)).toEqual({ [site.keys[0] ?? ""]: 2, "": 1 });
});

test.each([
	["a memory store", { store: "memory" }, "a memory store is never at rest"],
	["a configuration that is wrong", { stor: "sqlite" }, 'unknown key "stor"'],
])("init --sealed refuses %s, and makes nothing", async (_, config, message) => {
	const site = new SealedSite();
	site.configure(config);
	expect(await site.run(init(site))).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
	expect(existsSync(site.ring)).toBe(false);
});

test("init says how to seal the store of a configuration that is there, and leaves it as it is", async () => {
	const site = new SealedSite();
	const file = site.path("troclarc.yaml");
	const before = readFileSync(file, "utf8");
	expect((await site.run(["init"])).stderr).toContain(`trocla init --sealed -c ${file}`);
	expect(readFileSync(file, "utf8")).toBe(before);
	const sealed = await SealedSite.make();
	expect((await sealed.run(["init"])).stderr).not.toContain("--sealed");
});

test("--key-file is refused where it would say nothing", async () => {
	const site = await SealedSite.make();
	expect(await site.run(["init", "--key-file", "x"])).toMatchObject({ code: 2 });
	expect(await site.run(["init", "--sealed", "--key-file", site.path("other")])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining(`names another key ring already (${site.ring})`),
	});
});

test.skipIf(!isRoot)("a configuration that may not be changed is left as it is, and so is the store", async () => {
	const { site } = await plainSite(1);
	const file = site.path("troclarc.yaml");
	const before = readFileSync(file, "utf8");
	chmodSync(file, 0o644);
	const { code, stderr } = await runAsNobody(site, init(site));
	expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`${file} can't be changed: EPERM`) });
	expect(readFileSync(file, "utf8")).toBe(before);
	expect(readdirSync(site.directory).filter((name) => name.includes(".new-"))).toEqual([]);
	expect(await sealedWith(site.store)).toEqual({ "": 1 });
});

test.skipIf(!isRoot)("an init --sealed that can't make the store leaves no configuration behind", async () => {
	const sandbox = new Sandbox();
	const file = sandbox.path("home/new.yaml");
	Object.assign(sandbox.env, { TROCLA_CONFIG: file, XDG_DATA_HOME: "/proc/nope", XDG_CONFIG_HOME: sandbox.path("c") });
	expect((await runAsNobody(sandbox, ["init", "--sealed"])).code).toBe(1);
	expect(existsSync(file)).toBe(false);
});
