import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openMemory } from "../../backends/memory.js";
import { openSqlite } from "../../backends/sqlite.js";
import { openTrocla, type Trocla } from "../../src/index.js";
import { all } from "../backends/conformance.js";
import { fill, query } from "../support/rows.js";
import { Sandbox } from "../support/sandbox.js";
import { SealedSite } from "../support/sealed-site.js";
import { TestStore } from "../support/store.js";

const named = (message: string) => ({ error: { code: "damaged", message: expect.stringContaining(message) } });
const plains = (...keys: string[]) => keys.map((key) => ({ key, format: "plain" }));

describe.each([
	["memory", async () => openMemory()],
	["sqlite", () => openSqlite(new Sandbox().store)],
])("many values at once, over %s", (_, open) => {
	test("come with their times, in the order in which they are asked for, and nothing is made", async () => {
		const store = new TestStore({}, await open());
		const first = store.now;
		await store.trocla.set("alice", "plain", "one");
		store.pass(60);
		const hash = await store.trocla.get("alice", "mysql");
		const second = store.now;
		await store.trocla.set("bob", "plain", "two");
		const before = [await store.text("alice"), await store.text("bob")];
		const asked = [
			{ key: "bob", format: "plain" },
			{ key: "alice", format: "mysql" },
			{ key: "nobody", format: "plain" },
			{ key: "alice", format: "plain" },
			{ key: "bob", format: "mysql" },
			{ key: "alice", format: "mysql" },
		];
		expect(await store.trocla.peekMany(asked)).toEqual([
			{ value: "two", at: second },
			{ value: hash, at: second },
			undefined,
			{ value: "one", at: first },
			undefined,
			{ value: hash, at: second },
		]);
		expect([await store.text("alice"), await store.text("bob")]).toEqual(before);
		expect(await all(store.backend.keys())).toEqual(["alice", "bob"]);
	});

	test("of an expired key nothing is told", async () => {
		const store = new TestStore({}, await open());
		await store.trocla.get("alice", "plain", { expires: 60 });
		const bob = await store.trocla.get("bob", "plain");
		store.pass(61);
		expect(await store.trocla.peekMany(plains("alice", "bob"))).toEqual([
			undefined,
			{ value: bob, at: expect.anything() },
		]);
	});

	test("none are the answer to none", async () => {
		const { trocla } = new TestStore({}, await open());
		expect(await trocla.peekMany([])).toEqual([]);
	});
});

test("a key is read once, however many formats of it are asked for, and some hundred keys go together", async () => {
	const store = new TestStore();
	const { backend } = store;
	const sizes: number[] = [];
	const readMany = backend.readMany;
	backend.readMany = (keys) => {
		sizes.push(keys.length);
		return readMany(keys);
	};
	backend.read = () => expect.unreachable();
	const asked = ["plain", "mysql", "sha512crypt"].flatMap((format) =>
		Array.from({ length: 3000 }, (_, n) => ({ key: `key${n}`, format })),
	);
	await store.trocla.peekMany(asked);
	expect(sizes.reduce((sum, size) => sum + size)).toBe(3000);
	expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
	expect(Math.min(...sizes)).toBeGreaterThanOrEqual(100);
});

test("a plaintext that is being handed out is refused in its place, and the hash of it told", async () => {
	const { trocla } = new TestStore();
	const hash = await trocla.get("alice", "mysql");
	const asked = [...plains("alice", "bob"), { key: "alice", format: "mysql" }];
	await trocla.set("bob", "plain", "bob's");
	await trocla.handOut("alice", async () => {
		const found = await trocla.peekMany(asked);
		expect(found).toMatchObject([{ error: { code: "claimed" } }, { value: "bob's" }, { value: hash }]);
		expect(found[0]).not.toHaveProperty("value");
	});
	expect(await trocla.peekMany(asked)).toMatchObject([undefined, { value: "bob's" }, { value: hash }]);
});

