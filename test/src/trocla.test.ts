import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openMemory } from "../../backends/memory.js";
import { openSqlite } from "../../backends/sqlite.js";
import type { Trocla } from "../../src/trocla.js";
import { derivedNames } from "../support/formats.js";
import { Sandbox } from "../support/sandbox.js";
import { changesNothing, TestStore } from "../support/store.js";

/** MariaDB's definition of PASSWORD(). */
function mysqlHash(password: string): string {
	const sha1 = (bytes: string | Buffer) => createHash("sha1").update(bytes).digest();
	return `*${sha1(sha1(password)).toString("hex").toUpperCase()}`;
}

describe.each([
	["memory", async () => openMemory()],
	["sqlite", () => openSqlite(new Sandbox().store)],
])("the three steps, over %s", (_, open) => {
	test("a stored value is returned", async () => {
		const { trocla } = new TestStore({}, await open());
		await trocla.set("alice", "mysql", "*00", {}, { raw: true });
		expect(await trocla.get("alice", "mysql")).toBe("*00");
	});

	test("a format is derived from the stored plaintext, and stored", async () => {
		const { trocla } = new TestStore({}, await open());
		await trocla.set("alice", "plain", "pässword");
		expect(await trocla.get("alice", "mysql")).toBe(mysqlHash("pässword"));
		expect(await trocla.peek("alice", "mysql")).toBe(mysqlHash("pässword"));
		const salted = await trocla.get("alice", "ssha");
		expect(await trocla.get("alice", "ssha")).toBe(salted);
		expect(await trocla.get("alice", "plain")).toBe("pässword");
	});

	test("without a plaintext a random one is generated and stored", async () => {
		const store = new TestStore({}, await open());
		const hash = await store.trocla.get("alice", "mysql");
		const plain = await store.another().get("alice", "plain");
		expect(plain).toMatch(/^[a-zA-Z0-9+%/@=?_.,:*()&![\]{}-]{16}$/);
		expect(hash).toBe(mysqlHash(plain));
	});

	test("64 calls at once for one new key get one value, which is the stored one", async () => {
		const store = new TestStore({}, await open());
		for (const format of ["plain", "ssha"]) {
			const values = await Promise.all(
				Array.from({ length: 64 }, (_, n) => (n % 2 ? store.trocla : store.another()).get("new", format)),
			);
			expect(new Set(values).size).toBe(1);
			expect(await store.trocla.peek("new", format)).toBe(values[0]);
		}
	});

	test("calls at once for several formats of one new key agree on its plaintext", async () => {
		const { trocla } = new TestStore({}, await open());
		const [plain = "", mysql, sha1] = await Promise.all(
			["plain", "mysql", "sha1"].map((name) => trocla.get("new", name)),
		);
		expect(mysql).toBe(mysqlHash(plain));
		expect(sha1).toBe(`{SHA}${createHash("sha1").update(plain).digest("base64")}`);
		expect((await trocla.formats("new")).sort()).toEqual(["mysql", "plain", "sha1"]);
	});

	test("peek makes nothing", async () => {
		const store = new TestStore({}, await open());
		expect(await store.trocla.peek("alice", "plain")).toBeUndefined();
		await store.trocla.set("alice", "plain", "x");
		await changesNothing(store, "alice", async () => {
			expect(await store.trocla.peek("alice", "mysql")).toBeUndefined();
		});
	});
});

test("every format is made of one plaintext, and the plaintext verifies against each", async () => {
	const { trocla } = new TestStore({ options: { bcrypt: { cost: 4 } } });
	for (const name of derivedNames) await trocla.get("alice", name);
	const plain = await trocla.get("alice", "plain");
	for (const name of derivedNames) {
		expect(await trocla.verify("alice", plain, name)).toBe(name);
		expect(await trocla.verify("alice", `${plain}x`, name)).toBeUndefined();
	}
});

describe("set", () => {
	test("of plain drops the other formats and the expiry", async () => {
		const { trocla } = new TestStore();
		await trocla.get("alice", "mysql", { expires: 60 });
		await trocla.set("alice", "plain", "new");
		expect(await trocla.show("alice")).toEqual({ key: "alice", formats: { plain: { at: expect.any(String) } } });
	});

	test("of plain keeps an expiry that is given", async () => {
		const { trocla } = new TestStore();
		await trocla.set("alice", "plain", "new", { expires: 60 });
		expect(await trocla.show("alice")).toMatchObject({ expires: { seconds: 60 } });
	});

	test("of another format keeps the rest, and warns where it is of another password", async () => {
		const { trocla, warnings } = new TestStore();
		await trocla.set("alice", "plain", "one");
		const sha1 = await trocla.get("alice", "sha1");
		expect(await trocla.set("alice", "mysql", "one")).toBe(mysqlHash("one"));
		expect(warnings).toEqual([]);
		expect(await trocla.set("alice", "mysql", "two")).toBe(mysqlHash("two"));
		expect(warnings).toEqual(['the mysql of "alice" now is of another password than its stored plaintext']);
		expect([await trocla.peek("alice", "plain"), await trocla.peek("alice", "sha1")]).toEqual(["one", sha1]);
	});

	test("of the same password changes nothing", async () => {
		const store = new TestStore();
		await store.trocla.set("alice", "plain", "one");
		await store.trocla.get("alice", "mysql");
		const salted = await store.trocla.set("alice", "ssha", "one");
		store.pass(60);
		await changesNothing(store, "alice", async () => {
			expect(await store.trocla.set("alice", "plain", "one")).toBe("one");
			expect(await store.trocla.set("alice", "mysql", "one")).toBe(mysqlHash("one"));
			expect(await store.trocla.set("alice", "ssha", "one")).toBe(salted);
		});
	});

	test("of the plaintext that is stored keeps the hashes that are of it, and drops the others", async () => {
		const { trocla } = new TestStore();
		await trocla.set("alice", "plain", "one");
		const kept = await trocla.get("alice", "ssha");
		await trocla.set("alice", "mysql", "two");
		await trocla.set("alice", "sha512crypt", "no hash", {}, { raw: true });
		await trocla.set("alice", "plain", "one");
		expect(await trocla.formats("alice")).toEqual(["plain", "ssha"]);
		expect(await trocla.peek("alice", "ssha")).toBe(kept);
		expect(await trocla.get("alice", "mysql")).toBe(mysqlHash("one"));
	});

	test("of the same password with other options makes it anew", async () => {
		const { trocla } = new TestStore();
		const before = await trocla.set("alice", "sha512crypt", "one", { rounds: 1000 });
		const after = await trocla.set("alice", "sha512crypt", "one", { rounds: 2000 });
		expect([before, after]).toEqual([expect.stringContaining("rounds=1000$"), expect.stringContaining("rounds=2000$")]);
		expect(await trocla.peek("alice", "sha512crypt")).toBe(after);
	});

	test("of a raw value stores it as it is", async () => {
		const { trocla } = new TestStore();
		expect(await trocla.set("alice", "sha512crypt", "$6$old$hash", {}, { raw: true })).toBe("$6$old$hash");
		expect(await trocla.get("alice", "sha512crypt")).toBe("$6$old$hash");
	});
});

