import { BackendError } from "../backends/backend.js";
import { openStore } from "../backends/index.js";
import type { Config } from "./config.js";
import { TroclaError } from "./errors.js";
import { Trocla } from "./trocla.js";

/**
 * Opens the store of a configuration; a SQLite store that is not there yet is made.
 *
 * @throws {TroclaError} `store`, `damaged`
 */
export async function openConfigured(config: Config, warn: (message: string) => void): Promise<Trocla> {
	try {
		const backend = await openStore(config.store, { path: config.path });
		return new Trocla(backend, { ...config, warn, now: () => new Date() });
	} catch (error) {
		if (!(error instanceof BackendError)) throw error;
		throw new TroclaError(error.fault === "damaged" ? "damaged" : "store", error.message, error.hint, error);
	}
}
