import { createHash } from "node:crypto";
import { readFile } from "node:fs";
import { atMost } from "../turns.js";

/** Files that are open at a time; a process may have some hundred. */
const MAX_OPEN = 64;

/** Bytes of files that nobody has asked for yet; more are read again when they are asked for. */
const MAX_KEPT = 64 * 1024 * 1024;

interface Content {
	readonly digest: string;
	/** Until they are asked for, where there are not too many. */
	bytes: Uint8Array | undefined;
}

/** What the files of one run hold, each read once. What changes on disk meanwhile is not seen. */
export class Contents {
	readonly #files = new Map<string, Promise<Content | undefined>>();
	readonly #turns = atMost(MAX_OPEN);
	#kept = 0;

	/** The files that were asked for, also those that are not there. */
	get paths(): Iterable<string> {
		return this.#files.keys();
	}

	/**
	 * The bytes of a file; `undefined` where there is none.
	 *
	 * @throws the file system's error where it can't be read; `ESTALE` where it is read from disk again, since they were asked
	 *   for before, and holds something else now
	 */
	async bytes(path: string): Promise<Uint8Array | undefined> {
		const content = await this.#file(path);
		if (!content) return undefined;
		const { bytes } = content;
		content.bytes = undefined;
		this.#kept -= bytes?.length ?? 0;
		if (bytes) return bytes;
		const again = await this.#turns(() => read(path));
		if (again?.digest === content.digest) return again.bytes;
		throw Object.assign(new Error("it changed since it was read first"), { code: "ESTALE" });
	}

	/**
	 * The state of a file as a text: the SHA-256 of its bytes in hex, or where it can't be read the error's code behind a
	 * `!`; `null` where there is no file.
	 */
	async digest(path: string): Promise<string | null> {
		try {
			return (await this.#file(path))?.digest ?? null;
		} catch (error) {
			return `!${(error as NodeJS.ErrnoException).code}`; // the file system's
		}
	}

	#file(path: string): Promise<Content | undefined> {
		const known = this.#files.get(path);
		if (known) return known;
		const content = this.#turns(() => read(path)).then((content) => content && this.#keep(content));
		this.#files.set(path, content);
		return content;
	}

	#keep(content: Content): Content {
		if (this.#kept > MAX_KEPT) return { digest: content.digest, bytes: undefined };
		this.#kept += content.bytes?.length ?? 0;
		return content;
	}
}

/** The callback's way: for a file that is not there it takes a third of the time that the promise's does. */
function read(path: string): Promise<Content | undefined> {
	return new Promise((resolve, reject) => {
		readFile(path, (error, bytes) => {
			if (!error) resolve({ digest: createHash("sha256").update(bytes).digest("hex"), bytes });
			else if (error.code === "ENOENT" || error.code === "ENOTDIR") resolve(undefined);
			else reject(error);
		});
	});
}
