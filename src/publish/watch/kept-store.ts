import { statSync } from "node:fs";
import type { Trocla } from "../../trocla.js";

export interface KeptStoreSettings {
	readonly open: () => Promise<Trocla>;
	/** The files that are read when it is opened: it is opened anew where one of them was replaced. */
	readonly files: readonly string[];
}

/**
 * A store that is open for many runs. To open a SQLite store and close it again makes its log and removes it, which would
 * look like a change; to read from an open one writes nothing.
 */
export class KeptStore {
	readonly #settings: KeptStoreSettings;
	#kept: { readonly trocla: Trocla; readonly state: string } | undefined;

	constructor(settings: KeptStoreSettings) {
		this.#settings = settings;
	}

	/**
	 * The store as it is configured and there now.
	 *
	 * @throws {TroclaError} as opening it does
	 */
	async get(): Promise<Trocla> {
		const state = this.#settings.files.map(identify).join();
		if (this.#kept && this.#kept.state !== state) await this.close();
		this.#kept ??= { trocla: await this.#settings.open(), state };
		return this.#kept.trocla;
	}

	/** Closes it until it is asked for again. */
	async close(): Promise<void> {
		const kept = this.#kept;
		this.#kept = undefined;
		await kept?.trocla.close();
	}
}

/** Another text for another file. */
function identify(path: string): string {
	try {
		const { dev, ino } = statSync(path);
		return `${dev}:${ino}`;
	} catch {
		return "";
	}
}
