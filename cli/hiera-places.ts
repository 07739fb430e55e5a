import { findHieraConfigs, findHosts } from "../src/hiera/places.js";
import type { Context } from "./context.js";
import type { FlagValues } from "./flags.js";

/** Where Hiera's data is: what the flags say, else the configuration, else where Puppet has its own. */
export interface HieraPlaces {
	/** `hiera.yaml`, the highest layer first. */
	readonly config: string | readonly string[];
	/** The directory of hosts; `undefined` where there is none. */
	readonly hosts: string | undefined;
	readonly environment: string;
}

/** @throws {TroclaError} `config` where no `hiera.yaml` is named, and Puppet has none */
export async function hieraPlaces(context: Context, flags: FlagValues): Promise<HieraPlaces> {
	const { hiera } = await context.config();
	const environment = text(flags.environment) ?? hiera.environment ?? "production";
	return {
		config: (flags.hieraConfig as string[] | undefined) ?? hiera.config ?? findHieraConfigs(environment), // it is repeatable
		hosts: text(flags.hosts) ?? hiera.hosts ?? findHosts(),
		environment,
	};
}

const text = (flag: unknown) => (typeof flag === "string" ? flag : undefined);
