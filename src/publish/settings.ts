import { join } from "node:path";
import type { Config } from "../config/config.js";
import { type Surroundings, surroundings } from "../config/config.js";

/** The store's key that has the signing key, unless the configuration names another. */
const SIGNING_KEY = "iar_signing_key";

/** What a configuration says of publishing, complete. */
export interface PublishPlaces {
	/** The master's tree, absolute. */
	readonly tree: string;
	/** The store's key that has the signing key. */
	readonly signingKey: string;
}

export function publishPlaces({ publish }: Config, around = surroundings()): PublishPlaces {
	return { tree: publish.tree ?? defaultTree(around), signingKey: publish.signing_key ?? SIGNING_KEY };
}

/** Where the seed of the idea has a master's data, below `/var/lib`, since it is made by a program. */
function defaultTree({ env, home, isRoot }: Surroundings): string {
	if (isRoot) return "/var/lib/iar/master";
	const data = env.XDG_DATA_HOME?.startsWith("/") ? env.XDG_DATA_HOME : join(home, ".local/share");
	return join(data, "iar/master");
}
