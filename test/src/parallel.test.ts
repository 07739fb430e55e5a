import { expect, test } from "vitest";
import { inParallel } from "../../src/parallel.js";

async function* count(to: number, given: { last: number }): AsyncGenerator<number, void, undefined> {
	for (let number = 1; number <= to; number++) {
		given.last = number;
		yield number;
	}
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("every item is worked on once, never more of them at a time than allowed", async () => {
	const done: number[] = [];
	let atOnce = 0;
	let most = 0;
	await inParallel(count(100, { last: 0 }), 7, async (number) => {
		most = Math.max(most, ++atOnce);
		await turn();
		atOnce--;
		done.push(number);
	});
	expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
	expect(most).toBe(7);
});

test("after an error nothing more begins, and it is thrown when what had begun has ended", async () => {
	const given = { last: 0 };
	const ended: number[] = [];
	const begun: number[] = [];
	const work = inParallel(count(100, given), 5, async (number) => {
		begun.push(number);
		if (number === 3) throw new Error("three");
		await turn();
		ended.push(number);
	});
	await expect(work).rejects.toThrow("three");
	expect(begun.length).toBeLessThanOrEqual(5);
	expect(ended).toEqual(begun.filter((number) => number !== 3));
	expect(given.last).toBeLessThan(12);
});

test("no items are no work", async () => {
	await inParallel(count(0, { last: 0 }), 5, async () => expect.unreachable());
});
