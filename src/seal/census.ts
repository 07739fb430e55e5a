import type { Backend } from "../../backends/backend.js";
import { pages } from "../records/pages.js";
import type { Seal } from "../records/store.js";
import { SEALED, sealedWith } from "./seal.js";

/** What the records of a store are sealed with. */
export class Census {
	records = 0;
	/** Those that are not sealed at all. */
	plain = 0;
	readonly #sealed = new Map<string, number>();

	/**
	 * Looks at every record; one that can't be read counts, and is sealed with no key.
	 *
	 * @param seen - hears how many records were looked at so far
	 * @throws {TroclaError} `store`
	 */
	static async of(backend: Backend, seen: (records: number) => void): Promise<Census> {
		const census = new Census();
		for await (const page of pages(backend, () => true, "")) {
			for (const { text, fault } of page) if (text !== undefined || fault) census.add(text ?? SEALED);
			seen(census.records);
		}
		return census;
	}

	/** A seal that does what this one does, and counts what it is to open. */
	watching(seal: Seal): Seal {
		const open = (stored: string, key: string) => {
			this.add(stored);
			return seal.open(stored, key);
		};
		return { ...seal, open };
	}

	add(stored: string): void {
		this.records++;
		if (!stored.startsWith(SEALED)) this.plain++;
		const id = sealedWith(stored);
		if (id !== undefined) this.#sealed.set(id, this.under(id) + 1);
	}

	/** How many are sealed with a key. */
	under(id: string): number {
		return this.#sealed.get(id) ?? 0;
	}
}
