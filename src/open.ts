import { BackendError } from "../backends/backend.js";
import { openStore } from "../backends/index.js";
import type { Config } from "./config.js";
import { TroclaError } from "./errors.js";
import { Trocla } from "./trocla.js";

/**
 * Opens the store of a configuration.
 *
 * @param create - whether to make a SQLite store that is not there yet; where false, that is an error
 *
 * @throws {TroclaError} `store`, `damaged`
 */
export async function openConfigured(
	config: Config,
	warn: (message: string) => void,
	{ create = true }: { create?: boolean } = {},
): Promise<Trocla> {
	try {
		const backend = await openStore(config.store, { path: config.path, create });
		return new Trocla(backend, { ...config, warn, now: () => new Date() });
	} catch (error) {
		if (!(error instanceof BackendError)) throw error;
		throw new TroclaError(error.fault === "damaged" ? "damaged" : "store", error.message, error.hint, error);
	}
}
