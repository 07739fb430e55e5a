import { DataFiles } from "./data-files.js";
import { eyamlReader } from "./eyaml.js";
import { Hiera } from "./hiera.js";
import { loadHieraConfig } from "./hiera-config.js";
import { type OpenStore, troclaReader } from "./trocla-level.js";

export interface OpenHieraOptions {
	/** The path of `hiera.yaml`, or of several, the highest layer first: the global one, and the environment's. */
	readonly hieraConfig: string | readonly string[];
	/** Opens the store of passwords for levels of `trocla_lookup_key`, when the first of them asks. */
	readonly store?: OpenStore;
	/** What was read already; by default nothing was. */
	readonly files?: DataFiles;
	/** Where private keys may be. Default: the process's. */
	readonly env?: { readonly [name: string]: string | undefined };
}

/**
 * Opens Hiera's data for look-ups. A data file is read when the first host that sees it is looked up, and once.
 *
 * @throws {TroclaError} `config` where a `hiera.yaml` can't be read, is not of version 5, or asks for what trocla has not
 */
export async function openHiera(options: OpenHieraOptions): Promise<Hiera> {
	const { hieraConfig, store, files = new DataFiles(), env = process.env } = options;
	const paths = typeof hieraConfig === "string" ? [hieraConfig] : hieraConfig;
	const configs = await Promise.all(paths.map((path) => loadHieraConfig(path, files.contents)));
	const readers = { eyaml_lookup_key: eyamlReader(env, files.contents), trocla_lookup_key: troclaReader(store) };
	return new Hiera({ configs, files, readers });
}
