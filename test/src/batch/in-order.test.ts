import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { inOrder } from "../../../src/batch/in-order.js";

async function* upTo(count: number): AsyncGenerator<number> {
	for (let n = 0; n < count; n++) yield n;
}

test("results come in the items' order, whichever is there first, and no more are under way than may be", async () => {
	let underWay = 0;
	let most = 0;
	const work = async (n: number) => {
		most = Math.max(most, ++underWay);
		for (let turn = 0; turn < (n * 7) % 5; turn++) await new Promise(setImmediate);
		underWay--;
		return n;
	};
	const delivered: number[] = [];
	await inOrder(upTo(500), work, (results) => delivered.push(...results), 16);
	expect(delivered).toEqual(Array.from({ length: 500 }, (_, n) => n));
	expect(most).toBeGreaterThan(8);
	expect(most).toBeLessThanOrEqual(16);
});

test("nothing is delivered of nothing", async () => {
	await inOrder(
		upTo(0),
		async () => 1,
		() => expect.unreachable(),
		4,
	);
});

test("a result is delivered while the next item is still to come", async () => {
	const items = new PassThrough({ objectMode: true });
	const delivered: string[] = [];
	const done = inOrder(
		items,
		async (item: string) => item,
		(results) => delivered.push(...results),
		4,
	);
	for (const item of ["a", "b", "c"]) {
		items.write(item);
		await expect.poll(() => delivered.at(-1)).toBe(item);
	}
	items.end();
	await done;
});

test("items are not taken faster than results are delivered", async () => {
	let taken = 0;
	async function* items() {
		for (;;) yield ++taken;
	}
	let release = () => {};
	const first = new Promise<void>((resolve) => {
		release = resolve;
	});
	const stop = new Error("enough");
	const done = inOrder(
		items(),
		(n) => (n === 1 ? first : Promise.resolve()),
		() => {
			throw stop;
		},
		8,
	);
	for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
	expect(taken).toBe(8);
	release();
	await expect(done).rejects.toBe(stop);
});

test.each(["items", "work", "delivery"])(
	"what the %s throws ends it, also while it waits for an item",
	async (which) => {
		const error = new Error(which);
		async function* items() {
			yield 1;
			if (which === "items") throw error;
			await new Promise(() => {});
		}
		const work = async () => {
			if (which === "work") throw error;
		};
		const deliver = () => {
			if (which === "delivery") throw error;
		};
		await expect(inOrder(items(), work, deliver, 4)).rejects.toBe(error);
	},
);
