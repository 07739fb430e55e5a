import { type Backend, BackendError } from "./backend.js";

/** A store that lives until it is closed, for tests and for programs that need passwords for one run. */
export function openMemory(): Backend {
	const texts = new Map<string, string>();
	let closed = false;

	function stored(): Map<string, string> {
		if (closed) throw new BackendError("unavailable", "the memory store is closed", "Open another one");
		return texts;
	}

	async function swap(key: string, before: string | undefined, after: string | undefined): Promise<boolean> {
		if (stored().get(key) !== before) return false;
		if (after === undefined) texts.delete(key);
		else texts.set(key, after);
		return true;
	}

	return {
		async read(key) {
			return stored().get(key);
		},

		async readMany(keys) {
			return keys.map((key) => stored().get(key));
		},

		swap,

		swapMany(swaps) {
			return swaps.map(({ key, before, after }) => swap(key, before, after));
		},

		async *keys(from) {
			const start = from === undefined ? undefined : Buffer.from(from);
			const inOrder = [...stored().keys()].map((key) => Buffer.from(key)).sort(Buffer.compare);
			for (const key of inOrder) {
				if (start === undefined || Buffer.compare(key, start) >= 0) yield key.toString();
			}
		},

		async check() {
			return [];
		},

		async close() {
			closed = true;
			texts.clear();
		},
	};
}
