import { linkSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TroclaError } from "../../errors.js";
import type { Manifest } from "../manifest.js";
import { HOST_FILES } from "./layout.js";
import type { PublishedTree } from "./published-tree.js";
import { makeNew, writeNew, writing } from "./write.js";

/** What makes a host's set one: its manifest, and the signature of the manifest's `HashDigest`. */
export interface SignedManifest {
	readonly manifest: Manifest;
	/** A binary detached OpenPGP signature. */
	readonly signature: Uint8Array;
}

/**
 * A generation that is being made, in a directory that is there.
 *
 * All hosts of a run have one `TimeStamp`, and `Host` never changes, so these two are hard links. That saves a fifth of
 * the space, and of the time that it takes to make and to remove a generation.
 */
export class Generation {
	readonly #directory: string;
	readonly #before: PublishedTree | undefined;
	readonly #known: ReadonlySet<string>;
	/** The last `TimeStamp` that was written, by its text. */
	#timeStamp: { readonly text: string; readonly path: string } | undefined;

	/** @param before - the published one */
	constructor(directory: string, before: PublishedTree | undefined) {
		this.#directory = directory;
		this.#before = before;
		this.#known = new Set(before?.hosts());
	}

	/** @throws {TroclaError} `store` */
	write(host: string, { manifest, signature }: SignedManifest): void {
		const directory = join(this.#directory, host);
		makeNew(directory);
		this.#placeHost(host, manifest.host);
		this.#placeTimeStamp(join(directory, "TimeStamp"), manifest.timeStamp);
		writeNew(join(directory, "HashDigest"), manifest.hashDigest);
		writeNew(join(directory, "HashDigest.signed"), signature);
	}

	/**
	 * Carries a host of the published generation over.
	 *
	 * @throws {TroclaError} `damaged` where its files are not there, `store`
	 */
	keep(host: string, before: PublishedTree): void {
		const directory = join(this.#directory, host);
		makeNew(directory);
		for (const name of HOST_FILES) {
			const path = join(before.directory(host), name);
			try {
				linkSync(path, join(directory, name));
			} catch (error) {
				const { code, message } = error as NodeJS.ErrnoException;
				const lost = new TroclaError("damaged", `${path} is not there any more`, "Publish this host again");
				throw code === "ENOENT" ? lost : new TroclaError("store", `${path} can't be carried over: ${message}`);
			}
		}
	}

	#placeHost(host: string, text: string): void {
		const path = join(this.#directory, host, "Host");
		const before = this.#known.has(host) ? this.#before && join(this.#before.directory(host), "Host") : undefined;
		if (before === undefined || !has(before, text) || !link(before, path)) writeNew(path, text);
	}

	#placeTimeStamp(path: string, text: string): void {
		if (this.#timeStamp?.text === text && link(this.#timeStamp.path, path)) return;
		writeNew(path, text);
		this.#timeStamp = { text, path };
	}
}

function has(path: string, text: string): boolean {
	try {
		return readFileSync(path, "utf8") === text;
	} catch {
		return false;
	}
}

/** Whether it could be linked: a file system has a limit of links to one file, or has none at all. */
function link(from: string, to: string): boolean {
	try {
		linkSync(from, to);
		return true;
	} catch (error) {
		const { code = "" } = error as NodeJS.ErrnoException;
		if (["EMLINK", "EPERM", "ENOTSUP", "ENOSYS"].includes(code)) return false;
		return writing(to, () => {
			throw error;
		});
	}
}
