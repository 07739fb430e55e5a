import { expect, test } from "vitest";
import { BackendError } from "../../../backends/backend.js";
import { openMemory } from "../../../backends/memory.js";
import { TestStore } from "../../support/store.js";

/** A store whose next swap is lost before it was done, where it is told so. */
function losing() {
	const backend = openMemory();
	let losses = 0;
	const { trocla } = new TestStore(
		{},
		{
			...backend,
			async swap(key, before, after) {
				if (losses-- > 0) throw new BackendError("lost", "the connection was lost", undefined, key);
				return await backend.swap(key, before, after);
			},
		},
	);
	return { trocla, text: (key: string) => backend.read(key), lose: () => (losses = 1) };
}

test("what is made, and what is handed out, is decided again where the change was lost", async () => {
	const { trocla, lose } = losing();
	lose();
	const password = await trocla.get("alice", "plain");
	expect(await trocla.peek("alice", "plain")).toBe(password);
	lose();
	const delivered: (string | undefined)[] = [];
	await trocla.handOut("alice", ({ plain }) => void delivered.push(plain));
	expect(delivered).toEqual([password]);
	expect(await trocla.formats("alice")).toEqual([]);
});

test.each(["set", "reset", "delete"] as const)(
	"%s is not done a second time where the first may still arrive",
	async (call) => {
		const { trocla, lose, text } = losing();
		await trocla.get("alice", "plain");
		const before = await text("alice");
		const calls = {
			set: () => trocla.set("alice", "plain", "secret"),
			reset: () => trocla.reset("alice", "plain"),
			delete: () => trocla.delete("alice"),
		};
		lose();
		await expect(calls[call]()).rejects.toMatchObject({ code: "store", message: "the connection was lost" });
		expect(await text("alice")).toBe(before);
		await calls[call]();
		expect(await text("alice")).not.toBe(before);
	},
);
