import type { Swap } from "../backend.js";

/** Does several swaps at once, but those of one key one after the other. */
export function eachInOrder(swaps: readonly Swap[], swap: (swap: Swap) => Promise<boolean>): Promise<boolean>[] {
	const last = new Map<string, Promise<boolean>>();
	return swaps.map((one) => {
		const earlier = last.get(one.key);
		const done = earlier
			? earlier.then(
					() => swap(one),
					() => swap(one),
				)
			: swap(one);
		last.set(one.key, done);
		return done;
	});
}
