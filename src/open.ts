import { grouped } from "../backends/grouped.js";
import { openStore } from "../backends/index.js";
import type { Config } from "./config.js";
import { fail } from "./record-pages.js";
import { RecordStore } from "./record-store.js";
import { plain } from "./seal.js";
import { Trocla } from "./trocla.js";
import { atMost } from "./turns.js";

export interface OpenSettings {
	/** Hears of what does not stop a call, a sentence each. */
	readonly warn: (message: string) => void;
	/** Whether to make a SQLite store that is not there yet; where false, that is an error. */
	readonly create: boolean;
	/**
	 * For hundreds of calls at once: how many values are made at a time. What the calls read and write then goes to the
	 * store in groups.
	 */
	readonly atOnce?: number | undefined;
}

/**
 * Opens the store of a configuration.
 *
 * @throws {TroclaError} `store`, `damaged`
 */
export async function openConfigured(config: Config, settings: OpenSettings): Promise<Trocla> {
	const { warn, atOnce } = settings;
	const turns = atOnce === undefined ? undefined : atMost(atOnce);
	return new Trocla(await openRecords(config, settings), { ...config, warn, now: () => new Date(), turns });
}

/**
 * Opens the records of a configuration's store, for what works on them as they are.
 *
 * @throws {TroclaError} `store`, `damaged`
 */
export async function openRecords(config: Config, { warn, create, atOnce }: OpenSettings): Promise<RecordStore> {
	const backend = await openStore(config.store, { path: config.path, create }).catch(fail);
	return new RecordStore(atOnce === undefined ? backend : grouped(backend), {
		seal: plain,
		warn,
		now: () => new Date(),
		changed: async () => {},
		settle: async () => {},
	});
}
