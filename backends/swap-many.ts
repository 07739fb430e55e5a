import type { Swap } from "./backend.js";

/** What became of a swap that went with others: whether it was done. */
export type Done = (swap: Swap) => Promise<boolean>;

/**
 * `Backend.swapMany`: the first swap of each key goes with those of other keys, and the later ones follow it one by one.
 *
 * @param together - does swaps of different keys with as few commits as the store can
 * @param alone - does one swap by itself
 */
export function swapManyBy(
	swaps: readonly Swap[],
	together: (firsts: readonly Swap[]) => Done,
	alone: Done,
): Promise<boolean>[] {
	const firsts = firstOfEachKey(swaps);
	const changed = together([...firsts].filter(({ before, after }) => before !== after));
	const last = new Map<string, Promise<boolean>>();
	return swaps.map((swap) => {
		const answer = firsts.has(swap) ? first(swap) : next(swap, last.get(swap.key));
		last.set(swap.key, answer);
		return answer;
	});

	async function first(swap: Swap): Promise<boolean> {
		if (swap.before !== swap.after) {
			if (await changed(swap)) return true;
			if (swap.before === undefined) return false;
		}
		// What is stored may still be `before`, as another Keyv version writes it.
		return await alone(swap);
	}

	async function next(swap: Swap, earlier: Promise<boolean> | undefined): Promise<boolean> {
		await earlier?.catch(() => {});
		return await alone(swap);
	}
}

function firstOfEachKey(swaps: readonly Swap[]): Set<Swap> {
	const firsts = new Map<string, Swap>();
	for (const swap of swaps) if (!firsts.has(swap.key)) firsts.set(swap.key, swap);
	return new Set(firsts.values());
}
