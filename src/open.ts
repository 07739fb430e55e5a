import type { Backend } from "../backends/backend.js";
import { grouped } from "../backends/grouped.js";
import { openStore, storeKind } from "../backends/index.js";
import { aftermath, readyAudit } from "./after-change.js";
import type { Config } from "./config/config.js";
import { refuseRemote } from "./config/server.js";
import { fail } from "./records/pages.js";
import { RecordStore, type Seal } from "./records/store.js";
import { plain } from "./seal/seal.js";
import { Trocla } from "./trocla.js";
import { atMost } from "./turns.js";

export interface OpenSettings {
	/** Hears of what does not stop a call, a sentence each. */
	readonly warn: (message: string) => void;
	/** Whether to make a SQLite store that is not there yet; where false, that is an error. */
	readonly create: boolean;
	/** What opens it, for the audit: `trocla get`; else the name of the process' main file. */
	readonly program?: string;
	/** Hears of what the seal does, by taking its place. */
	readonly watch?: (seal: Seal) => Seal;
	/** For hundreds of calls at once: what they read and write goes to the store in groups, with one commit for each. */
	readonly inGroups?: boolean;
	/** How many values are made at a time; unless told, as many as are asked for. */
	readonly atOnce?: number;
}

/**
 * Opens the store of a configuration.
 *
 * @throws {TroclaError} `store`, `damaged`, `ring`; `config` where it is a daemon's
 */
export async function openConfigured(config: Config, settings: OpenSettings): Promise<Trocla> {
	const { warn, atOnce } = settings;
	const turns = atOnce === undefined ? undefined : atMost(atOnce);
	return new Trocla(await openRecords(config, settings), { ...config, warn, now: () => new Date(), turns });
}

/**
 * Opens the records of a configuration's store, for what works on them as they are.
 *
 * @throws {TroclaError} `store`, `damaged`, `ring`
 */
export async function openRecords(config: Config, settings: OpenSettings): Promise<RecordStore> {
	const { warn, create, watch, program, inGroups } = settings;
	const seal = await sealOf(config);
	await readyAudit(config);
	const backend = await openBackend(config, create);
	const { caution } = storeKind(config.store.name);
	if (caution !== undefined) warn(caution);
	return new RecordStore(inGroups ? grouped(backend) : backend, {
		seal: watch ? watch(seal) : seal,
		warn,
		now: () => new Date(),
		...aftermath(config, { warn, program }),
	});
}

/**
 * Opens a configuration's store for what works on the texts in it, for as long as `use` takes.
 *
 * @throws {TroclaError} `store`, `damaged`
 */
export async function withBackend<Result>(
	config: Config,
	use: (backend: Backend) => Promise<Result>,
	create = false,
): Promise<Result> {
	const backend = await openBackend(config, create);
	try {
		return await use(backend);
	} finally {
		await backend.close().catch(fail);
	}
}

async function openBackend(config: Config, create: boolean): Promise<Backend> {
	refuseRemote(config);
	const { store } = config;
	const options: { [name: string]: unknown } = { ...store.options };
	for (const [name, source] of Object.entries(store.secrets)) {
		const { readSecret } = await import("./secret.js");
		options[name] = readSecret(source, `the store's ${name}`);
	}
	return await openStore(store.name, options, create).catch(fail);
}

async function sealOf({ sealing }: Config): Promise<Seal> {
	if (!sealing) return plain;
	const { openSeal } = await import("./seal/aes.js");
	return openSeal(sealing);
}
