import { digestsOf, setPrinter } from "./file-texts.js";
import type { HostAccounts } from "./host-accounts.js";
import { FILES, type FileDigests } from "./manifest.js";
import type { Plan, Published } from "./plan.js";
import type { Draft } from "./tree/draft.js";
import { slices } from "./tree/slices.js";

export interface Compared {
	readonly draft: Draft;
	readonly published: Published;
	/** Whether hosts of the tree that are not in the plan stay. */
	readonly keepOthers: boolean;
	readonly signal?: AbortSignal | undefined;
}

/** Whether a plan's hosts are in the tree with these files, and no others are; it writes nothing. */
export async function isPublished({ hosts, hashes }: Plan, compared: Compared): Promise<boolean> {
	const { draft, published, keepOthers, signal } = compared;
	if (!draft.current || (!keepOthers && draft.current.hosts().some((host) => !hosts.has(host)))) return false;
	const digests = new Map<HostAccounts, FileDigests>();
	const print = setPrinter(hashes.of);
	for await (const slice of slices([...hosts])) {
		signal?.throwIfAborted();
		for (const [host, planned] of slice) {
			if ("digests" in planned) continue; // they are the ones that it has
			const { set } = planned;
			const after = digests.get(set) ?? digestsOf(print(set));
			digests.set(set, after);
			const before = published.digests(host);
			if (!before || FILES.some((file) => before[file] !== after[file]) || !draft.holds(before)) return false;
		}
	}
	return true;
}
