import { setImmediate } from "node:timers/promises";

/** What takes some milliseconds of work with files. */
const SLICE = 128;

/** A list in pieces, between which other work of the process goes on. */
export async function* slices<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
	for (let start = 0; start < items.length; start += SLICE) {
		yield items.slice(start, start + SLICE);
		await setImmediate();
	}
}
