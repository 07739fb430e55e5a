import { expect, test, vi } from "vitest";
import type { Refusal } from "../../../src/records/change.js";
import { Excess } from "../../../src/server/excess.js";
import { cleanUp } from "../../support/sandbox.js";

test("a flood from any number of addresses is a hundred lines a minute and one more, which count all of it", async () => {
	vi.useFakeTimers();
	cleanUp(() => vi.useRealTimers());
	const refusals: Refusal[] = [];
	const excess = new Excess(async (refusal) => void refusals.push(refusal));
	for (let i = 0; i < 5000; i++) excess.add(`anyone 10.0.${i % 50}.${i % 99}`);
	expect(refusals).toEqual([]);
	vi.advanceTimersByTime(60_000);
	expect(refusals).toHaveLength(101);
	expect(refusals.at(-1)).toMatchObject({ client: "others" });
	expect(refusals.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(5000);
	excess.add("token ci");
	vi.advanceTimersByTime(60_000);
	expect(refusals.slice(101)).toMatchObject([{ action: "request", client: "token ci", count: 1 }]);
});
