import { describe, expect, test } from "vitest";
import { BackendError } from "../../backends/backend.js";
import type { Trocla } from "../../src/trocla.js";
import { changesNothing, TestStore } from "../support/store.js";

describe("what fails changes nothing", () => {
	const failing: [string, (trocla: Trocla) => Promise<unknown>][] = [
		["reset with an unknown option", (trocla) => trocla.reset("alice", "plain", { lenght: 8 })],
		["reset with an unknown profile", (trocla) => trocla.reset("alice", "plain", { profiles: "nobody" })],
		["reset with a bad length", (trocla) => trocla.reset("alice", "plain", { length: 0 })],
		[
			"reset that can't meet what it requires",
			(trocla) => trocla.reset("alice", "plain", { charset: "numeric", require: { upper: 1 } }),
		],
		["reset at random that may not be random", (trocla) => trocla.reset("alice", "plain", { random: false })],
		["reset without a needed username", (trocla) => trocla.reset("alice", "pgsql", { encode: "md5" })],
		["reset with a bad cost", (trocla) => trocla.reset("alice", "bcrypt", { cost: 99 })],
		["reset of an unknown format", (trocla) => trocla.reset("alice", "sha513crypt")],
		["set of a plaintext that is empty", (trocla) => trocla.set("alice", "plain", "")],
		["set of a password that bcrypt would cut", (trocla) => trocla.set("alice", "bcrypt", "x".repeat(73))],
		["set of a password that crypt(3) would cut", (trocla) => trocla.set("alice", "sha512crypt", "a\0b")],
		["set of more than a megabyte", (trocla) => trocla.set("alice", "plain", "x".repeat(1024 * 1024 + 1))],
		["set of half a character", (trocla) => trocla.set("alice", "plain", "\ud800")],
		["set with a bad option", (trocla) => trocla.set("alice", "sha512crypt", "x", { rounds: 1 })],
		["get with a bad option", (trocla) => trocla.get("alice", "sha256crypt", { rounds: "many" })],
		["get without a needed username", (trocla) => trocla.get("alice", "pgsql", { encode: "md5" })],
		["hand-out of what is not there", (trocla) => trocla.handOut("alice", () => {}, { format: "sha1" })],
		[
			"hand-out that is not delivered",
			(trocla) =>
				trocla.handOut("alice", () => {
					throw new Error("no paper");
				}),
		],
	];

	test.each(failing)("%s", async (_, fails) => {
		const store = new TestStore();
		await store.trocla.set("alice", "plain", "one");
		await store.trocla.get("alice", "mysql", { expires: 3600 });
		store.pass(60);
		await changesNothing(store, "alice", async () => {
			await expect(fails(store.trocla)).rejects.toMatchObject({ name: "TroclaError" });
		});
		expect(await store.another().get("alice", "plain")).toBe("one");
	});

	test("a store that can't be written", async () => {
		const full = new BackendError("full", "/srv/x: no space left on its disk", "Make room");
		const store = new TestStore();
		await store.trocla.set("alice", "plain", "one");
		store.backend.swap = () => Promise.reject(full);
		const refused = { name: "TroclaError", code: "store", message: full.message, hint: "Make room", cause: full };
		await changesNothing(store, "alice", async () => {
			await expect(store.trocla.get("alice", "mysql")).rejects.toMatchObject(refused);
			await expect(store.trocla.reset("alice", "plain")).rejects.toMatchObject(refused);
			await expect(store.trocla.set("alice", "plain", "two")).rejects.toMatchObject(refused);
			await expect(store.trocla.delete("alice")).rejects.toMatchObject(refused);
			await expect(store.trocla.handOut("alice", () => {})).rejects.toMatchObject(refused);
		});
	});

	test("a plaintext that may not be random, for a new key", async () => {
		const store = new TestStore({ options: { random: false } });
		await expect(store.trocla.get("joe's", "mysql")).rejects.toMatchObject({
			code: "no_plaintext",
			hint: "Store one with: trocla set 'joe'\\''s' plain",
		});
		expect(await store.text("joe's")).toBeUndefined();
	});
});

test("a damaged record is given up by the forced deletion of its key, and by nothing less", async () => {
	for (const text of ["not JSON", '{"v":2}']) {
		const store = new TestStore();
		const damaged = { code: "damaged", hint: expect.stringContaining("trocla delete --force alice gives the key up") };
		await store.backend.swap("alice", undefined, text);
		await expect(store.trocla.delete("alice")).rejects.toMatchObject(damaged);
		await expect(store.trocla.delete("alice", "plain", { force: true })).rejects.toMatchObject(damaged);
		expect(await store.text("alice")).toBe(text);
		expect(await store.trocla.delete("alice", undefined, { force: true })).toEqual({});
		expect(await store.text("alice")).toBeUndefined();

		await store.backend.swap("alice", undefined, text);
		const deliver = () => expect.unreachable();
		await expect(store.trocla.handOut("alice", deliver, { format: "all" })).rejects.toMatchObject(damaged);
		await store.trocla.handOut("alice", deliver, { format: "all", force: true });
		expect(store.warnings).toEqual([expect.stringContaining('the record of "alice" was damaged: it is removed')]);
		expect(await store.text("alice")).toBeUndefined();
	}
});
