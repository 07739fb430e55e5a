import type { FileTexts } from "../file-texts.js";
import type { Difference, EarlierTexts } from "./difference.js";
import { differences } from "./differences.js";

/** A host's texts before, which it may not have had, and after. */
export interface Texts {
	readonly before: EarlierTexts | undefined;
	readonly after: FileTexts;
}

/**
 * The differences of many hosts, of which many have the same: each pair of texts is compared once, and a difference that
 * several hosts have is in memory once.
 */
export class Differences {
	readonly #ofPairs = new Map<string, Promise<readonly Difference[]>>();
	readonly #same = new Map<string, Difference>();

	/**
	 * @param pair - what tells this pair of texts from all others, such as the digests of both
	 * @param read - gives the texts, and is called for the first host that has the pair only
	 */
	of(pair: string, read: () => Texts | Promise<Texts>): Promise<readonly Difference[]> {
		const known = this.#ofPairs.get(pair);
		if (known) return known;
		const compared = this.#compare(read).catch((error: unknown) => {
			this.#ofPairs.delete(pair);
			throw error;
		});
		this.#ofPairs.set(pair, compared);
		return compared;
	}

	async #compare(read: () => Texts | Promise<Texts>): Promise<readonly Difference[]> {
		const { before, after } = await read();
		return differences(before, after).map((difference) => this.#once(difference));
	}

	#once(difference: Difference): Difference {
		const text = JSON.stringify(difference);
		const same = this.#same.get(text);
		if (same) return same;
		// Its strings are slices of the texts, which would stay in memory with them. JSON gives the same type.
		const copy = JSON.parse(text) as Difference;
		this.#same.set(text, copy);
		return copy;
	}
}
