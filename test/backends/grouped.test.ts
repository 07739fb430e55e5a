import { describe, expect, test } from "vitest";
import { type Backend, BackendError } from "../../backends/backend.js";
import { grouped } from "../../backends/grouped.js";
import { openMemory } from "../../backends/memory.js";
import { openSqlite } from "../../backends/sqlite.js";
import { Sandbox } from "../support/sandbox.js";
import { conforms } from "./conformance.js";

describe("on memory", () => conforms(async () => grouped(openMemory())));
describe("on SQLite", () => conforms(async () => grouped(await openSqlite(new Sandbox().store))));

/** A backend that tells what it was asked, and answers when the test says so. */
function held(): { backend: Backend; asked: string[][]; go: () => void } {
	const memory = openMemory();
	const asked: string[][] = [];
	let go = () => {};
	const turn = () =>
		new Promise<void>((resolve) => {
			go = resolve;
		});
	const backend: Backend = {
		...memory,
		async readMany(keys) {
			asked.push([...keys]);
			await turn();
			return await memory.readMany(keys);
		},
		swapMany(swaps) {
			asked.push(swaps.map(({ key }) => key));
			const held = turn();
			return swaps.map(async ({ key, before, after }) => {
				await held;
				return await memory.swap(key, before, after);
			});
		},
	};
	return { backend: grouped(backend), asked, go: () => go() };
}

test("what is asked for at once goes together, and what comes meanwhile goes next", async () => {
	const { backend, asked, go } = held();
	const first = [backend.read("a"), backend.read("b")];
	await expect.poll(() => asked).toEqual([["a", "b"]]);
	const next = [backend.read("c"), backend.read("a"), backend.read("d")];
	go();
	expect(await Promise.all(first)).toEqual([undefined, undefined]);
	await expect.poll(() => asked[1]).toEqual(["c", "a", "d"]);
	go();
	expect(await Promise.all(next)).toEqual([undefined, undefined, undefined]);
});

test("swaps go together too, and each gets its own answer", async () => {
	const { backend, asked, go } = held();
	const swaps = [backend.swap("a", undefined, "1"), backend.swap("b", "x", "1"), backend.swap("a", "1", "2")];
	await expect.poll(() => asked).toEqual([["a", "b", "a"]]);
	go();
	expect(await Promise.all(swaps)).toEqual([true, false, true]);
});

test("a record that can't be read fails alone", async () => {
	const memory = openMemory();
	await memory.swap("good", undefined, "1");
	const damaged = new BackendError("damaged", "the row of bad is damaged");
	const backend = grouped({
		...memory,
		read: async (key) => (key === "bad" ? Promise.reject(damaged) : await memory.read(key)),
		readMany: async (keys) => (keys.includes("bad") ? Promise.reject(damaged) : await memory.readMany(keys)),
	});
	const texts = await Promise.allSettled(["good", "bad", "none"].map((key) => backend.read(key)));
	expect(texts).toEqual([
		{ status: "fulfilled", value: "1" },
		{ status: "rejected", reason: damaged },
		{ status: "fulfilled", value: undefined },
	]);
});

test("a store that fails fails each call of the group, and answers later ones", async () => {
	const memory = openMemory();
	const full = new BackendError("full", "no space");
	let failing = true;
	const backend = grouped({
		...memory,
		readMany: async (keys) => (failing ? Promise.reject(full) : await memory.readMany(keys)),
		swapMany: (swaps) => (failing ? swaps.map(() => Promise.reject(full)) : memory.swapMany(swaps)),
	});
	const calls = [backend.read("a"), backend.read("b"), backend.swap("a", undefined, "1")];
	expect(await Promise.allSettled(calls)).toEqual(calls.map(() => ({ status: "rejected", reason: full })));
	failing = false;
	expect(await backend.swap("a", undefined, "1")).toBe(true);
	expect(await backend.read("a")).toBe("1");
});
