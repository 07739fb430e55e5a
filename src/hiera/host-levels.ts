import { DataError } from "./data-error.js";
import type { DataFile, DataFiles, DataSyntax, Entry } from "./data-files.js";
import type { HieraConfig } from "./hiera-config.js";
import { type Level, resolveLevels } from "./levels.js";
import type { Scope } from "./scope.js";

/** A root key in a file that look-ups ask. */
export interface Source {
	readonly entry: Entry;
	readonly syntax: DataSyntax;
}

/** The levels that one host sees: in layers, the highest first in each. */
export class HostLevels {
	readonly layers: readonly (readonly Level[])[];
	/** Whether all levels are files of plain data. */
	readonly plain: boolean;

	private constructor(layers: readonly (readonly Level[])[]) {
		this.layers = layers;
		this.plain = layers.every((levels) => levels.every(({ backend }) => backend.endsWith("_data")));
	}

	/** @throws {DataError} where a file can't be read */
	static async resolve(configs: readonly HieraConfig[], scope: Scope, files: DataFiles): Promise<HostLevels> {
		return new HostLevels(await Promise.all(configs.map((config) => resolveLevels(config, scope, files))));
	}

	/**
	 * The highest entry of a root key.
	 *
	 * @throws {DataError} where it is what no look-up may give
	 */
	first(root: string): Entry | undefined {
		for (const levels of this.layers) {
			for (const { locations = [] } of levels) {
				for (const { file } of locations) {
					const entry = file?.entry(root);
					if (entry) return entry;
				}
			}
		}
		return undefined;
	}

	/** All entries of a root key, the highest first, without those that no look-up may give. */
	sources(root: string): Source[] {
		return this.layers.flat().flatMap(({ backend, locations = [] }) => {
			const syntax = backend === "json_data" ? "json" : "yaml";
			return locations.flatMap(({ file }) => {
				const entry = file && sound(file, root);
				return entry ? [{ entry, syntax } as const] : [];
			});
		});
	}
}

function sound(file: DataFile, root: string): Entry | undefined {
	try {
		return file.entry(root);
	} catch (error) {
		if (error instanceof DataError) return undefined;
		throw error;
	}
}
