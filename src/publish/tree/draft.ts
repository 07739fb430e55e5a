import { readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { TroclaError } from "../../errors.js";
import { checkHostName, FILES, type FileDigests, parseManifest } from "../manifest.js";
import { flush, flushPath } from "./flush.js";
import { Generation, type SignedManifest } from "./generation.js";
import type { Layout } from "./layout.js";
import { hasContent, Objects } from "./objects.js";
import type { PublishedTree } from "./published-tree.js";
import { slices } from "./slices.js";
import { hostsToRemove, type Swept, sweep } from "./sweep.js";
import { makeNew, writeNew, writing } from "./write.js";

/** Hears how many steps of all are done. */
export type Seen = (done: number, total: number) => void;

/** What publishing a draft did to the tree. */
export interface Switched {
	/** Hosts whose set is new, and those that were carried over. */
	readonly written: number;
	readonly kept: number;
	/** Contents that were not there before, and those that were there damaged and were replaced. */
	readonly added: number;
	readonly mended: number;
	readonly removed: Swept;
	/** Why not all could be removed that is not needed any more: the next run tries it again. */
	readonly notRemoved: TroclaError | undefined;
}

/** What the tree is to become: the hosts that it is given, and no others. */
export class Draft {
	/** What is published; `undefined` where nothing is. */
	readonly current: PublishedTree | undefined;
	/** One more than what is published has. */
	readonly number: number;
	readonly #layout: Layout;
	readonly #objects: Objects;
	/** The objects that the sets of the draft name. */
	readonly #named = new Set<string>();
	/** `undefined` for those that are kept. */
	readonly #hosts = new Map<string, SignedManifest | undefined>();
	#isBegun = false;
	#isClosed = false;
	#isPublished = false;

	/** For who holds the tree's lock; `withTree` makes it. */
	constructor(layout: Layout, number: number, current: PublishedTree | undefined) {
		this.#layout = layout;
		this.number = number;
		this.#objects = new Objects(layout, current && number - 1);
		this.current = current;
	}

	/**
	 * Stores the content of a file where it is not stored yet, and gives its SHA-256.
	 *
	 * @throws {TroclaError} `store`
	 */
	object(text: string): string {
		this.#begin();
		return this.#objects.store(text);
	}

	/** Whether the contents of a published set are still there, and whole as far as can be told without reading them all. */
	holds(digests: FileDigests): boolean {
		try {
			for (const file of FILES) this.#objects.checkPublished(digests[file]);
			return true;
		} catch (error) {
			if (error instanceof TroclaError && error.code === "damaged") return false;
			throw error;
		}
	}

	/** The content of a file that `beside` wrote; `undefined` where there is none. */
	readBeside(name: string): string | undefined {
		try {
			return readFileSync(join(this.#layout.directory, name), "utf8");
		} catch {
			return undefined;
		}
	}

	/**
	 * Gives a host a new set. Its contents are stored already, in this run or before.
	 *
	 * @throws {TroclaError} `invalid` where the host has one in this draft, or it is another host's; `damaged` where a content
	 *   is not there as it was stored
	 */
	add(host: string, signed: SignedManifest): void {
		this.#refuseSecond(host);
		checkHostName(host);
		if (signed.manifest.host !== `${host}\n`) throw new TroclaError("invalid", `the set of ${host} is another host's`);
		const digests = parseManifest(signed.manifest.hashDigest);
		for (const file of FILES) this.#objects.check(digests[file]);
		this.#name(digests);
		this.#hosts.set(host, signed);
	}

	/**
	 * Carries a host over as it is published, with its time. That its set is whole shows when it is published.
	 *
	 * @throws {TroclaError} `invalid` where the host has a set in this draft, or none is published
	 */
	keep(host: string): void {
		this.#refuseSecond(host);
		if (!this.current?.has(host)) throw new TroclaError("invalid", `no set of ${host} is published`);
		this.#hosts.set(host, undefined);
	}

	/**
	 * Puts the draft in the place of what is published, in one step and on the disk, and removes what then is not needed
	 * any more. What was published just before stays for its readers. A draft is published once.
	 *
	 * @throws {TroclaError} `store`, or `damaged` where the set of a host that is kept is not whole; then what was published
	 *   is as it was
	 */
	async publish(seen: Seen = () => {}): Promise<Switched> {
		this.#begin();
		this.#isClosed = true;
		const total = this.#hosts.size + hostsToRemove(this.#layout);
		let done = 0;
		const progress = (steps: number) => {
			done += steps;
			seen(done, total);
		};
		await this.#write(progress);
		await this.#switch();
		const { size: added } = this.#objects.added;
		const written = [...this.#hosts.values()].filter((signed) => signed).length;
		const count = { written, kept: this.#hosts.size - written, added, mended: this.#objects.mended };
		try {
			return {
				...count,
				removed: await sweep(this.#layout, { removed: progress, named: this.#named }),
				notRemoved: undefined,
			};
		} catch (error) {
			if (!(error instanceof TroclaError)) throw error;
			return { ...count, removed: { objects: 0, generations: 0 }, notRemoved: error };
		}
	}

	/**
	 * Makes sure that a file of the tree that is in no set has this content, for those who look for it there. It reaches the
	 * disk with what is published next, or when the system wants.
	 *
	 * @param name - one that nothing else in a tree has
	 * @returns its path
	 * @throws {TroclaError} `store`
	 */
	beside(name: string, content: string | Uint8Array): string {
		const path = join(this.#layout.directory, name);
		if (hasContent(path, Buffer.from(content))) return path;
		const fresh = `${path}.new`;
		writing(fresh, () => rmSync(fresh, { force: true }));
		writeNew(fresh, content);
		writing(path, () => renameSync(fresh, path));
		return path;
	}

	/** Takes back what was not published; what can't be, the next run tries again. */
	async discard(): Promise<void> {
		this.#isClosed = true;
		if (this.#isBegun && !this.#isPublished) await sweep(this.#layout).catch(() => {});
	}

	/** As long as its directory is there, the next run knows that this one was killed. */
	#begin(): void {
		if (this.#isClosed) throw new TroclaError("invalid", "this draft is closed", "Begin another one");
		if (!this.#isBegun) makeNew(this.#layout.generation(this.number));
		this.#isBegun = true;
	}

	#refuseSecond(host: string): void {
		if (this.#hosts.has(host)) throw new TroclaError("invalid", `${host} is there twice`, "A host has one set");
	}

	async #write(progress: (steps: number) => void): Promise<void> {
		const generation = new Generation(this.#layout.generation(this.number), this.current);
		for await (const hosts of slices([...this.#hosts])) {
			for (const [host, signed] of hosts) {
				if (signed) generation.write(host, signed);
				else this.#keep(generation, host);
			}
			progress(hosts.length);
		}
	}

	#keep(generation: Generation, host: string): void {
		const set = this.current?.set(host);
		if (!this.current || !set) return;
		for (const file of FILES) this.#objects.checkPublished(set.digests[file]);
		this.#name(set.digests);
		generation.keep(host, this.current);
	}

	#name(digests: FileDigests): void {
		for (const file of FILES) this.#named.add(digests[file]);
	}

	async #switch(): Promise<void> {
		const { hosts, newHosts, directory } = this.#layout;
		writing(newHosts, () => symlinkSync(this.#layout.target(this.number), newHosts));
		await flush(this.#layout, this.number, this.#objects.added);
		writing(hosts, () => renameSync(newHosts, hosts));
		this.#isPublished = true;
		try {
			flushPath(directory);
		} catch (error) {
			const { message } = error as TroclaError; // which flushPath throws
			const hint = "The new sets are published, but a power cut could bring the old ones back: run it again";
			throw new TroclaError("store", message, hint, error);
		}
	}
}
