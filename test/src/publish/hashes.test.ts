import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BackendError } from "../../../backends/backend.js";
import type { StoredPassword } from "../../../src/accounts/password.js";
import { loadConfig } from "../../../src/config/config.js";
import { openConfigured } from "../../../src/open.js";
import { makeHashes, readHashes } from "../../../src/publish/hashes.js";
import { printRecord } from "../../../src/records/record.js";
import type { Trocla } from "../../../src/trocla.js";
import { query } from "../../support/rows.js";
import { Sandbox } from "../../support/sandbox.js";
import { TestStore } from "../../support/store.js";

const sha512 = (key: string): StoredPassword => ({ key, format: "sha512crypt" });
const users = (count: number) => Array.from({ length: count }, (_, n) => sha512(`user${n}`));
const SHA512CRYPT = /^\$6\$[./A-Za-z0-9]{16}\$[./A-Za-z0-9]{86}$/;

/** Opens a site's store as publish does, for hundreds of calls at once. */
async function open(site: Sandbox): Promise<Trocla> {
	const config = await loadConfig(site.path("troclarc.yaml"));
	return await openConfigured(config, { warn: () => {}, create: true, inGroups: true, atOnce: 4 });
}

const rows = (site: Sandbox) => query(site.store, "SELECT key, value FROM keyv ORDER BY key");

