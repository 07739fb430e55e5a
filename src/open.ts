import { openStore } from "../backends/index.js";
import { aftermath } from "./after-change.js";
import type { Config } from "./config.js";
import { fail } from "./record-pages.js";
import { RecordStore } from "./record-store.js";
import { plain } from "./seal.js";
import { Trocla } from "./trocla.js";

export interface OpenSettings {
	/** Hears of what does not stop a call, a sentence each. */
	readonly warn: (message: string) => void;
	/** Whether to make a SQLite store that is not there yet; where false, that is an error. */
	readonly create: boolean;
	/** What opens it, for the audit: `trocla get`; else the name of the process' main file. */
	readonly program?: string;
}

/**
 * Opens the store of a configuration.
 *
 * @throws {TroclaError} `store`, `damaged`
 */
export async function openConfigured(config: Config, settings: OpenSettings): Promise<Trocla> {
	const { warn } = settings;
	return new Trocla(await openRecords(config, settings), { ...config, warn, now: () => new Date() });
}

/**
 * Opens the records of a configuration's store, for what works on them as they are.
 *
 * @throws {TroclaError} `store`, `damaged`
 */
export async function openRecords(config: Config, settings: OpenSettings): Promise<RecordStore> {
	const { warn, create, program } = settings;
	if (config.audit !== undefined) (await import("./audit-file.js")).prepareAuditFile(config.audit);
	const backend = await openStore(config.store, { path: config.path, create }).catch(fail);
	return new RecordStore(backend, {
		seal: plain,
		warn,
		now: () => new Date(),
		...aftermath(config, { warn, program }),
	});
}
