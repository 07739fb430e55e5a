import { setImmediate } from "node:timers/promises";
import { DataFiles } from "../hiera/data-files.js";
import { publishSite, publishSiteChanges, type SiteSettings } from "./publish-site.js";
import { Alarm } from "./watch/alarm.js";
import { WatchedDirectories, type WatchedSettings } from "./watch/directories.js";
import { KeptStore, type KeptStoreSettings } from "./watch/kept-store.js";
import { Places } from "./watch/places.js";
import { Rhythm } from "./watch/rhythm.js";
import { failure, isHopeless, type Round } from "./watch/round.js";

export interface WatchSettings extends Omit<SiteSettings, "trocla" | "files"> {
	readonly store: KeptStoreSettings & {
		/** The files that are written when anything in it changes; none for a store that is no file. */
		readonly written: readonly string[];
	};
	/** Time stamps are to be no older, in seconds. */
	readonly every: number;
	/** Hears of a directory that can't be watched, the first for each reason. */
	readonly unwatched: WatchedSettings["unwatched"];
}

/**
 * Publishes a site, and again whenever something changes of what the last run read: data, facts, which hosts there are,
 * keys, the store. Where nothing differs such a run writes nothing; but all is published at least as often as `every`, for
 * the time stamps and for what no event told of, as on a network's file system. The tree is locked only during runs.
 *
 * Data with a fault is tried again when something changes. For a store or a disk that fails nothing may, so that is tried
 * again after a second, then two, four, up to `every`.
 *
 * @returns rounds without an end; its `return` closes what it has opened
 * @throws {TroclaError} in the first round, where what is asked for can't be done; later, and for what time or other data
 *   may mend, it is a round. The signal's reason when it is aborted
 */
export async function* watchSite(settings: WatchSettings): AsyncGenerator<Round, never, undefined> {
	const { signal, store } = settings;
	const alarm = new Alarm();
	const kept = new KeptStore(store);
	const { tree: except, unwatched } = settings;
	const watched = new WatchedDirectories({ except, unwatched, changed: () => alarm.hear() });
	const rhythm = new Rhythm(settings.every * 1000);
	let places = new Places();
	try {
		for (let isFirst = true; ; isFirst = false) {
			const run = rhythm.begin();
			const files = new DataFiles();
			const round = await attempt({ ...settings, anew: settings.anew && isFirst, files }, kept, run);
			signal?.throwIfAborted();
			if (round.kind !== "failed") places = new Places();
			else if (isFirst && isHopeless(round.error)) throw round.error;
			await places.add(alwaysLookedAt(settings));
			await places.add(files.looked());
			if (watched.set(places.directories)) alarm.hear();
			rhythm.end(round);
			yield round;
			if (rhythm.isRetry) await forgetOwn(alarm);
			await alarm.wait({ ...rhythm.next(), signal });
		}
	} finally {
		watched.close();
		await kept.close();
	}
}

async function attempt(
	settings: Omit<SiteSettings, "trocla">,
	kept: KeptStore,
	run: "everything" | "changes",
): Promise<Round> {
	try {
		const site = { ...settings, trocla: await kept.get() };
		const publication = await (run === "everything" ? publishSite(site) : publishSiteChanges(site));
		return publication ? { kind: "published", publication } : { kind: "same" };
	} catch (error) {
		const failed = failure(error);
		if (failed.mendedBy === "time") await kept.close().catch(() => {});
		return failed;
	}
}

/** What a run hangs on that read nothing. */
function alwaysLookedAt({ hieraConfig, hosts, only, store }: WatchSettings) {
	const files = new Set([hieraConfig, store.files, store.written].flat());
	return { files, directories: new Set(only ? [] : [hosts]) };
}

/** To open and close a store that fails are events too: they would have it tried again at once. */
async function forgetOwn(alarm: Alarm): Promise<void> {
	for (let turns = 0; turns < 2; turns++) await setImmediate(); // until libuv has read them
	alarm.forget();
}
