import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { openTrocla } from "../../src/index.js";
import { query } from "../support/rows.js";
import { SealedSite, sealedWith } from "../support/sealed-site.js";

const LIBRARY = join(import.meta.dirname, "../../dist/library/index.mjs");

/** Fills a site's store with so many keys, and gives their passwords. */
async function fill(site: SealedSite, count: number): Promise<Map<string, string>> {
	const passwords = new Map<string, string>();
	await using trocla = await openTrocla({ config: site.path("troclarc.yaml") });
	for (let n = 0; n < count; n++) passwords.set(`key${n}`, await trocla.get(`key${n}`, "plain"));
	return passwords;
}

async function expectPasswords(site: SealedSite, passwords: Map<string, string>): Promise<void> {
	await using trocla = await openTrocla({ config: site.path("troclarc.yaml") });
	for (const [key, password] of passwords) expect(await trocla.peek(key, "plain")).toBe(password);
}

test("rekey seals every record with a new key, and the old one can be dropped", async () => {
	const site = await SealedSite.make();
	const passwords = await fill(site, 20);
	const [old = ""] = site.keys;
	const { code, stdout, stderr } = await site.run(["rekey"]);
	expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
	const [, key = ""] = site.keys;
	expect(stderr).toContain(`Made the key ${key}: 21 of 21 records sealed anew.`);
	expect(stderr).toContain(`(${old})`);
	expect(await sealedWith(site.store)).toEqual({ [key]: 21 });
	expect((await site.run(["doctor"])).stdout).toContain(`no record needs the older keys any more: ${old}`);

	const soon = await site.run(["rekey", "--drop-old"]);
	expect(soon).toMatchObject({ code: 1, stderr: expect.stringContaining("Run it again in 10 minutes") });
	site.ageRing();
	expect(await site.run(["rekey", "--drop-old"])).toMatchObject({ code: 0, stderr: expect.stringContaining(old) });
	expect(site.keys).toEqual([key]);
	expect(readFileSync(site.ring, "utf8")).toMatch(/^# trocla's key ring/);
	await expectPasswords(site, passwords);
	expect(await site.run(["rekey", "--drop-old"])).toMatchObject({
		code: 0,
		stderr: "The key ring has no older key.\n",
	});
});

test("rekey tells in JSON what it did", async () => {
	const site = await SealedSite.make();
	const [old] = site.keys;
	const { stdout, stderr } = await site.run(["rekey", "--json"]);
	expect({ ...JSON.parse(stdout), stderr }).toEqual({
		key: site.keys[1],
		added: true,
		records: 1,
		resealed: 1,
		unopened: 0,
		oldKeys: [old],
		faults: [],
		stderr: "",
	});
	site.ageRing();
	expect(JSON.parse((await site.run(["rekey", "--drop-old", "--json"])).stdout)).toEqual({ dropped: [old] });
});

test("rekey goes on with a key that is there already, as an administrator adds it", async () => {
	const site = await SealedSite.make();
	const other = await SealedSite.make();
	const line = readFileSync(other.ring, "utf8").split("\n").at(-2);
	writeFileSync(site.ring, `${readFileSync(site.ring, "utf8")}${line}\n`);
	const { stderr } = await site.run(["rekey"]);
	expect(stderr).toContain(`Went on with the key ${other.keys[0]}: 1 of 1 records sealed anew.`);
	expect(await sealedWith(site.store)).toEqual({ [other.keys[0] ?? ""]: 1 });
});

test("records that can't be opened are named, the others are sealed anew, and the key that they need stays", async () => {
	const site = await SealedSite.make();
	const passwords = await fill(site, 10);
	passwords.delete("key3");
	await query(site.store, `UPDATE keyv SET value = replace(value, 'A', 'B') WHERE key IN ('trocla:key3')`);
	await query(site.store, `UPDATE keyv SET value = substr(value, 1, 90) || '"}' WHERE key IN ('trocla:key3')`);
	const [old = ""] = site.keys;
	const { code, stderr } = await site.run(["rekey"]);
	expect(code).toBe(1);
	expect(stderr).toContain("10 of 11 records sealed anew");
	expect(stderr).toContain('the record of "key3" was altered, or belongs to another key');
	expect(await sealedWith(site.store)).toEqual({ [old]: 1, [site.keys[1] ?? ""]: 10 });
	site.ageRing();
	expect(await site.run(["rekey", "--drop-old"])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("1 of 11 records are not sealed with the newest key"),
	});
	expect(site.keys).toContain(old);
	await expectPasswords(site, passwords);
	// Once more it makes one more key for those that it can open.
	expect((await site.run(["rekey"])).code).toBe(1);
	await site.run(["delete", "--force", "key3"]);
	site.ageRing();
	expect(await site.run(["rekey", "--drop-old"])).toMatchObject({ code: 0 });
	await expectPasswords(site, passwords);
});

