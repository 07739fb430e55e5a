import { USERS } from "../accounts/accounts.js";
import { ROOT_KEYS } from "../accounts/authorized-keys.js";
import type { StoredPassword } from "../accounts/password.js";
import { TroclaError } from "../errors.js";
import { shellWord } from "../input.js";
import type { Trocla } from "../trocla.js";
import type { FaultList, Located } from "./faults.js";
import { hashFaults } from "./hash-faults.js";
import { type Hashes, makeHashes, readHashes } from "./hashes.js";
import type { HostAccounts } from "./host-accounts.js";
import type { Grounds, Recalled } from "./last-run.js";
import { lossesOf } from "./losses.js";
import type { FileDigests } from "./manifest.js";
import { membersOf, type SharedList } from "./shared-list.js";
import type { Site } from "./site.js";

/** What is done, one after the other. */
export type Step = "read" | "made" | "printed" | "written";

export interface PlanSettings {
	readonly site: Site;
	/** Makes what the data asked of the store, and gives the site to read then; `undefined` where that was nothing. */
	readonly makeAsked?: (() => Promise<Site | undefined>) | undefined;
	/** The hosts to publish. */
	readonly hosts: readonly string[];
	readonly trocla: Pick<Trocla, "get" | "peekMany">;
	/** Whether hashes that are missing are made. */
	readonly create: boolean;
	/** Whether a host may lose all of its users, or all of root's keys. */
	readonly allowEmpty: boolean;
	/** Hears how much of a step is done. */
	readonly seen: (step: Step, done: number, total: number) => void;
	readonly signal?: AbortSignal | undefined;
}

/** What is published now. */
export interface Published {
	/** The files of a host; `undefined` where it is not published yet. */
	digests(host: string): FileDigests | undefined;
	/** The files of a host that would be as they are unless a hash has changed; they are there, and whole. */
	recall(host: string): Promise<Recalled | undefined>;
}

/** What a host gets: files to print, or those that it has. */
export type Planned =
	| { readonly set: HostAccounts; readonly grounds: Grounds | undefined }
	| { readonly digests: FileDigests; readonly grounds: Grounds };

/** What a publication will hold. */
export interface Plan {
	/** In the order of the hosts' names. */
	readonly hosts: ReadonlyMap<string, Planned>;
	/** The hosts for which no level has accounts or keys. */
	readonly unmanaged: readonly string[];
	readonly hashes: Hashes;
	/** How many hashes were made for it. */
	readonly made: number;
}

/**
 * Reads the data of the hosts and the hashes that they ask for. Nothing is made before the data of all of them is right.
 *
 * @throws {FaultyData} where anything is wrong with what would be published
 * @throws {TroclaError} `not_found` where no level has accounts or keys for any host
 */
export async function plan(settings: PlanSettings, published: Published): Promise<Plan> {
	const { site, trocla, create, seen, signal } = settings;
	const reader = new Reader(settings, published);
	await reader.readAll();
	const stored = await readHashes(trocla, reader.passwords());
	await reader.readChanged(stored);
	const { hosts, unmanaged } = reader.found();
	addHashFaults(hosts, stored, site.faults);
	site.faults.refuse();
	const complete = create ? await settings.makeAsked?.() : undefined;
	if (complete) return await plan({ ...settings, site: complete, makeAsked: undefined }, published);
	if (!create || stored.missing.length === 0) return { hosts, unmanaged, hashes: stored, made: 0 };

	const made = await makeHashes(trocla, stored.missing, {
		seen: (done, total) => seen("made", done, total),
		signal,
	});
	const hashes = stored.with(made);
	addHashFaults(hosts, hashes, site.faults);
	site.faults.refuse();
	return { hosts, unmanaged, hashes, made: stored.missing.length };
}

/** So many hosts are compared with the last run at a time. */
const AT_ONCE = 256;