describe("what can't be read", () => {
	/** A store of 1,200 keys, and what it gives for each of them and one that it has not. */
	async function filled() {
		const { store } = new Sandbox();
		const config = { store_options: { path: store } };
		await (await openTrocla({ config })).close();
		await fill(store, 1200);
		const asked = plains(...Array.from({ length: 1201 }, (_, n) => `key${n}`));
		const peek = async () => {
			await using trocla = await openTrocla({ config });
			return await trocla.peekMany(asked);
		};
		return { store, peek };
	}

	test("is told of its key alone, be it the row or the record in it", async () => {
		const { store, peek } = await filled();
		await query(store, "UPDATE keyv SET value = 'not JSON' WHERE key = 'trocla:key700'");
		await query(store, `UPDATE keyv SET value = json_object('value', '{"v":1}') WHERE key = 'trocla:key800'`);
		const found = await peek();
		expect(found[700]).toMatchObject(named('the row of "key700"'));
		expect(found[800]).toMatchObject(named('the record of "key800"'));
		for (const [n, one] of found.entries()) {
			if (n === 0) expect(one).toBeUndefined();
			else if (n !== 700 && n !== 800) expect(one).toMatchObject({ value: `password-${n}` });
		}
	});

	test("is an error of the call where the whole file is damaged", async () => {
		const { store, peek } = await filled();
		await query(store, "PRAGMA wal_checkpoint(TRUNCATE)");
		const page = 4096;
		const file = openSync(store, "r+");
		writeSync(file, Buffer.alloc(statSync(store).size - 2 * page, 0x5a), 0, undefined, 2 * page);
		closeSync(file);
		await expect(peek()).rejects.toMatchObject({
			code: "damaged",
			message: expect.stringContaining("disk image is malformed"),
		});
	});

	test("is an error of the call where the configuration is not that of the store", async () => {
		const site = await SealedSite.make();
		await using trocla = await openTrocla({ config: { store_options: { path: site.store } } });
		await expect(trocla.peekMany(plains("nobody", "alice"))).rejects.toMatchObject({
			code: "config",
			message: expect.stringContaining('"alice" is sealed'),
		});
	});

	test("is told of the keys whose sealed records were altered or swapped, and of no other", async () => {
		const site = await SealedSite.make();
		for (const key of ["bob", "carol", "dave"]) await site.run(["set", key, "plain"], key);
		await query(
			site.store,
			`UPDATE keyv SET value = (SELECT value FROM keyv WHERE key = 'trocla:bob') WHERE key = 'trocla:carol'`,
		);
		await query(
			site.store,
			`UPDATE keyv SET value = '{"value":"trocla-sealed:1:aes-256-gcm:gone:AAAA"}' WHERE key = 'trocla:dave'`,
		);
		await using trocla = await openTrocla({ config: site.path("troclarc.yaml") });
		expect(await trocla.peekMany(plains("alice", "bob", "carol", "dave"))).toMatchObject([
			{ value: "the password of alice" },
			{ value: "bob" },
			named('"carol" was altered, or belongs to another key'),
			named('"dave" is sealed with the key gone'),
		]);
	});

	test("is an error of the call where the store was closed", async () => {
		const trocla = await openTrocla({ config: { store_options: { path: new Sandbox().store } } });
		await trocla.close();
		await expect(trocla.peekMany(plains("alice"))).rejects.toMatchObject({ code: "store" });
	});
});

test("what is no list of keys and formats is refused", async () => {
	const { trocla } = new TestStore();
	// As a caller without types would call it.
	const untyped: { peekMany(asked: unknown): ReturnType<Trocla["peekMany"]> } = trocla as never;
	for (const asked of [undefined, "alice", { key: "alice", format: "plain" }, [null], ["alice"], [["alice"]]]) {
		await expect(untyped.peekMany(asked)).rejects.toMatchObject({
			code: "invalid",
			hint: expect.stringContaining("peekMany([{ key:"),
		});
	}
	await expect(untyped.peekMany([{ key: "alice" }])).rejects.toMatchObject({ code: "invalid" });
	await expect(untyped.peekMany([{ format: "plain" }])).rejects.toMatchObject({ code: "invalid" });
});
