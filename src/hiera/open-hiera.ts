import { TroclaError } from "../errors.js";
import { DataFiles } from "./data-files.js";
import { Hiera, type HieraReader } from "./hiera.js";
import { loadHieraConfig } from "./hiera-config.js";

export interface OpenHieraOptions {
	/** The path of `hiera.yaml`, or of several, the highest layer first: the global one, and the environment's. */
	readonly hieraConfig: string | readonly string[];
	/** What was read already. */
	readonly files?: DataFiles;
}

/**
 * Opens Hiera's data for look-ups. The data files are read when the first host that sees them is looked up, and once.
 *
 * @throws {TroclaError} `config` where a `hiera.yaml` can't be read, or is not of version 5
 */
export async function openHiera({ hieraConfig, files = new DataFiles() }: OpenHieraOptions): Promise<Hiera> {
	const paths = typeof hieraConfig === "string" ? [hieraConfig] : hieraConfig;
	const configs = await Promise.all(paths.map((path) => loadHieraConfig(path)));
	const no: HieraReader = () => async () => {
		throw new TroclaError("config", "not yet");
	};
	return new Hiera({ configs, files, readers: { eyaml_lookup_key: no, trocla_lookup_key: no } });
}
