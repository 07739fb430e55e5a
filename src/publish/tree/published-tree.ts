import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { TroclaError } from "../../errors.js";
import { type FileDigests, parseManifest, parseTimeStamp, sha256 } from "../manifest.js";
import { Layout } from "./layout.js";
import { readObject } from "./objects.js";
import { checkPlace } from "./place.js";

/** A host's set as it is published. */
export interface HostSet {
	/** When it was published: milliseconds since the epoch. */
	readonly stamp: number;
	readonly digests: FileDigests;
}

/**
 * One generation of a tree, which does not change. It can be read until the next run but one removes it.
 */
export class PublishedTree {
	readonly #layout: Layout;
	readonly #directory: string;
	readonly #hosts: ReadonlySet<string>;

	constructor(layout: Layout, number: number) {
		this.#layout = layout;
		this.#directory = layout.generation(number);
		this.#hosts = new Set(this.#list());
	}

	/** Its hosts, in the order of their bytes. */
	hosts(): readonly string[] {
		return [...this.#hosts];
	}

	has(host: string): boolean {
		return this.#hosts.has(host);
	}

	/** Where the files of a host lie. */
	directory(host: string): string {
		return join(this.#directory, host);
	}

	/**
	 * The set of a host; `undefined` where it has none. Its objects are not looked at.
	 *
	 * @throws {TroclaError} `damaged` where it is not whole; to publish the host anew mends it
	 */
	set(host: string): HostSet | undefined {
		if (!this.#hosts.has(host)) return undefined;
		try {
			const { Host, TimeStamp, ...digests } = parseManifest(this.#read(host, "HashDigest"));
			const timeStamp = this.#read(host, "TimeStamp");
			if (sha256(timeStamp) !== TimeStamp) throw new TroclaError("damaged", "TimeStamp differs from HashDigest");
			const name = this.#read(host, "Host");
			if (sha256(name) !== Host || name !== `${host}\n`) throw new TroclaError("damaged", "Host is not the host's");
			return { stamp: parseTimeStamp(timeStamp), digests };
		} catch (error) {
			throw this.#damaged(host, error);
		}
	}

	/**
	 * The newest time of a set, in milliseconds since the epoch; `undefined` where no host has any. What can't be read is
	 * passed over.
	 */
	newest(): number | undefined {
		let newest: number | undefined;
		for (const host of this.#hosts) {
			try {
				newest = Math.max(newest ?? 0, parseTimeStamp(this.#read(host, "TimeStamp")));
			} catch {
				// Whoever needs this set learns it from `set`.
			}
		}
		return newest;
	}

	/**
	 * The text of an object.
	 *
	 * @throws {TroclaError} `damaged` where it is not there, or has another digest than its name says
	 */
	object(digest: string): string {
		return readObject(this.#layout, digest).toString();
	}

	#list(): string[] {
		try {
			const hosts = readdirSync(this.#directory).map((name) => ({ name, bytes: Buffer.from(name) }));
			return hosts.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ name }) => name);
		} catch (error) {
			throw this.#gone() ?? new TroclaError("damaged", `${this.#directory}: ${(error as Error).message}`);
		}
	}

	#read(host: string, name: string): string {
		return readFileSync(join(this.#directory, host, name), "utf8");
	}

	#damaged(host: string, error: unknown): TroclaError {
		const why = (error as Error).message; // ours or the file system's
		const hint = `Publish this host again; it was published from ${this.directory(host)}`;
		return this.#gone() ?? new TroclaError("damaged", `the published set of ${host} is damaged: ${why}`, hint, error);
	}

	#gone(): TroclaError | undefined {
		if (existsSync(this.#directory)) return undefined;
		const message = `${this.#layout.directory} was published twice while it was read`;
		return new TroclaError("store", message, "Run it again");
	}
}

/**
 * What is published in a tree, as it is now; it takes no lock and writes nothing.
 *
 * @returns `undefined` where nothing is
 * @throws {TroclaError} as `withTree` does
 */
export async function readTree(directory: string): Promise<PublishedTree | undefined> {
	const layout = new Layout(resolve(directory));
	if (!checkPlace(layout, "read")) return undefined;
	const number = layout.published();
	return number === undefined ? undefined : new PublishedTree(layout, number);
}
