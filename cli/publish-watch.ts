import type { Config } from "../src/config/config.js";
import { storeFile } from "../src/config/store.js";
import { openConfigured } from "../src/open.js";
import { type WatchSettings, watchSite } from "../src/publish/watch.js";
import type { Context } from "./context.js";
import type { FlagValues } from "./flags.js";
import { untilInterrupted } from "./interrupt.js";
import { manyAtOnce } from "./many-at-once.js";
import { tell } from "./output.js";
import { readPeriod } from "./period.js";
import { auditPublication } from "./publish-report.js";
import { RoundTeller } from "./round-teller.js";

const EVERY = "5m";

type Given = Omit<WatchSettings, "store" | "every" | "unwatched" | "seen" | "signal">;

/**
 * Publishes whenever something changes, until a signal ends it. SIGHUP does too, as for every command, since a terminal that
 * is closed sends it: who wants a run at once has `trocla publish`.
 */
export async function watch(context: Context, given: Given, flags: FlagValues): Promise<number> {
	const period = flags.every === undefined ? EVERY : String(flags.every).replace(/^\d+$/, "$&s");
	const every = readPeriod("--every", period, EVERY);
	const config = await context.config();
	const opening = { ...context.opening(false), ...manyAtOnce() };
	const teller = new RoundTeller(context);
	const { warn } = teller;
	const settings: Omit<WatchSettings, "signal"> = {
		...given,
		store: { ...filesOf(config), open: () => openConfigured(config, { ...opening, warn }) },
		every,
		warn,
		seen: () => {},
		unwatched: (directory, error) => context.warn(describeUnwatched(directory, error, period)),
	};
	if (!context.json) tell(describeWatch(settings, period));
	return await untilInterrupted(async (signal) => {
		for await (const round of watchSite({ ...settings, signal })) {
			if (round.kind === "published") await auditPublication(context, round.publication);
			teller.tell(round);
		}
		return 0;
	});
}

function filesOf({ store, sealing }: Config): Pick<WatchSettings["store"], "files" | "written"> {
	const ring = sealing?.ring.kind === "file" ? [sealing.ring.path] : [];
	const path = storeFile(store);
	if (path === undefined) return { files: ring, written: [] };
	return { files: [path, ...ring], written: [path, `${path}-wal`] }; // what is written goes to its log first
}

function describeWatch({ tree, hieraConfig, hosts, store }: Omit<WatchSettings, "signal">, period: string): string {
	const [path] = store.written;
	const read = [
		`the data of ${[hieraConfig].flat().join(" and ")}`,
		`the hosts in ${hosts}`,
		...(path === undefined ? [] : [`the store ${path}`]),
	];
	return `Publishes to ${tree} when there are changes in ${read.join(", ")}; and at least every ${period}.`;
}

function describeUnwatched(directory: string, { code, message }: NodeJS.ErrnoException, period: string): string {
	const [limit] = LIMITS.flatMap(([known, name]) => (known === code ? [name] : []));
	const hint = limit === undefined ? "" : `\n  Raise the limit: sysctl ${limit}`;
	return `not every directory can be watched (${directory}: ${message}); what changes there is seen every ${period}${hint}`;
}

/** See inotify(7). */
const LIMITS = [
	["ENOSPC", "fs.inotify.max_user_watches"],
	["EMFILE", "fs.inotify.max_user_instances"],
] as const;
