import { checkedConfig, loadConfig } from "./config/config.js";
import type { ConfigInput } from "./config/input.js";
import type { HieraOptions, SiteData } from "./hiera/site-data.js";
import { checkMembers } from "./members.js";
import { openConfigured } from "./open.js";
import type { Trocla } from "./trocla.js";

export type { ConfigInput } from "./config/input.js";
export type { FormatDescription, KeyDescription } from "./describe.js";
export { type ErrorCode, TroclaError } from "./errors.js";
export type { HieraOptions, HieraQuery, PlainHash, PlainValue, SiteData } from "./hiera/site-data.js";
export type { Asked, Peeked } from "./peek-many.js";
export type { Claim, Expiry, Options, Values } from "./records/record.js";
export type { Fault } from "./records/store.js";
export type { Trocla } from "./trocla.js";

export interface OpenOptions {
	/**
	 * A configuration file's path, or what such a file would hold. Without it: `$TROCLA_CONFIG`, `~/.troclarc.yaml`,
	 * `/etc/troclarc.yaml`, or the built-in configuration.
	 */
	readonly config?: string | ConfigInput;
	/** Hears of what does not stop a call (a stored value with other options than asked for). Default: nobody. */
	readonly warn?: (message: string) => void;
}

/**
 * Opens the store that the configuration names; a SQLite store that is not there yet is made.
 *
 * @throws {TroclaError} `invalid` where it is called with something else; `config`, `store`, `damaged`
 */
export async function openTrocla(options: OpenOptions = {}): Promise<Trocla> {
	await checkMembers(options, "openTrocla", { config: ["string", "map"], warn: ["function"] });
	const { config, warn = () => {} } = options;
	const checked = typeof config === "object" ? await checkedConfig(config, undefined) : await loadConfig(config);
	return await openConfigured(checked, { warn, create: true });
}

/**
 * Opens Hiera's data, version 5, for look-ups as Puppet makes them.
 *
 * @throws {TroclaError} `invalid` where it is called with something else; `config` where a `hiera.yaml` can't be read, or
 *   asks for what trocla has not
 */
export async function openHiera(options: HieraOptions): Promise<SiteData> {
	const { SiteData, checkHieraOptions } = await import("./hiera/site-data.js");
	await checkHieraOptions(options);
	return await SiteData.open(options);
}
