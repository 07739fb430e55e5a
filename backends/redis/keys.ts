import { keyText } from "../server/key-text.js";
import { BYTES, type Send } from "./connection.js";

/** How many keys the server looks at in one step; it serves nobody else meanwhile, for about a millisecond. */
const STEP = 5000;

const MOST_BYTES = 16 * 1024 * 1024;

/** How many keys are some. */
const MOST_OF_SOME = 500;

/** What a short text takes besides its bytes. */
const OVERHEAD = 32;

/** Which keys, and how. */
export interface KeyRange {
	/** What the keys begin with on the server, and is not given. */
	readonly prefix: string;
	/** The first one, if it is there. */
	readonly from: string;
	/** The store's URL, without who uses it. */
	readonly server: string;
	/** How much memory the keys of one pass may take. */
	readonly mostBytes?: number;
}

/**
 * Keys in the order of their bytes, from servers that give them in no order, and some twice.
 *
 * Each pass goes over all keys and keeps the first ones that follow those of the last pass, as many as fit into 16
 * MiB: about 300,000 short ones. So a million keys take four passes, and ten million forty. A pass begins anew where the
 * connection is lost.
 *
 * In here a key is a text with one character for each of its bytes, so that texts compare as bytes do.
 *
 * @param primaries - the servers whose keys these are
 * @param again - does a pass again where the server is lost
 */
export async function* keysInOrder(
	primaries: () => Promise<readonly Send[]>,
	{ prefix, from, server, mostBytes = MOST_BYTES }: KeyRange,
	again: <Answer>(ask: () => Promise<Answer>) => Promise<Answer>,
): AsyncGenerator<string> {
	const bytes = Buffer.from(prefix).toString("latin1");
	let start = bytes + Buffer.from(from).toString("latin1");
	for (;;) {
		const { keys, isLast } = await again(async () => {
			const found = new FirstKeys(start, mostBytes);
			for (const send of await primaries()) {
				for await (const keys of steps(send, prefix)) for (const key of keys) found.add(key.toString("latin1"));
			}
			return found.inOrder();
		});
		for (const key of keys) yield keyText(Buffer.from(key.slice(bytes.length), "latin1"), server);
		const last = keys.at(-1);
		if (last === undefined || isLast) return;
		start = `${last}\0`;
	}
}

/** Some keys that begin with the prefix, without it: what the first step gives in which there are any. */
export async function someKeys(primaries: readonly Send[], prefix: string, server: string): Promise<string[]> {
	const length = Buffer.byteLength(prefix);
	for (const send of primaries) {
		for await (const keys of steps(send, prefix)) {
			if (keys.length > 0) return keys.slice(0, MOST_OF_SOME).map((key) => keyText(key.subarray(length), server));
		}
	}
	return [];
}

/** All keys that begin with the prefix, in no order, and some twice. */
async function* steps(send: Send, prefix: string): AsyncGenerator<readonly Buffer[]> {
	const pattern = `${prefix.replace(/[\\*?[\]]/g, "\\$&")}*`;
	let cursor = "0";
	do {
		const reply = await send(["SCAN", cursor, "MATCH", pattern, "COUNT", String(STEP)], BYTES);
		const [next, keys] = reply as [Buffer, Buffer[]];
		yield keys;
		cursor = next.toString();
	} while (cursor !== "0");
}

/** The first of the keys that were added, from `start` on, as many as fit. */
class FirstKeys {
	readonly #start: string;
	readonly #most: number;
	#keys: string[] = [];
	#bytes = 0;
	/** Where keys were left out, the last one that may be kept. */
	#end: string | undefined;

	constructor(start: string, most: number) {
		this.#start = start;
		this.#most = most;
	}

	add(key: string): void {
		if (key < this.#start || (this.#end !== undefined && key > this.#end)) return;
		this.#keys.push(key);
		this.#bytes += key.length + OVERHEAD;
		if (this.#bytes > 2 * this.#most) this.#cut();
	}

	/** Them, and whether none were left out. */
	inOrder(): { readonly keys: readonly string[]; readonly isLast: boolean } {
		this.#cut();
		return { keys: this.#keys, isLast: this.#end === undefined };
	}

	#cut(): void {
		const sorted = this.#keys.sort();
		this.#keys = [];
		this.#bytes = 0;
		for (const key of sorted) {
			if (key === this.#keys.at(-1)) continue;
			if (this.#bytes > this.#most) {
				this.#end = this.#keys.at(-1);
				return;
			}
			this.#keys.push(key);
			this.#bytes += key.length + OVERHEAD;
		}
	}
}
