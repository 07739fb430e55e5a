import { expect, test } from "vitest";
import { TestStore } from "../../support/store.js";

test("a rehearsal gives what is stored, makes the rest as the store would, and stores none of it", async () => {
	const store = new TestStore();
	const password = await store.trocla.get("alice", "plain");
	const hash = await store.trocla.get("bob", "md5crypt");
	const changes = store.changes.length;
	const before = [await store.text("alice"), await store.text("bob")];

	const rehearsal = store.trocla.rehearsal();
	expect(await rehearsal.get("bob", "md5crypt")).toBe(hash);
	expect(await rehearsal.get("alice", "plain")).toBe(password);
	await rehearsal.get("alice", "mysql");
	expect(await rehearsal.verify("alice", password, "mysql")).toBe("mysql");
	const carol = await Promise.all(Array.from({ length: 64 }, () => rehearsal.get("carol", "plain")));
	expect(new Set(carol).size).toBe(1);
	expect(await rehearsal.peek("carol", "plain")).toBe(carol[0]);
	expect(await rehearsal.delete("bob")).toBeDefined();
	expect(await rehearsal.peek("bob", "md5crypt")).toBeUndefined();

	expect([await store.text("alice"), await store.text("bob")]).toEqual(before);
	expect(await store.trocla.peek("carol", "plain")).toBeUndefined();
	expect(store.changes).toHaveLength(changes);
});

test("a rehearsal fails where the store would", async () => {
	const store = new TestStore();
	await store.trocla.get("alice", "md5crypt");
	await store.trocla.handOut("alice", () => {});
	await expect(store.trocla.rehearsal().get("alice", "mysql")).rejects.toMatchObject({ code: "no_plaintext" });
	expect(await store.trocla.formats("alice")).toEqual(["md5crypt"]);
});
