import type { Backend } from "./backend.js";

/** A store that lives as long as the process, for tests and for programs that need passwords for one run. */
export function openMemory(): Backend {
	const texts = new Map<string, string>();

	return {
		async read(key) {
			return texts.get(key);
		},

		async readMany(keys) {
			return keys.map((key) => texts.get(key));
		},

		async swap(key, before, after) {
			if (texts.get(key) !== before) return false;
			if (after === undefined) texts.delete(key);
			else texts.set(key, after);
			return true;
		},

		async *keys(from) {
			const start = from === undefined ? undefined : Buffer.from(from);
			const inOrder = [...texts.keys()].map((key) => Buffer.from(key)).sort(Buffer.compare);
			for (const key of inOrder) {
				if (start === undefined || Buffer.compare(key, start) >= 0) yield key.toString();
			}
		},

		async check() {
			return [];
		},

		async close() {},
	};
}
