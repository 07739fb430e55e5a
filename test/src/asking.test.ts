import { describe, expect, test } from "vitest";

import { all } from "../backends/conformance.js";
import { derivedNames } from "../support/formats.js";
import { TestStore } from "../support/store.js";

describe("the options of a stored value", () => {
	test("are stored with it, the configuration's too", async () => {
		const store = new TestStore({ options: { length: 20, sha512crypt: { rounds: 2000 } } });
		await store.trocla.get("alice", "sha512crypt", { charset: "typesafe" });
		expect(await store.trocla.show("alice")).toEqual({
			key: "alice",
			formats: {
				plain: { at: store.now, options: { length: 20, charset: "typesafe" } },
				sha512crypt: { at: store.now, options: { rounds: 2000 } },
			},
		});
	});

	test("stay, with a warning that says how to change them, where others are asked for", async () => {
		const store = new TestStore();
		const { trocla, warnings } = store;
		const hash = await trocla.get("alice", "sha512crypt", { rounds: 1000, length: 20 });
		const before = await store.text("alice");
		expect(await trocla.get("alice", "sha512crypt", { rounds: 1000, length: 20 })).toBe(hash);
		expect(await trocla.get("alice", "sha512crypt")).toBe(hash);
		expect(warnings).toEqual([]);
		expect(await trocla.get("alice", "sha512crypt", { rounds: 2000 })).toBe(hash);
		expect(await trocla.get("alice", "sha512crypt", { length: 8, charset: "numeric" })).toBe(hash);
		expect(await trocla.get("alice", "plain", { words: 4 })).toHaveLength(20);
		expect(warnings).toEqual([
			'"alice" is stored with rounds 1000, not 2000. It stays as it is; trocla reset alice sha512crypt with these options makes it anew',
			'"alice" is stored with length 20, not 8; charset "default", not "numeric". It stays as it is; trocla reset alice plain with these options makes it anew',
			'"alice" is stored with words unset, not 4. It stays as it is; trocla reset alice plain with these options makes it anew',
		]);
		expect(await store.text("alice")).toBe(before);
		// As the warnings say:
		expect(await trocla.reset("alice", "sha512crypt", { rounds: 2000 })).toContain("rounds=2000$");
		expect(await trocla.reset("alice", "plain", { length: 8, charset: "numeric" })).toMatch(/^\d{8}$/);
	});

	test("of the plaintext are warned of when another format is made of it", async () => {
		const { trocla, warnings } = new TestStore();
		await trocla.get("alice", "plain");
		await trocla.get("alice", "mysql", { length: 32, plugin: "ed25519" });
		expect(warnings).toEqual([
			expect.stringContaining("length 16, not 32. It stays as it is; trocla reset alice plain"),
		]);
	});

	test("are the same in another order", async () => {
		const { trocla, warnings } = new TestStore();
		await trocla.get("alice", "plain", { require: { upper: 1, digit: 2 } });
		await trocla.get("alice", "plain", { require: { digit: 2, upper: 1 } });
		await trocla.get("www", "x509", { key_type: "p256", altnames: ["b.test", "a.test"] });
		await trocla.get("www", "x509", { key_type: "p256", altnames: ["a.test", "b.test"] });
		expect(warnings).toEqual([]);
		await trocla.get("www", "x509", { altnames: ["a.test"] });
		expect(warnings).toEqual([expect.stringContaining('altnames ["b.test","a.test"], not ["a.test"]')]);
	});

	test("that the configuration came to say later are not warned of", async () => {
		const store = new TestStore();
		await store.trocla.get("alice", "sha512crypt");
		await store.another({ options: { length: 40, rounds: 2000 } }).get("alice", "sha512crypt");
		expect(store.warnings).toEqual([]);
	});

	test("are not known of a password that was set, so nothing is warned of", async () => {
		const { trocla, warnings } = new TestStore();
		await trocla.set("alice", "plain", "short");
		await trocla.get("alice", "plain", { length: 32 });
		expect(warnings).toEqual([]);
	});

	test("that the format does not have are warned of", async () => {
		const { trocla, warnings } = new TestStore();
		await trocla.get("alice", "mysql", { rounds: 5000 });
		expect(warnings).toEqual(["mysql has no option rounds, so it does nothing"]);
	});
});