describe("rekey is refused", () => {
	test("where the store is not sealed", async () => {
		const site = new SealedSite();
		await site.get;
		for (const args of [["rekey"], ["rekey", "--drop-old"]]) {
			expect(await site.run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining("trocla init --sealed") });
		}
	});

	test("where there is no store, and adds no key", async () => {
		const site = await SealedSite.make();
		rmSync(site.store);
		expect(await site.run(["rekey"])).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no store") });
		expect(site.keys.length).toBe(1);
	});

	test("where the ring can't be written, and the records stay as they are", async () => {
		const site = await SealedSite.make();
		// A directory in the lock's place.
		rmSync(`${site.ring}.lock`);
		mkdirSync(`${site.ring}.lock`);
		expect(await site.run(["rekey"])).toMatchObject({ code: 1, stderr: expect.stringContaining("can't be locked") });
		expect(await site.get).toMatchObject({ stdout: "the password of alice\n" });
	});
});

test("rekey that is killed at any moment goes on when it is run again, and nothing is lost", async () => {
	const site = await SealedSite.make();
	const passwords = await fill(site, 1500);
	let killed = 0;
	for (let round = 0; round < 20; round++) {
		const child = site.start(["rekey"]);
		const ended = once(child, "exit");
		setTimeout(() => child.kill("SIGKILL"), 40 + Math.random() * 250);
		const [, signal] = await ended;
		if (signal) killed++;
		if (round % 5 === 0) await expectPasswords(site, passwords);
	}
	expect(killed).toBeGreaterThan(0);
	expect(await site.run(["rekey"])).toMatchObject({ code: 0 });
	expect(await sealedWith(site.store)).toEqual({ [site.keys.at(-1) ?? ""]: 1501 });
	site.ageRing();
	expect(await site.run(["rekey", "--drop-old"])).toMatchObject({ code: 0 });
	await expectPasswords(site, passwords);
	expect(await site.run(["doctor"])).toMatchObject({ code: 0 });
});

/** Reads, sets, resets and deletes keys of its own until its input ends, and looks whether each answers what it should. */
const WORKER = `
	import { openTrocla } from ${JSON.stringify(LIBRARY)};
	const [config, name] = process.argv.slice(2);
	const trocla = await openTrocla({ config });
	const expected = new Map();
	const mistakes = [];
	let calls = 0;
	let running = true;
	process.stdin.on("end", () => { running = false; }).resume();
	const check = async (key) => {
		const got = await trocla.peek(key, "plain");
		if (got !== expected.get(key)) mistakes.push(key + ": " + got + " instead of " + expected.get(key));
	};
	while (running) {
		const key = name + "_" + Math.floor(Math.random() * 50);
		calls++;
		try {
			switch (calls % 5) {
				case 0: await check(key); break;
				case 1: expected.set(key, await trocla.get(key, "plain")); break;
				case 2: expected.set(key, await trocla.set(key, "plain", "set-" + calls)); break;
				case 3: await trocla.get(key, "sha1"); expected.set(key, await trocla.reset(key, "plain")); break;
				case 4: if (calls % 4 === 0 && expected.has(key)) { expected.delete(key); await trocla.delete(key); }
			}
		} catch (error) { mistakes.push(error.message); }
	}
	for (let n = 0; n < 50; n++) await check(name + "_" + n);
	await trocla.close();
	console.log(JSON.stringify({ calls, mistakes, passwords: [...expected] }));
`;

test("processes that work all the time notice nothing of three rekeys and dropped keys, and lose nothing", async () => {
	const site = await SealedSite.make();
	const passwords = await fill(site, 300);
	const [first = ""] = site.keys;
	const program = site.path("worker.mjs");
	writeFileSync(program, WORKER);
	const workers = [1, 2, 3, 4].map((n) => {
		const child = spawn(process.execPath, [program, site.path("troclarc.yaml"), `worker${n}`], { env: site.env });
		return { child, output: text(child.stdout) };
	});
	for (let round = 0; round < 3; round++) {
		expect(await site.run(["rekey"])).toMatchObject({ code: 0 });
		site.ageRing();
		expect(await site.run(["rekey", "--drop-old"])).toMatchObject({ code: 0 });
	}
	for (const { child } of workers) child.stdin.end();
	for (const { output } of workers) {
		const { calls, mistakes, passwords: own } = JSON.parse(await output);
		expect(mistakes).toEqual([]);
		expect(calls).toBeGreaterThan(10);
		for (const [key, password] of own) passwords.set(key, password);
	}
	const [key = "", ...others] = site.keys;
	expect(others).toEqual([]);
	expect(key).not.toBe(first);
	expect(Object.keys(await sealedWith(site.store))).toEqual([key]);
	await expectPasswords(site, passwords);
});
