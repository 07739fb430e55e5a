import type { HostDifference } from "./difference/print.js";
import { Differences } from "./difference/remembered.js";
import type { SiteFault } from "./faults.js";
import { digestsOf, setPrinter } from "./file-texts.js";
import type { HostAccounts } from "./host-accounts.js";
import { FILES, type FileDigests } from "./manifest.js";
import { type Plan, plan } from "./plan.js";
import { openSite, type SiteSettings } from "./publish-site.js";
import { KnownSets } from "./published.js";
import { type PublishedTree, readTree } from "./tree/published-tree.js";

/** What a publication would do. */
export interface Preview {
	/** How many hosts would have a new time stamp. */
	readonly hosts: number;
	/** The hosts whose files would differ, or come or go, in the order of their names. */
	readonly differences: readonly HostDifference[];
	/** The hosts for which no level has accounts or keys; they would not be published. */
	readonly unmanaged: readonly string[];
	/** The passwords that have no hash: it would be made, unless none is to be made. */
	readonly missing: readonly { readonly key: string; readonly format: string }[];
	readonly notes: readonly SiteFault[];
}

/** Stands for one that would be made; it is never stored nor published. */
const HASH_TO_COME = `$6$......$${".".repeat(86)}`;

/**
 * Says what `publishSite` would do, and does none of it.
 *
 * @throws {FaultyData}
 */
export async function previewSite(settings: SiteSettings): Promise<Preview> {
	const { only, create } = settings;
	const tree = await readTree(settings.tree);
	const published = new KnownSets(tree, settings.warn);
	const opened = await openSite(settings);
	const planned = await plan({ ...opened, create: false }, published);
	const differences = await compare(planned, { tree, published, create });
	const others = (tree?.hosts() ?? []).filter((host) => !planned.hosts.has(host));
	const gone = only ? [] : others.map((host): HostDifference => ({ host, change: "removed", differences: [] }));
	return {
		hosts: planned.hosts.size,
		differences: [...differences, ...gone],
		unmanaged: planned.unmanaged,
		missing: planned.hashes.missing,
		notes: opened.site.notes.all(),
	};
}

interface Compared {
	readonly tree: PublishedTree | undefined;
	readonly published: KnownSets;
	/** Whether hashes would be made. */
	readonly create: boolean;
}

async function compare({ hosts, hashes }: Plan, { tree, published, create }: Compared): Promise<HostDifference[]> {
	const found = new Differences();
	const hashOf: typeof hashes.of = (password) => hashes.of(password) ?? (create ? HASH_TO_COME : undefined);
	const print = setPrinter(hashOf);
	const digests = new Map<HostAccounts, FileDigests>();
	const differences: HostDifference[] = [];
	for (const [host, planned] of hosts) {
		if (!("set" in planned)) continue;
		const { set } = planned;
		const texts = () => print(set);
		const after = digests.get(set) ?? digestsOf(texts());
		digests.set(set, after);
		const old = published.digests(host);
		if (old && FILES.every((file) => old[file] === after[file])) continue;
		const pair = FILES.map((file) => `${old?.[file]}:${after[file]}`).join();
		const read = () => ({ before: old && tree ? textsOf(tree, old) : undefined, after: texts() });
		differences.push({ host, change: old ? "changed" : "added", differences: await found.of(pair, read) });
	}
	return differences;
}

const textsOf = (tree: PublishedTree, digests: FileDigests) =>
	Object.fromEntries(FILES.map((file) => [file, tree.object(digests[file])]));