describe("reset", () => {
	test("of plain makes a new password and drops the hashes of the old one", async () => {
		const { trocla } = new TestStore();
		const before = await trocla.get("alice", "plain");
		await trocla.get("alice", "sha1");
		const after = await trocla.reset("alice", "plain");
		expect(after).not.toBe(before);
		expect(await trocla.formats("alice")).toEqual(["plain"]);
	});

	test("of another format makes a new hash of the same password", async () => {
		const { trocla } = new TestStore();
		const before = await trocla.get("alice", "ssha");
		const plain = await trocla.get("alice", "plain");
		const after = await trocla.reset("alice", "ssha");
		expect(after).not.toBe(before);
		expect(await trocla.get("alice", "plain")).toBe(plain);
		expect(await trocla.verify("alice", plain, "ssha")).toBe("ssha");
	});

	test("of a key that is not stored makes it", async () => {
		const { trocla } = new TestStore();
		expect(await trocla.reset("alice", "plain")).toBe(await trocla.get("alice", "plain"));
	});

	test("asks again for what was asked, not for what the configuration said then", async () => {
		const store = new TestStore({ options: { length: 20, rounds: 1000 } });
		await store.trocla.get("alice", "sha512crypt", { charset: "numeric" });
		await store.trocla.get("bob", "sha512crypt", { rounds: 3000 });
		const later = store.another({ options: { length: 30, rounds: 2000 } });
		expect(await later.reset("alice", "sha512crypt")).toContain("$rounds=2000$");
		expect(await later.reset("bob", "sha512crypt")).toContain("$rounds=3000$");
		expect(await later.reset("alice", "plain")).toMatch(/^\d{30}$/);
		expect(await later.reset("alice", "plain")).toMatch(/^\d{30}$/);
		expect(store.warnings).toEqual([]);
	});

	test("of a plaintext that was handed out asks again for what was asked", async () => {
		const { trocla } = new TestStore();
		await trocla.get("alice", "plain", { length: 30, charset: "numeric" });
		await trocla.get("alice", "mysql");
		await trocla.handOut("alice", () => {});
		expect(await trocla.show("alice")).not.toHaveProperty("askedPlain");
		await trocla.get("alice", "mysql");
		expect(await trocla.reset("alice", "plain")).toMatch(/^\d{30}$/);
		await trocla.get("alice", "mysql");
		await trocla.delete("alice", "plain");
		expect(await trocla.reset("alice", "plain", { length: 40 })).toMatch(/^\d{40}$/);
		await trocla.set("alice", "plain", "mine");
		await trocla.get("alice", "mysql");
		await trocla.handOut("alice", () => {});
		expect(await trocla.reset("alice", "plain")).toHaveLength(16);
	});

	test("takes its own options over what was asked", async () => {
		const { trocla } = new TestStore();
		await trocla.get("alice", "plain", { length: 20, charset: "numeric" });
		expect(await trocla.reset("alice", "plain", { length: 30 })).toMatch(/^\d{30}$/);
		expect(await trocla.reset("alice", "plain", { words: 3 })).toMatch(/^[a-z]+(-[a-z]+){2,}$/);
		expect(await trocla.reset("alice", "plain", { profiles: "rootpw" })).toMatch(/^[a-zA-Z0-9+.,_-]{32}$/);
	});
});

describe("verify", () => {
	test("names the best of the stored formats that the password matches", async () => {
		const { trocla } = new TestStore();
		await trocla.set("alice", "mysql", "one");
		await trocla.set("alice", "sha512crypt", "two");
		expect(await trocla.verify("alice", "one")).toBe("mysql");
		expect(await trocla.verify("alice", "two")).toBe("sha512crypt");
		expect(await trocla.verify("alice", "three")).toBeUndefined();
		await trocla.set("alice", "sha512crypt", "one");
		expect(await trocla.verify("alice", "one")).toBe("sha512crypt");
	});

	test("is refused where there is nothing to verify against", async () => {
		const { trocla } = new TestStore();
		await expect(trocla.verify("alice", "one")).rejects.toMatchObject({ code: "not_found" });
		await trocla.set("alice", "mysql", "one");
		await expect(trocla.verify("alice", "one", "sha1")).rejects.toMatchObject({
			code: "not_found",
			message: '"alice" has no sha1 stored',
		});
	});

	test("knows the user's name that a hash was made with", async () => {
		const { trocla } = new TestStore();
		await trocla.set("db", "pgsql", "one", { encode: "md5", username: "joe" });
		expect(await trocla.verify("db", "one")).toBe("pgsql");
		expect(await trocla.verify("db", "two")).toBeUndefined();
	});
});

