import type { Backend } from "../../backends/backend.js";

/**
 * A backend that reads what another one has, and keeps to itself what is written: the other one stays as it is. Its `keys`
 * are the other one's.
 */
export function unstored(below: Backend): Backend {
	const written = new Map<string, string | undefined>();

	async function read(key: string): Promise<string | undefined> {
		return written.has(key) ? written.get(key) : await below.read(key);
	}

	async function swap(key: string, before: string | undefined, after: string | undefined): Promise<boolean> {
		const stored = await read(key);
		// Another swap may have been faster.
		if ((written.has(key) ? written.get(key) : stored) !== before) return false;
		written.set(key, after);
		return true;
	}

	return {
		read,
		readMany: (keys) => Promise.all(keys.map(read)),
		swap,
		swapMany: (swaps) => swaps.map(({ key, before, after }) => swap(key, before, after)),
		keys: (from) => below.keys(from),
		check: () => below.check(),
		close: async () => written.clear(),
	};
}