/** Reads hosts, each once. */
class Reader {
	readonly #settings: PlanSettings;
	readonly #published: Published;
	readonly #fresh = new Map<string, { readonly set: HostAccounts; readonly grounds: Grounds | undefined }>();
	readonly #recalled = new Map<string, Recalled>();
	readonly #unmanaged: string[] = [];

	constructor(settings: PlanSettings, published: Published) {
		this.#settings = settings;
		this.#published = published;
	}

	/**
	 * Reads those that are not as they were.
	 *
	 * @throws {FaultyData}
	 */
	async readAll(): Promise<void> {
		const { hosts, seen, signal, site } = this.#settings;
		let done = 0;
		for (let start = 0; start < hosts.length; start += AT_ONCE) {
			const names = hosts.slice(start, start + AT_ONCE);
			const recalled = await Promise.all(names.map((name) => this.#published.recall(name)));
			for (const [index, name] of names.entries()) {
				signal?.throwIfAborted();
				const known = recalled[index];
				if (known) this.#recalled.set(name, known);
				else await this.#read(name);
				seen("read", ++done, hosts.length);
			}
		}
		site.faults.refuse();
	}

	/**
	 * Reads those whose passwords changed, and those that have one without a hash: it may be made in this run, or be at fault.
	 *
	 * @throws {FaultyData}
	 */
	async readChanged(hashes: Hashes): Promise<void> {
		for (const [name, recalled] of this.#recalled) {
			if (recalled.isCurrent(hashes)) continue;
			this.#recalled.delete(name);
			await this.#read(name);
		}
		this.#settings.site.faults.refuse();
	}

	/** The passwords of all hosts; one may come more than once. */
	passwords(): Iterable<StoredPassword> {
		const lists = new Set<SharedList<StoredPassword>>();
		for (const { set } of this.#fresh.values()) lists.add(set.passwords);
		for (const { grounds } of this.#recalled.values()) lists.add(grounds.passwords);
		return membersOf(lists);
	}

	/** @throws {TroclaError} `not_found` where there is no host to publish */
	found(): Pick<Plan, "hosts" | "unmanaged"> {
		const hosts = new Map<string, Planned>();
		for (const name of this.#settings.hosts) {
			const planned = this.#fresh.get(name) ?? this.#recalled.get(name);
			if (planned) hosts.set(name, planned);
		}
		if (hosts.size === 0) throw nothingFound(this.#unmanaged);
		return { hosts, unmanaged: this.#unmanaged };
	}

	async #read(name: string): Promise<void> {
		const { site, allowEmpty } = this.#settings;
		const read = await site.read(name);
		if (!read) return;
		const before = this.#published.digests(name);
		const losses = allowEmpty || !before ? [] : [...lossesOf(before, read === "nothing" ? undefined : read.set)];
		site.faults.add(name, losses);
		if (read === "nothing") this.#unmanaged.push(name);
		else {
			const { set, origins } = read;
			this.#fresh.set(name, { set, grounds: origins && { origins, passwords: set.passwords } });
		}
	}
}

function nothingFound(unmanaged: readonly string[]): TroclaError {
	const [host = ""] = unmanaged;
	const hosts = unmanaged.length === 1 ? shellWord(host) : `any of the ${unmanaged.length} hosts`;
	return new TroclaError(
		"not_found",
		`no level of the data has ${USERS} or ${ROOT_KEYS} for ${hosts}`,
		`See where it looks with: trocla lookup ${USERS} --node ${shellWord(host)} --explain`,
	);
}

/** Takes down the users whose hash can't be had, or is none that shadow(5) can hold. */
function addHashFaults(hosts: Plan["hosts"], hashes: Hashes, faults: FaultList): void {
	if (hashes.areSound) return;
	const found = new Map<HostAccounts, readonly Located[]>();
	for (const [host, planned] of hosts) {
		if (!("set" in planned)) continue;
		const { set } = planned;
		const faulty = found.get(set) ?? [...hashFaults(set, hashes)];
		found.set(set, faulty);
		faults.add(host, faulty);
	}
}