test("show never tells a value", async () => {
	const store = new TestStore({ options: { bcrypt: { cost: 4 } } });
	for (const name of derivedNames) await store.trocla.get("alice", name, { expires: 60 });
	const values = await Promise.all(derivedNames.map((name) => store.trocla.get("alice", name)));
	const shown = JSON.stringify(await store.trocla.show("alice"));
	for (const value of values) expect(shown).not.toContain(JSON.stringify(value).slice(1, -1));
	expect(Object.keys((await store.trocla.show("alice"))?.formats ?? {}).sort()).toEqual([...derivedNames].sort());
});

describe("search", () => {
	test("finds keys by a regular expression, in the order of their bytes", async () => {
		const { trocla } = new TestStore();
		for (const key of ["user_b", "user_a", "db", "user_é", "user_Z"]) await trocla.set(key, "plain", "x");
		expect(await all(trocla.search(/^user_/))).toEqual(["user_Z", "user_a", "user_b", "user_é"]);
		expect(await all(trocla.search(/B$/i))).toEqual(["db", "user_b"]);
		expect(await all(trocla.search(/^.b$/g))).toEqual(["db"]);
		expect(await all(trocla.search(/nobody/))).toEqual([]);
	});

	test("pages through more keys than one page holds", async () => {
		const { trocla } = new TestStore();
		const keys = Array.from({ length: 1700 }, (_, n) => `key${n.toString().padStart(4, "0")}`);
		await Promise.all(keys.map((key) => trocla.set(key, "plain", "x")));
		expect(await all(trocla.search(/^key/))).toEqual(keys);
	});
});

test("a damaged record is refused by its key, found by a search, told among the faults, and left as it is", async () => {
	const store = new TestStore();
	await store.trocla.set("alice", "plain", "one");
	await store.backend.swap("broken", undefined, '{"v":1,"formats":{"plain":{"value":"s3cret"}}}');
	const refused = { code: "damaged", message: expect.stringContaining('"broken"') };
	const calls = [
		store.trocla.get("broken", "plain"),
		store.trocla.set("broken", "plain", "new"),
		store.trocla.reset("broken", "plain"),
		store.trocla.delete("broken"),
		store.trocla.handOut("broken", () => {}),
		store.trocla.show("broken"),
	];
	await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(refused)));
	expect(await all(store.trocla.search(/./))).toEqual(["alice", "broken"]);
	expect(await all(store.trocla.faults())).toEqual([
		{ message: expect.stringContaining('"broken"'), hint: expect.stringContaining("backup") },
	]);
	expect(await store.text("broken")).toContain("s3cret");
});

test("a wrong value for a format is the configuration's where it stands there, and the call's where that says it", async () => {
	const file = "/etc/troclarc.yaml";
	const { trocla } = new TestStore({ file, options: { rounds: 10 }, profiles: { slow: { rounds: 11 } } });
	const rule = "option rounds of sha512crypt must be a whole number from 1000 to";
	const get = (options = {}) => trocla.get("alice", "sha512crypt", options);
	for (const [options, value] of [
		[{}, 10],
		[{ profiles: "slow" }, 11],
		[{ rounds: undefined }, 10],
	] as const) {
		await expect(get(options)).rejects.toMatchObject({
			code: "config",
			message: expect.stringMatching(new RegExp(`^${file}: ${rule} .*, not ${value}$`)),
		});
	}
	await expect(get({ rounds: 12 })).rejects.toMatchObject({
		code: "invalid",
		message: expect.stringMatching(new RegExp(`^${rule} .*, not 12$`)),
	});
	await expect(get({ sha512crypt: { rounds: 12 } })).rejects.toMatchObject({ code: "invalid" });
});
