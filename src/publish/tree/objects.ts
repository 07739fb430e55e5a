import { closeSync, constants, lstatSync, openSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { TroclaError } from "../../errors.js";
import { sha256 } from "../manifest.js";
import type { Layout } from "./layout.js";
import { writeNew, writing } from "./write.js";

const NEW = ".new";

/** As many as a digit of a digest has values. */
const TURNS = 16;

/** The name of an object, or of one that a killed run did not finish; anything else is not ours. */
export const isObject = (name: string) => /^[0-9a-f]{64}(\.new)?$/.test(name);

/**
 * The contents of a tree, each once under its SHA-256. Only who holds the tree's lock may have one.
 *
 * What is there already is read once a run before a set names it: a power cut can leave an object of a run that was
 * not published without its content, a disk can spoil it, and clients would refuse the set until the end of days.
 *
 * Those that the published sets name were whole, and on the disk, when that was published. Where nobody touched one
 * since, only the disk can have spoilt it: of these, each is read in every sixteenth run.
 */
export class Objects {
	readonly #layout: Layout;
	/** Those that were there when the run began. */
	readonly #present: ReadonlySet<string>;
	readonly #published: { readonly number: number; readonly writtenMs: number } | undefined;
	readonly #whole = new Set<string>();
	readonly #added = new Set<string>();
	#mended = 0;

	/** @param published - the number of the generation that is published; `undefined` where none is */
	constructor(layout: Layout, published: number | undefined) {
		this.#layout = layout;
		this.#present = new Set(readdirSync(layout.objects));
		if (published !== undefined) {
			this.#published = { number: published, writtenMs: lstatSync(layout.generation(published)).ctimeMs };
		}
	}

	/** The names of those that this run added. */
	get added(): ReadonlySet<string> {
		return this.#added;
	}

	/** How many were there with another content, which were replaced. */
	get mended(): number {
		return this.#mended;
	}

	/**
	 * Stores a text where it is not stored yet, and gives its digest. It is under its name when it is whole.
	 *
	 * @throws {TroclaError} `store`
	 */
	store(text: string): string {
		const content = Buffer.from(text);
		const digest = sha256(content);
		if (!this.#whole.has(digest)) this.#place(digest, content);
		return digest;
	}

	/**
	 * Makes sure that one that a set names has the content of its name.
	 *
	 * @throws {TroclaError} `damaged`
	 */
	check(digest: string): void {
		if (this.#whole.has(digest)) return;
		readObject(this.#layout, digest);
		this.#whole.add(digest);
	}

	/**
	 * The same for one that a published set names.
	 *
	 * @throws {TroclaError} `damaged`
	 */
	checkPublished(digest: string): void {
		if (this.#whole.has(digest)) return;
		if (this.#isUntouched(digest)) this.#whole.add(digest);
		else this.check(digest);
	}

	/**
	 * Whether nobody wrote, moved or replaced an object since the published sets were written, and it is not its turn to be
	 * read. A run writes the directory of its sets after all of its objects, and only the kernel sets a ctime, inode(7).
	 */
	#isUntouched(digest: string): boolean {
		const published = this.#published;
		if (!published || digest.startsWith((published.number % TURNS).toString(TURNS))) return false;
		const stats = lstatSync(this.#layout.object(digest), { throwIfNoEntry: false });
		return stats?.isFile() === true && stats.ctimeMs < published.writtenMs;
	}

	#place(digest: string, content: Buffer): void {
		const path = this.#layout.object(digest);
		const isThere = this.#present.has(digest);
		if (!isThere || !hasContent(path, content)) {
			if (isThere) this.#mended++;
			else this.#added.add(digest);
			writeNew(path + NEW, content);
			writing(path, () => renameSync(path + NEW, path));
		}
		this.#whole.add(digest);
	}
}

/**
 * The content of an object.
 *
 * @throws {TroclaError} `damaged` where it is not there, or has another digest than its name says
 */
export function readObject(layout: Layout, digest: string): Buffer {
	const path = layout.object(digest);
	let content: Buffer;
	try {
		content = readPlain(path);
	} catch (error) {
		throw damaged(`can't be read: ${(error as Error).message}`, path); // the file system's reason
	}
	if (sha256(content) !== digest) throw damaged("has another SHA-256 than its name", path);
	return content;
}

function damaged(what: string, path: string): TroclaError {
	return new TroclaError("damaged", `${path} ${what}`, "Publish all hosts: what they need is then written again");
}

/** Whether a file has this content, and is no link; what can't be read is replaced like what differs. */
export function hasContent(path: string, content: Buffer): boolean {
	try {
		return readPlain(path).equals(content);
	} catch {
		return false;
	}
}

/** What a file has that is no link; where it is a pipe, nobody waits for who writes into it. */
function readPlain(path: string): Buffer {
	const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	try {
		return readFileSync(file);
	} finally {
		closeSync(file);
	}
}
