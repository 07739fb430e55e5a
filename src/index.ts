import type { TroclaClient } from "./client/client.js";
import { type Config, checkedConfig, loadConfig } from "./config/config.js";
import type { ConfigInput } from "./config/input.js";
import { TroclaError } from "./errors.js";
import type { HieraOptions, SiteData } from "./hiera/site-data.js";
import { checkMembers } from "./members.js";
import { openConfigured } from "./open.js";
import type { Trocla } from "./trocla.js";

export type { TroclaCalls } from "./calls.js";
export type { TroclaClient } from "./client/client.js";
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
 * Opens the store that the configuration names; a SQLite store that is not there yet is made. One that a daemon has is
 * asked with `connectTrocla`.
 *
 * @throws {TroclaError} `invalid` where it is called with something else; `config`, `store`, `damaged`
 */
export async function openTrocla(options: OpenOptions = {}): Promise<Trocla> {
	await checkMembers(options, "openTrocla", { config: ["string", "map"], warn: ["function"] });
	const { warn = () => {} } = options;
	const config = await configOf(options);
	if (config.server) {
		const what = `the configuration's store is where the daemon ${config.server.name} is`;
		throw new TroclaError("config", what, "connectTrocla asks the daemon, with nearly all of the same calls");
	}
	return await openConfigured(config, { warn, create: true });
}

/**
 * Asks the daemon that the configuration names with `server`; connects when something is asked for.
 *
 * @throws {TroclaError} `invalid` where it is called with something else; `config`
 */
export async function connectTrocla(options: OpenOptions = {}): Promise<TroclaClient> {
	await checkMembers(options, "connectTrocla", { config: ["string", "map"], warn: ["function"] });
	const { warn = () => {} } = options;
	const { server } = await configOf(options);
	if (!server) {
		const hint = "openTrocla opens the store of a configuration; server: unix:/run/trocla/trocla.sock names a daemon";
		throw new TroclaError("config", "the configuration names no daemon", hint);
	}
	const { TroclaClient } = await import("./client/client.js");
	return await TroclaClient.to(server, warn);
}

async function configOf({ config }: OpenOptions): Promise<Config> {
	return typeof config === "object" ? await checkedConfig(config, undefined) : await loadConfig(config);
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
