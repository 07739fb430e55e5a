import { TroclaError } from "../errors.js";
import { LAST_RUN, LastRun, type Recalled } from "./last-run.js";
import type { FileDigests } from "./manifest.js";
import type { Published } from "./plan.js";
import type { PublishSettings } from "./publish.js";
import type { Draft } from "./tree/draft.js";
import type { PublishedTree } from "./tree/published-tree.js";

/** The sets that a tree has, of which a set that is damaged is as good as none, since it is written anew. */
export class KnownSets {
	readonly #tree: PublishedTree | undefined;
	readonly #warn: (message: string) => void;
	readonly #known = new Map<string, FileDigests | undefined>();

	constructor(tree: PublishedTree | undefined, warn: (message: string) => void) {
		this.#tree = tree;
		this.#warn = warn;
	}

	digests(host: string): FileDigests | undefined {
		if (!this.#known.has(host)) this.#known.set(host, this.#read(host));
		return this.#known.get(host);
	}

	async recall(_: string): Promise<Recalled | undefined> {
		return undefined;
	}

	/** That this is what the host has. */
	protected remember(host: string, digests: FileDigests): void {
		this.#known.set(host, digests);
	}

	#read(host: string): FileDigests | undefined {
		try {
			return this.#tree?.set(host)?.digests;
		} catch (error) {
			if (!(error instanceof TroclaError) || error.code !== "damaged") throw error;
			this.#warn(`${error.message}; it is written anew`);
			return undefined;
		}
	}
}

/** The same for a run, which goes on from what the last one left. */
export class PublishedSets extends KnownSets implements Published {
	readonly #draft: Draft;
	readonly #lastRun: LastRun | undefined;

	constructor(draft: Draft, settings: PublishSettings) {
		super(draft.current, settings.warn);
		this.#draft = draft;
		// What a killed run wrote is of a generation that was never published.
		const circumstances = circumstancesOf(draft.number - 1, settings);
		const file = draft.current && !settings.anew ? draft.readBeside(LAST_RUN) : undefined;
		const { key, files, site } = settings;
		const digestVariables = site.digestVariables.bind(site);
		this.#lastRun = LastRun.read(file, { circumstances, key, files, digestVariables });
	}

	/** The newest time of a set, in milliseconds since the epoch; `undefined` where there is none. */
	newest(): number | undefined {
		return this.#lastRun?.stamp ?? this.#draft.current?.newest();
	}

	override async recall(host: string): Promise<Recalled | undefined> {
		if (!this.#draft.current?.has(host)) return undefined;
		const recalled = await this.#lastRun?.recall(host);
		if (!recalled || !this.#draft.holds(recalled.digests)) return undefined;
		this.remember(host, recalled.digests);
		return recalled;
	}
}

/** @param generation - the number of the one that the run publishes */
export function circumstancesOf(generation: number, { circumstances }: Pick<PublishSettings, "circumstances">): string {
	return `${generation} ${circumstances}`;
}
