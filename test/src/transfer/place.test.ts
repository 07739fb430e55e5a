import { expect, test } from "vitest";
import { parseRecord } from "../../../src/records/record.js";
import { place } from "../../../src/transfer/place.js";
import { Records, recordText } from "../../support/transfer.js";

test("of two that bring the same records at once, one stores each and the other finds it there", async () => {
	const records = new Records();
	const batch = Array.from({ length: 100 }, (_, n) => {
		const key = `key${n}`;
		return { key, record: parseRecord(recordText(key), key) };
	});
	const settings = { action: "restore", mayReplace: () => false, now: () => new Date() } as const;
	const [one = [], other = []] = await Promise.all([1, 2].map(() => place(records.store, batch, settings)));
	const outcomes = one.map((outcome, index) => [outcome, other[index]].sort());
	expect(outcomes).toEqual(batch.map(() => ["same", "written"]));
});

test("when one record can't be stored, the others have been by the time that this is told", async () => {
	const records = new Records({
		changed: async ({ key }) => {
			if (key === "b") throw new Error("no");
		},
	});
	const batch = ["a", "b", "c"].map((key) => ({ key, record: parseRecord(recordText(key), key) }));
	const settings = { action: "restore", mayReplace: () => false, now: () => new Date() } as const;
	await expect(place(records.store, batch, settings)).rejects.toThrow("no");
	expect((await records.texts()).map(([key]) => key)).toEqual(["a", "b", "c"]);
});