describe("delete", () => {
	test("removes a format and returns it, and keeps the others", async () => {
		const { trocla } = new TestStore();
		await trocla.set("alice", "plain", "one");
		await trocla.get("alice", "mysql");
		expect(await trocla.delete("alice", "mysql")).toEqual({ mysql: mysqlHash("one") });
		expect(await trocla.formats("alice")).toEqual(["plain"]);
		expect(await trocla.delete("alice", "mysql")).toBeUndefined();
	});

	test("of the last format removes the key", async () => {
		const store = new TestStore();
		await store.trocla.set("alice", "mysql", "one");
		await store.trocla.delete("alice", "mysql");
		expect(await store.text("alice")).toBeUndefined();
		expect(await store.trocla.show("alice")).toBeUndefined();
	});

	test("without a format removes all and returns it", async () => {
		const store = new TestStore();
		await store.trocla.set("alice", "plain", "one");
		await store.trocla.get("alice", "mysql");
		expect(await store.trocla.delete("alice")).toEqual({ plain: "one", mysql: mysqlHash("one") });
		expect(await store.text("alice")).toBeUndefined();
		expect(await store.trocla.delete("alice")).toBeUndefined();
	});
});

describe("a plaintext that is gone", () => {
	async function handedOut(settings = {}): Promise<TestStore> {
		const store = new TestStore(settings);
		await store.trocla.set("alice", "plain", "one");
		await store.trocla.get("alice", "mysql");
		await store.trocla.handOut("alice", () => {});
		store.pass(86_400);
		return store;
	}

	const calls: [string, (trocla: Trocla) => Promise<unknown>][] = [
		["get of plain", (trocla) => trocla.get("alice", "plain")],
		["get of a format that would need it", (trocla) => trocla.get("alice", "sha1")],
		["reset of a format", (trocla) => trocla.reset("alice", "mysql")],
	];

	test.each(calls)("is not made anew by a %s: it says when it was handed out, and what to do", async (_, call) => {
		const store = await handedOut();
		await changesNothing(store, "alice", async () => {
			await expect(call(store.trocla)).rejects.toMatchObject({
				code: "no_plaintext",
				message: 'the plaintext of "alice" was handed out on 2026-03-01',
				hint: "trocla reset alice plain makes a new password, which changes its mysql",
			});
		});
	});

	test.each(calls)("since it never was there is not made by a %s either", async (_, call) => {
		const store = new TestStore();
		await store.trocla.set("alice", "mysql", "one");
		await changesNothing(store, "alice", async () => {
			await expect(call(store.trocla)).rejects.toMatchObject({
				code: "no_plaintext",
				message: expect.stringContaining("no plaintext was ever stored"),
			});
		});
	});

	test("leaves the stored hashes as they are", async () => {
		const { trocla } = await handedOut();
		expect(await trocla.get("alice", "mysql")).toBe(mysqlHash("one"));
		expect(await trocla.verify("alice", "one")).toBe("mysql");
		expect(await trocla.show("alice")).toMatchObject({ handedOut: "2026-03-01T12:00:00.000Z" });
	});

	test("is made anew by its reset, which changes the hashes", async () => {
		const { trocla } = await handedOut();
		const plain = await trocla.reset("alice", "plain");
		expect(await trocla.formats("alice")).toEqual(["plain"]);
		expect(await trocla.get("alice", "mysql")).toBe(mysqlHash(plain));
		expect(await trocla.show("alice")).not.toHaveProperty("handedOut");
	});

	test.each(calls)("is made anew by a %s with on_handed_out: regenerate, which drops the hashes", async (_, call) => {
		const { trocla } = await handedOut({ onHandedOut: "regenerate" });
		await call(trocla);
		const plain = await trocla.get("alice", "plain");
		expect(plain).not.toBe("one");
		expect(await trocla.get("alice", "mysql")).toBe(mysqlHash(plain));
	});
});