describe("the hashes that are missing", () => {
	test("are made, and a second run makes nothing and has the same digest", async () => {
		const site = new Sandbox();
		const passwords = users(300);
		await using first = await open(site);
		const before = await readHashes(first, passwords);
		expect(before.missing).toHaveLength(300);
		expect(await query(site.store, "SELECT key FROM keyv")).toEqual([]);
		const heard: number[][] = [];
		const made = await makeHashes(first, before.missing, { seen: (...seen) => heard.push(seen) });
		expect(heard).toEqual(Array.from({ length: 300 }, (_, n) => [n + 1, 300]));
		expect([made.missing, made.faults]).toEqual([[], []]);
		for (const password of passwords) {
			expect(made.of(password)).toEqual({ hash: expect.stringMatching(SHA512CRYPT), changed: expect.any(Date) });
		}
		const stored = await rows(site);

		await using second = await open(site);
		const again = await readHashes(second, passwords);
		expect(again.missing).toEqual([]);
		expect(again.with(await makeHashes(second, again.missing)).digest(passwords)).toBe(made.digest(passwords));
		expect(await makeHashes(second, passwords).then((hashes) => hashes.digest(passwords))).toBe(made.digest(passwords));
		expect(await rows(site)).toEqual(stored);
	});

	test("are the same to 64 who make them at once, over two openings of the store", async () => {
		const site = new Sandbox();
		await using one = await open(site);
		await using other = await open(site);
		const passwords: StoredPassword[] = [...users(3), { key: "user0", format: "md5crypt" }];
		const makers = await Promise.all(Array.from({ length: 64 }, (_, n) => makeHashes(n % 2 ? one : other, passwords)));
		expect(new Set(makers.map((hashes) => hashes.digest(passwords))).size).toBe(1);
		expect(makers[0]?.of(sha512("user0"))).toMatchObject({ hash: await one.peek("user0", "sha512crypt") });
		expect(await one.verify("user0", await one.get("user0", "plain"), "md5crypt")).toBe("md5crypt");
	});

	test("are asked for once, however often they are named", async () => {
		const { trocla } = new TestStore();
		const asked: string[] = [];
		const get: Trocla["get"] = async (key, format) => {
			asked.push(`${key} ${format}`);
			return await trocla.get(key, format);
		};
		const twice = [...users(5), ...users(5), { key: "user1", format: "md5crypt" } as const];
		let total = 0;
		await makeHashes({ get, peekMany: (many) => trocla.peekMany(many) }, twice, { seen: (_, of) => (total = of) });
		expect(total).toBe(6);
		expect(asked.sort()).toEqual([...users(5).map(({ key }) => `${key} sha512crypt`), "user1 md5crypt"].sort());
		expect((await readHashes(trocla, [...users(7), ...users(7)])).missing).toEqual([sha512("user5"), sha512("user6")]);
	});

	test("and can't be made are told with the reason, and the others are made", async () => {
		const site = new Sandbox();
		await using trocla = await open(site);
		await trocla.get("gone", "mysql");
		await trocla.handOut("gone", () => {});
		await trocla.set("long", "plain", "x".repeat(73));
		const gone = sha512("gone");
		const long: StoredPassword = { key: "long", format: "bcrypt" };
		const passwords = [long, ...users(40), gone];
		const { missing } = await readHashes(trocla, passwords);
		expect(missing).toHaveLength(42);
		const heard: number[] = [];
		const made = await makeHashes(trocla, missing, { seen: (done) => heard.push(done) });
		expect(heard.at(-1)).toBe(42);
		expect(made.faults).toMatchObject([
			{ password: gone, error: { code: "no_plaintext", message: expect.stringContaining('"gone" was handed out on') } },
			{ password: long, error: { code: "unhashable", message: expect.stringContaining("bcrypt of") } },
		]);
		expect(made.faultOf({ ...gone })).toMatchObject({ code: "no_plaintext" });
		expect([made.of(gone), made.of(long), made.faultOf(sha512("user1"))]).toEqual([undefined, undefined, undefined]);
		expect(made.missing).toEqual([]);
		for (const user of users(40)) expect(made.of(user)).toBeDefined();
	});

	test("are not made any more after the store failed", async () => {
		const store = new TestStore();
		const full = new BackendError("full", "/srv/x: no space left on its disk", "Make room");
		let left = 20;
		const { swap } = store.backend;
		store.backend.swap = (...change) => (left-- > 0 ? swap(...change) : Promise.reject(full));
		await expect(makeHashes(store.trocla, users(1000))).rejects.toMatchObject({ code: "store", cause: full });
		expect(left).toBeGreaterThan(-500);
		expect((await readHashes(store.trocla, users(1000))).missing).toHaveLength(980);
	});

	test("are not made any more after it was aborted; those that were made stay", async () => {
		const site = new Sandbox();
		await using trocla = await open(site);
		const abort = new AbortController();
		const reason = new Error("that is enough");
		const seen = (done: number) => {
			if (done === 10) abort.abort(reason);
		};
		await expect(makeHashes(trocla, users(2000), { seen, signal: abort.signal })).rejects.toBe(reason);
		const stored = await rows(site);
		expect(stored.length).toBeGreaterThanOrEqual(10);
		expect(stored.length).toBeLessThan(500);
		await expect(makeHashes(trocla, users(2000), { signal: abort.signal })).rejects.toBe(reason);
		await expect(makeHashes(trocla, [], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
		// Nothing goes on behind it.
		expect(await rows(site)).toEqual(stored);
	});
});

describe("hashes that are read", () => {
	test("have the time of the hash, which handing the plaintext out does not change", async () => {
		const store = new TestStore();
		await store.trocla.set("alice", "plain", "one");
		store.pass(86_400);
		const changed = new Date(store.now);
		const hash = await store.trocla.get("alice", "sha512crypt");
		store.pass(86_400);
		const before = await readHashes(store.trocla, [sha512("alice")]);
		await store.trocla.handOut("alice", () => {});
		const after = await readHashes(store.trocla, [sha512("alice")]);
		expect([before.of(sha512("alice")), after.of(sha512("alice"))]).toEqual([
			{ hash, changed },
			{ hash, changed },
		]);
		expect(after.digest([sha512("alice")])).toBe(before.digest([sha512("alice")]));
	});

	test("of one damaged row among many lack that one alone, and it is not made anew", async () => {
		const site = new Sandbox();
		await using trocla = await open(site);
		const passwords = users(100);
		await makeHashes(trocla, passwords);
		await query(site.store, "UPDATE keyv SET value = 'no row' WHERE key = 'trocla:user42'");
		const hashes = await readHashes(trocla, passwords);
		const damaged = { code: "damaged", message: expect.stringContaining('"user42"') };
		expect(hashes.faults).toMatchObject([{ password: sha512("user42"), error: damaged }]);
		expect(hashes.missing).toEqual([]);
		expect(passwords.filter((password) => !hashes.of(password))).toEqual([sha512("user42")]);
		const made = await makeHashes(trocla, [sha512("user42"), sha512("new")]);
		expect(made.faults).toMatchObject([{ password: sha512("user42"), error: damaged }]);
		expect(made.of(sha512("new"))).toBeDefined();
	});

	test("and are missing come in the order of their keys' bytes, then of the formats", async () => {
		const { trocla } = new TestStore();
		const key = fc.oneof(fc.constantFrom("a", "\ufb00", "\u{1f600}", "é", "z"), fc.stringMatching(/^[a-c]{1,3}$/));
		const password = fc.record({ key, format: fc.constantFrom("sha512crypt", "bcrypt", "yescrypt") });
		await fc.assert(
			fc.asyncProperty(fc.array(password), async (passwords) => {
				const { missing } = await readHashes(trocla, passwords);
				const ranks = missing.map(({ key, format }) => Buffer.from(`${key}\0${format}`));
				expect(ranks).toEqual([...ranks].sort(Buffer.compare));
				expect(new Set(ranks.map(String))).toEqual(new Set(passwords.map(({ key, format }) => `${key}\0${format}`)));
			}),
		);
	});

	test("and others go together, and of what is in both, the others' count", async () => {
		const { trocla } = new TestStore();
		await trocla.get("user0", "sha512crypt");
		const before = await readHashes(trocla, users(3));
		const all = before.with(await makeHashes(trocla, [sha512("user1")]));
		expect(all.missing).toEqual([sha512("user2")]);
		expect(all.digest(users(3))).toBe((await readHashes(trocla, users(3))).digest(users(3)));
	});
});

describe("the digest of a list of passwords", () => {
	test("is another one when a hash is made, made anew, or stored on another day", async () => {
		const store = new TestStore();
		const passwords = users(3);
		const digest = async (list = passwords) => (await readHashes(store.trocla, passwords)).digest(list);
		const digests = [await digest()];
		for (const { key, format } of passwords) {
			await store.trocla.get(key, format);
			digests.push(await digest());
		}
		const hash = await store.trocla.reset("user1", "sha512crypt");
		digests.push(await digest());
		expect(await digest()).toBe(digests.at(-1));
		const storeAgain = async () => {
			await store.trocla.delete("user1", "sha512crypt");
			await store.trocla.set("user1", "sha512crypt", hash, {}, { raw: true });
		};
		store.pass(60);
		await storeAgain();
		// shadow(5) counts in days.
		expect(await digest()).toBe(digests.at(-1));
		store.pass(86_400);
		await storeAgain();
		digests.push(await digest(), await digest(passwords.slice(1)), await digest([...passwords].reverse()));
		expect(new Set(digests).size).toBe(digests.length);
		expect(digests.every((each) => /^[0-9a-f]{64}$/.test(each))).toBe(true);
	});

	test("is that of no other list, whatever stands in the keys and hashes", async () => {
		const text = fc.string({ unit: fc.constantFrom('"', ",", "]", "\\", "\n", "a", " ", "\ud800", "\udc00") });
		const key = fc.constantFrom("a", '"', ",", "a,a", '","', " ", "\\");
		const list = fc.uniqueArray(fc.record({ key, hash: fc.option(text, { nil: undefined }) }), {
			selector: (one) => one.key,
			maxLength: 3,
		});
		const digestOf = async (entries: readonly { key: string; hash: string | undefined }[]) => {
			const store = new TestStore();
			for (const { key, hash } of entries) {
				if (hash === undefined) continue;
				const formats = { sha512crypt: { value: hash, at: store.now } };
				await store.backend.swap(key, undefined, printRecord({ formats }));
			}
			const passwords = entries.map(({ key }) => sha512(key));
			return (await readHashes(store.trocla, passwords)).digest(passwords);
		};
		await fc.assert(
			fc.asyncProperty(list, list, async (one, other) => {
				expect((await digestOf(one)) === (await digestOf(other))).toBe(JSON.stringify(one) === JSON.stringify(other));
			}),
			{ numRuns: 300 },
		);
	});
});
