import { version } from "../../package.json";
import type { Rules } from "../accounts/rules.js";
import { TroclaError } from "../errors.js";
import { DataFiles } from "../hiera/data-files.js";
import { listHosts } from "../hiera/facts.js";
import { openHiera } from "../hiera/open-hiera.js";
import type { PasswordStore } from "../hiera/trocla-level.js";
import { didYouMean } from "../nearest.js";
import type { Trocla } from "../trocla.js";
import { exportKey, isOther } from "./init.js";
import type { PlanSettings, Step } from "./plan.js";
import { type Publication, type PublishSettings, publish, publishChanges } from "./publish.js";
import { Rehearsal } from "./rehearsal.js";
import { readSigningKey } from "./signer.js";
import { Site } from "./site.js";
import type { Draft } from "./tree/draft.js";
import { withTree } from "./tree/tree.js";

/** A site whose accounts are published: its data, its store, and where to. */
export interface SiteSettings {
	/** The path of `hiera.yaml`, or of several, the highest layer first. */
	readonly hieraConfig: string | readonly string[];
	/** The directory of hosts: a file of facts for each. */
	readonly hosts: string;
	/** Puppet's environment. */
	readonly environment: string;
	readonly rules: Rules;
	readonly trocla: Trocla;
	/** The store's key that has the signing key. */
	readonly signingKey: string;
	/** The master's tree. */
	readonly tree: string;
	/** The hosts to publish; the others stay as they are. Default: all. */
	readonly only?: readonly string[] | undefined;
	/** Whether passwords and hashes that are missing are made. */
	readonly create: boolean;
	/** Whether a host may lose all of its users, or all of root's keys. */
	readonly allowEmpty: boolean;
	/** Whether all hosts are looked up, also those for which nothing changed since the last run. */
	readonly anew: boolean;
	/** Hears how much of a step is done. */
	readonly seen: (step: Step, done: number, total: number) => void;
	/** Hears of what does not stop it, a sentence each. */
	readonly warn: (message: string) => void;
	readonly now: () => Date;
	readonly signal?: AbortSignal | undefined;
	/** What the data are read through: then tells where they were looked for. Default: nothing was read yet. */
	readonly files?: DataFiles | undefined;
}

/**
 * Publishes a site: see `publish`. No other run writes the tree meanwhile.
 *
 * @throws {FaultyData} where anything is wrong with the data; nothing was written then
 * @throws {TroclaError} `config` where there is no signing key yet, or another one than that of the hosts that are to stay as
 *   they are, or a directory can't be used
 */
export function publishSite(settings: SiteSettings): Promise<Publication> {
	return onDraft(settings, publish);
}

/** The same where anything would differ: see `publishChanges`. */
export function publishSiteChanges(settings: SiteSettings): Promise<Publication | undefined> {
	return onDraft(settings, publishChanges);
}

async function onDraft<Result>(
	settings: SiteSettings,
	work: (draft: Draft, settings: PublishSettings) => Promise<Result>,
): Promise<Result> {
	const { trocla, signingKey, hosts, hieraConfig, environment, rules, only, anew, now, warn } = settings;
	const key = await readSigningKey(trocla, signingKey);
	return await withTree(settings.tree, { create: true }, async (draft) => {
		const opened = await openSite(settings);
		const circumstances = JSON.stringify([
			version,
			hosts,
			hieraConfig,
			environment,
			rules,
			process.cwd(), // where Hiera looks for eyaml's keys
		]);
		const keepOthers = only !== undefined;
		if (keepOthers && isOther(draft, key)) refuseOtherKey(draft, opened);
		const result = await work(draft, { ...opened, circumstances, key, keepOthers, anew, now, warn });
		if (isOther(draft, key)) {
			const refusal = "Hosts that know the one before take nothing until they are given this one";
			warn(`the signing key is another one now, with the fingerprint ${key.fingerprint}. ${refusal}`);
		}
		exportKey(draft, key);
		return result;
	});
}

/** Hosts that stay as they are would be signed with a key that the tree does not have any more. */
function refuseOtherKey({ current }: Draft, { hosts }: PlanSettings): void {
	const others = (current?.hosts() ?? []).filter((host) => !hosts.includes(host));
	if (others.length === 0) return;
	throw new TroclaError(
		"config",
		"the signing key is another one than that of the hosts that would stay as they are",
		"Publish all hosts, without --host",
	);
}

/** Opens the data of a site, as it is now. */
export async function openSite(settings: SiteSettings): Promise<PlanSettings & { readonly files: DataFiles }> {
	const { hieraConfig, hosts: directory, environment, rules, trocla, create, allowEmpty, seen, signal } = settings;
	const { files = new DataFiles() } = settings;
	const open = async (store: PasswordStore) => {
		const hiera = await openHiera({ hieraConfig, files, store: async () => store });
		return new Site({ hiera, files, directory, environment, rules });
	};
	const rehearsal = create ? new Rehearsal(trocla) : undefined;
	const site = await open(rehearsal ?? { peek: trocla.peek.bind(trocla) });
	const makeAsked = async () => ((await rehearsal?.repeat()) ? await open(trocla) : undefined);
	const hosts = await hostsOf(settings);
	return { files, site, makeAsked, hosts, trocla, create, allowEmpty, seen, signal };
}

/** More names than this help nobody. */
const MAX_HINT = 200;

/** @throws {TroclaError} `config` where there are none, `not_found` where one that is asked for is not among them */
async function hostsOf({ hosts: directory, only }: SiteSettings): Promise<readonly string[]> {
	const all = await listHosts(directory);
	if (all.length === 0) {
		const hint = "Put a file of facts there for each host: NAME.yaml or NAME.json; --hosts names another directory";
		throw new TroclaError("config", `there are no hosts in ${directory}`, hint);
	}
	const unknown = only?.find((name) => !all.includes(name));
	if (unknown !== undefined) {
		const hint = didYouMean(unknown, all);
		throw new TroclaError(
			"not_found",
			`there is no host ${JSON.stringify(unknown)} in ${directory}`,
			hint.length > MAX_HINT ? `Its file of facts would be ${unknown}.yaml` : hint,
		);
	}
	return only === undefined ? all : all.filter((name) => only.includes(name));
}
