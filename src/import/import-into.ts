import { existsSync } from "node:fs";
import { openMemory } from "../../backends/memory.js";
import type { Config } from "../config.js";
import { openRecords } from "../open.js";
import { RecordStore } from "../record-store.js";
import { plain } from "../seal.js";
import type { Reader } from "./foreign.js";
import { type ImportCounts, type ImportSettings, importKeys } from "./import.js";

type Settings = Omit<ImportSettings, "formats" | "now"> & {
	/** Hears of what does not stop the import, a sentence each. */
	readonly warn: (message: string) => void;
};

/**
 * Imports into the store of a configuration, which is made where there is none; a dry run makes none.
 *
 * @throws {TroclaError} as `importKeys`; `damaged` for a store that can't be opened
 */
export async function importInto(config: Config, reader: Reader, settings: Settings): Promise<ImportCounts> {
	const { dryRun, warn } = settings;
	const records =
		dryRun && config.store === "sqlite" && !existsSync(config.path)
			? noRecords()
			: await openRecords(config, { warn, create: !dryRun });
	try {
		return await importKeys(records, reader, { ...settings, formats: config.formats, now: new Date() });
	} finally {
		await records.close();
	}
}

/** The records of a store that is not there. */
function noRecords(): RecordStore {
	return new RecordStore(openMemory(), {
		seal: plain,
		warn: () => {},
		now: () => new Date(),
		changed: async () => {},
		settle: async () => {},
	});
}
