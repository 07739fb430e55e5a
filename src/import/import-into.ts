import { existsSync } from "node:fs";
import { openMemory } from "../../backends/memory.js";
import type { Config } from "../config/config.js";
import { storeFile } from "../config/store.js";
import { type OpenSettings, openRecords } from "../open.js";
import { RecordStore } from "../records/store.js";
import { plain } from "../seal/seal.js";
import type { Foreign, Reader } from "./foreign.js";
import { type ImportCounts, type ImportSettings, importKeys } from "./import.js";

type Settings = Omit<ImportSettings, "formats" | "now"> & {
	/** How the store is opened. */
	readonly opening: OpenSettings;
};

/**
 * Imports into the store of a configuration, which is made where there is none; neither a dry run nor a source that can't
 * be read makes one.
 *
 * @throws {TroclaError} as `importKeys`; `damaged` for a store that can't be opened
 */
export async function importInto(config: Config, reader: Reader, settings: Settings): Promise<ImportCounts> {
	try {
		const first = await reader.next();
		const all = first.done ? reader : before(first.value, reader);
		const records = await openTarget(config, settings);
		try {
			return await importKeys(records, all, { ...settings, formats: config.formats, now: new Date() });
		} finally {
			await records.close();
		}
	} finally {
		await reader.return();
	}
}

async function openTarget(config: Config, { dryRun, opening }: Settings): Promise<RecordStore> {
	const file = storeFile(config.store);
	const isNowhere = dryRun && file !== undefined && !existsSync(file);
	return isNowhere ? noRecords() : await openRecords(config, opening);
}

async function* before(first: Foreign, rest: Reader): Reader {
	yield first;
	yield* rest;
}

/** The records of a store that is not there. */
function noRecords(): RecordStore {
	return new RecordStore(openMemory(), {
		seal: plain,
		warn: () => {},
		now: () => new Date(),
		changed: async () => {},
		noted: async () => {},
		settle: async () => {},
	});
}
