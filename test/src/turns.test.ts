import { expect, test } from "vitest";
import { atMost } from "../../src/turns.js";

test("no more pieces of work go on at a time than there are turns, and they begin in order", async () => {
	const turns = atMost(3);
	const begun: number[] = [];
	let underWay = 0;
	let most = 0;
	const work = async (n: number) => {
		begun.push(n);
		most = Math.max(most, ++underWay);
		for (let turn = 0; turn < n % 4; turn++) await new Promise(setImmediate);
		underWay--;
		return n;
	};
	const all = Array.from({ length: 20 }, (_, n) => n);
	expect(await Promise.all(all.map((n) => turns(() => work(n))))).toEqual(all);
	expect(begun).toEqual(all);
	expect(most).toBe(3);
});

test("work that fails gives its turn back", async () => {
	const turns = atMost(1);
	await expect(turns(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
	const throws = () => {
		throw new Error("at once");
	};
	await expect(turns(throws)).rejects.toThrow("at once");
	expect(await turns(async () => "yes")).toBe("yes");
});
