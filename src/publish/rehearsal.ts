import type { PasswordStore } from "../hiera/trocla-level.js";
import type { Options } from "../records/record.js";
import type { Trocla } from "../trocla.js";

/** What a level asked for. */
type Asked = readonly [key: string, format: string, options: Options];

/**
 * A store for Hiera's levels that makes what is missing as the real one would, and stores none of it, so that the data of
 * all hosts can be checked before anything is made.
 */
export class Rehearsal implements PasswordStore {
	readonly #trocla: Trocla;
	readonly #rehearsed: Trocla;
	readonly #missing = new Map<string, Asked>();

	constructor(trocla: Trocla) {
		this.#trocla = trocla;
		this.#rehearsed = trocla.rehearsal();
	}

	async get(key: string, format: string, options: Options = {}): Promise<string> {
		const stored = await this.#trocla.peek(key, format);
		const value = await this.#rehearsed.get(key, format, options);
		if (stored === undefined) this.#missing.set(JSON.stringify([key, format]), [key, format, options]);
		return value;
	}

	async peek(key: string, format: string, options: Options = {}): Promise<string | undefined> {
		return await this.#rehearsed.peek(key, format, options);
	}

	/** Makes in the store what was made here; false where that was nothing. */
	async repeat(): Promise<boolean> {
		for (const [key, format, options] of this.#missing.values()) await this.#trocla.get(key, format, options);
		return this.#missing.size > 0;
	}
}
