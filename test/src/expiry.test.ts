import { expect, test } from "vitest";
import { all } from "../backends/conformance.js";
import { TestStore } from "../support/store.js";

const DAY = 86_400;

/** When the key ends, in seconds from now. */
async function left(store: TestStore, key: string): Promise<number | undefined> {
	const { expires } = (await store.trocla.show(key)) ?? {};
	return expires && (Date.parse(expires.at) - Date.parse(store.now)) / 1000;
}

test("a key is there until its expiry ends, and absent from then on", async () => {
	const store = new TestStore();
	const { trocla } = store;
	const plain = await trocla.get("alice", "plain", { expires: DAY });
	store.pass(DAY - 1);
	expect(await trocla.get("alice", "plain")).toBe(plain);
	store.pass(1);
	expect(await trocla.peek("alice", "plain")).toBeUndefined();
	expect(await trocla.show("alice")).toBeUndefined();
	expect(await trocla.formats("alice")).toEqual([]);
	expect(await all(trocla.search(/./))).toEqual([]);
	expect(await trocla.delete("alice")).toBeUndefined();
	await expect(trocla.verify("alice", plain)).rejects.toMatchObject({ code: "not_found" });
	await expect(trocla.handOut("alice", () => {})).rejects.toMatchObject({ code: "not_found" });
});

test("an expired key is replaced by the next write, with nothing of it left", async () => {
	const store = new TestStore();
	const before = await store.trocla.get("alice", "plain", { expires: DAY, length: 20 });
	await store.trocla.get("alice", "sha1");
	store.pass(DAY);
	const after = await store.trocla.get("alice", "mysql");
	expect(await store.trocla.get("alice", "plain")).toHaveLength(16);
	expect(await store.trocla.verify("alice", before)).toBeUndefined();
	expect(await store.trocla.formats("alice")).toEqual(["plain", "mysql"]);
	expect(await store.trocla.get("alice", "mysql")).toBe(after);
	expect(await left(store, "alice")).toBeUndefined();
});

test("a later write keeps the period and starts it anew; a read does not", async () => {
	const store = new TestStore();
	await store.trocla.get("alice", "plain", { expires: DAY });
	for (const write of [
		() => store.trocla.get("alice", "mysql"),
		() => store.trocla.set("alice", "sha1", "x"),
		() => store.trocla.reset("alice", "mysql"),
		() => store.trocla.reset("alice", "plain"),
	]) {
		store.pass(DAY / 2);
		await store.trocla.get("alice", "plain");
		expect(await left(store, "alice")).toBe(DAY / 2);
		await write();
		expect(await left(store, "alice")).toBe(DAY);
	}
});

test.each([0, false])("%s removes the expiry", async (expires) => {
	const store = new TestStore({ options: { expires: DAY } });
	await store.trocla.get("alice", "plain");
	expect(await left(store, "alice")).toBe(DAY);
	await store.trocla.get("alice", "mysql", { expires });
	expect(await left(store, "alice")).toBeUndefined();
	await store.trocla.reset("alice", "mysql");
	expect(await left(store, "alice")).toBeUndefined();
});

test("a call's expiry takes the place of the stored one", async () => {
	const store = new TestStore();
	await store.trocla.get("alice", "plain", { expires: DAY });
	await store.trocla.get("alice", "mysql", { expires: 60 });
	expect(await left(store, "alice")).toBe(60);
});

test("the configuration's expiry is for new keys only", async () => {
	const store = new TestStore();
	await store.trocla.get("old", "plain");
	const configured = store.another({ options: { expires: DAY } });
	await configured.get("old", "mysql");
	expect(await left(store, "old")).toBeUndefined();
	await configured.get("new", "mysql");
	expect(await left(store, "new")).toBe(DAY);
	await configured.set("set", "mysql", "x");
	expect(await left(store, "set")).toBe(DAY);
});

test("another expiry than the stored one is warned of, since a stored value stays as it is", async () => {
	const store = new TestStore();
	await store.trocla.get("alice", "plain", { expires: DAY });
	await store.trocla.get("alice", "plain", { expires: DAY });
	expect(store.warnings).toEqual([]);
	await store.trocla.get("alice", "plain", { expires: 60 });
	await store.trocla.get("alice", "plain", { expires: false });
	expect(store.warnings).toEqual([
		expect.stringContaining("expires 86400, not 60"),
		expect.stringContaining("expires 86400, not never"),
	]);
	expect(await left(store, "alice")).toBe(DAY);
});

test("a century is the longest expiry, and works", async () => {
	const store = new TestStore();
	await store.trocla.get("alice", "plain", { expires: 3_155_760_000 });
	expect(await left(store, "alice")).toBe(3_155_760_000);
	await expect(store.trocla.get("bob", "plain", { expires: 3_155_760_001 })).rejects.toMatchObject({ code: "invalid" });
});

test("prune deletes what has expired, and nothing else", async () => {
	const store = new TestStore();
	for (const key of ["a", "b", "c"]) await store.trocla.get(key, "plain", { expires: 60 });
	await store.trocla.get("never", "plain");
	await store.trocla.get("later", "plain", { expires: DAY });
	await store.backend.swap("damaged", undefined, '{"v":1');
	store.pass(60);
	await store.trocla.get("b", "plain");
	expect(await all(store.trocla.prune({ dryRun: true }))).toEqual(["a", "c"]);
	expect(await store.text("a")).toBeDefined();
	const seen: number[] = [];
	expect(await all(store.trocla.prune({ seen: (keys) => seen.push(keys) }))).toEqual(["a", "c"]);
	expect(seen.at(-1)).toBe(6);
	expect(await all(store.backend.keys())).toEqual(["b", "damaged", "later", "never"]);
	expect(await all(store.trocla.prune())).toEqual([]);
});

test("prune leaves a key that somebody makes anew meanwhile", async () => {
	const store = new TestStore();
	await store.trocla.get("alice", "plain", { expires: 60 });
	store.pass(60);
	const { swap } = store.backend;
	let fresh: string | undefined;
	store.backend.swap = async (...change) => {
		store.backend.swap = swap;
		fresh = await store.trocla.get("alice", "plain");
		return await swap(...change);
	};
	expect(await all(store.trocla.prune())).toEqual([]);
	expect(await store.trocla.peek("alice", "plain")).toBe(fresh);
});
