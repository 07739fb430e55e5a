import { setImmediate } from "node:timers/promises";
import type { DataFiles } from "../hiera/data-files.js";
import type { SiteFault } from "./faults.js";
import { type FileTexts, setPrinter } from "./file-texts.js";
import type { HostAccounts } from "./host-accounts.js";
import { isOther } from "./init.js";
import { type Grounds, LAST_RUN, RunRecorder } from "./last-run.js";
import { FILES, type FileDigests, printManifest } from "./manifest.js";
import { type Plan, type PlanSettings, plan } from "./plan.js";
import { circumstancesOf, PublishedSets } from "./published.js";
import { isPublished } from "./same.js";
import type { SigningKey } from "./signing-key.js";
import type { Draft } from "./tree/draft.js";

export interface PublishSettings extends PlanSettings {
	readonly key: SigningKey;
	/** Which the data are read through. */
	readonly files: DataFiles;
	/** What every set hangs on besides its host's data, on one line. */
	readonly circumstances: string;
	/** Whether all hosts are looked up, also those for which nothing changed. */
	readonly anew: boolean;
	/** Whether the other hosts of the tree stay as they are, since `hosts` are not all. */
	readonly keepOthers: boolean;
	readonly now: () => Date;
	/** Hears of what does not stop it, a sentence each. */
	readonly warn: (message: string) => void;
}

/** What a publication did. */
export interface Publication extends Changes {
	/** How many hosts have a new time stamp. */
	readonly hosts: number;
	/** How many others stay as they were, since they were not to be published. */
	readonly kept: number;
	/** The hosts for which no level has accounts or keys; they are not published. */
	readonly unmanaged: readonly string[];
	/** How many hashes were made. */
	readonly made: number;
	/** The passwords that have no hash, since none was to be made; no password lets their users in. */
	readonly missing: readonly { readonly key: string; readonly format: string }[];
	readonly notes: readonly SiteFault[];
}

/** The hosts whose files differ from what they had, those that had none, and those that have none any more. */
export interface Changes {
	readonly changed: readonly string[];
	readonly added: readonly string[];
	readonly removed: readonly string[];
}

type Mutable = { readonly [List in keyof Changes]: string[] };

/**
 * Publishes the hosts' files: writes those that are new, signs a manifest with a new time stamp for each host, and puts
 * all of it in the place of what the tree had, at once.
 *
 * @param draft - of the tree, which is nobody else's meanwhile
 * @throws {FaultyData} where anything is wrong with the data; nothing was written then
 */
export async function publish(draft: Draft, settings: PublishSettings): Promise<Publication> {
	const published = new PublishedSets(draft, settings);
	return await write(draft, await plan(settings, published), published, settings);
}

/**
 * The same where any host's files would differ, a host comes or goes, or another key signs; else nothing is written, and the time stamps stay.
 *
 * @returns `undefined` where nothing differs
 * @throws {FaultyData}
 */
export async function publishChanges(draft: Draft, settings: PublishSettings): Promise<Publication | undefined> {
	const published = new PublishedSets(draft, settings);
	const planned = await plan(settings, published);
	const isSame = await isPublished(planned, { draft, published, ...settings });
	return isSame && !isOther(draft, settings.key) ? undefined : await write(draft, planned, published, settings);
}

async function write(
	draft: Draft,
	planned: Plan,
	published: PublishedSets,
	settings: PublishSettings,
): Promise<Publication> {
	const { keepOthers, warn, seen, files, key } = settings;
	const { current } = draft;
	const others = (current?.hosts() ?? []).filter((host) => !planned.hosts.has(host));
	const changes: Mutable = { changed: [], added: [], removed: keepOthers ? [] : others };
	const stamp = nextStamp(published.newest(), settings);
	const recorder = new RunRecorder(files, planned.hashes);
	for await (const [host, digests, grounds] of storeFiles(draft, planned, settings)) {
		const manifest = printManifest(host, stamp, digests);
		const signature = key.sign(Buffer.from(manifest.hashDigest), new Date(stamp));
		draft.add(host, { manifest, signature });
		note(host, published.digests(host), digests, changes);
		if (grounds) await recorder.add(host, digests, grounds);
	}
	if (keepOthers) for (const host of others) draft.keep(host);
	draft.beside(LAST_RUN, recorder.file({ key, stamp, circumstances: circumstancesOf(draft.number, settings) }));
	const { notRemoved } = await draft.publish((done, total) => seen("written", done, total));
	if (notRemoved) warn(`${notRemoved.message}; what was replaced is still there until the next run`);
	return summary(planned, settings, { ...changes, kept: keepOthers ? others.length : 0 });
}

/** Stores the files of each host, those of hosts with the same data once. */
async function* storeFiles(
	draft: Draft,
	{ hosts, hashes }: Plan,
	{ seen, signal }: PublishSettings,
): AsyncGenerator<readonly [host: string, digests: FileDigests, grounds: Grounds | undefined]> {
	const stored = new Map<HostAccounts, FileDigests>();
	const print = setPrinter(hashes.of);
	let done = 0;
	for (const [host, planned] of hosts) {
		if ("digests" in planned) yield [host, planned.digests, planned.grounds];
		else {
			const { set, grounds } = planned;
			const digests = stored.get(set) ?? storeTexts(draft, print(set));
			stored.set(set, digests);
			yield [host, digests, grounds];
		}
		if (++done % SLICE !== 0) continue;
		seen("printed", done, hosts.size);
		await setImmediate(); // so that signals are heard
		signal?.throwIfAborted();
	}
	seen("printed", done, hosts.size);
}

const SLICE = 16;

function storeTexts(draft: Draft, texts: FileTexts): FileDigests {
	// Each file has one.
	return Object.fromEntries(FILES.map((file) => [file, draft.object(texts[file])])) as FileDigests;
}

function note(host: string, before: FileDigests | undefined, after: FileDigests, { added, changed }: Mutable): void {
	if (!before) added.push(host);
	else if (FILES.some((file) => before[file] !== after[file])) changed.push(host);
}

/** More than this between two clocks is no drift. */
const MAX_DRIFT_MS = 60_000;

/**
 * The time of a run. Clients refuse a set that is older than the one they have, so it is later than any before, also
 * where the clock went back a little.
 */
function nextStamp(newest: number | undefined, { now, warn }: PublishSettings): number {
	const time = now().getTime();
	if (newest === undefined || newest < time) return time;
	if (newest - time < MAX_DRIFT_MS) return newest + 1;
	const before = new Date(newest).toISOString();
	warn(
		`the clock was set back, or it went wrong before: what is published is from ${before}. Clients may refuse what is older`,
	);
	return time;
}

function summary(
	{ hosts, unmanaged, hashes, made }: Plan,
	{ site, create }: PublishSettings,
	changes: Changes & Pick<Publication, "kept">,
): Publication {
	return {
		hosts: hosts.size,
		...changes,
		unmanaged,
		made,
		missing: create ? [] : hashes.missing,
		notes: site.notes.all(),
	};
}
