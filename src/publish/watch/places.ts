import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Looked } from "../../hiera/glob.js";
import { slices } from "../tree/slices.js";

/** The names in a directory on which something hangs; "all" where any name may. */
export type Names = ReadonlySet<string> | "all";

/** As many as Linux follows on one way. */
const MAX_LINKS = 40;

/**
 * Where a change may lead to other files than a run read: every directory on the way to each of them, by its real path, with
 * the name that is looked up there. So a directory that is put in the place of another, a link that leads elsewhere, and
 * what is not there yet are noticed like a file that is written.
 */
export class Places {
	readonly #directories = new Map<string, Set<string> | "all">();

	get directories(): ReadonlyMap<string, Names> {
		return this.#directories;
	}

	/** Adds where a run looked. */
	async add({ files, directories }: Looked): Promise<void> {
		const way = new Way((directory, name) => this.#note(directory, name));
		for await (const paths of slices([...directories])) {
			for (const path of paths) {
				const directory = way.follow(resolve(path));
				if (directory !== undefined) this.#directories.set(directory, "all");
			}
		}
		for await (const paths of slices([...files])) for (const path of paths) way.follow(resolve(path));
	}

	#note(directory: string, name: string): void {
		const names = this.#directories.get(directory) ?? new Set();
		if (names !== "all") names.add(name);
		this.#directories.set(directory, names);
	}
}

/** Follows paths as the kernel does, each part of them once. */
class Way {
	readonly #pass: (directory: string, name: string) => void;
	readonly #ends = new Map<string, string | undefined>([["/", "/"]]);

	/** @param pass - hears of each name that is looked up, and in which directory */
	constructor(pass: (directory: string, name: string) => void) {
		this.#pass = pass;
	}

	/** The real path of what an absolute path leads to; `undefined` where that is nothing. */
	follow(path: string, links = 0): string | undefined {
		if (this.#ends.has(path)) return this.#ends.get(path);
		const directory = this.follow(dirname(path), links);
		const end = directory === undefined ? undefined : this.#step(directory, basename(path), links);
		this.#ends.set(path, end);
		return end;
	}

	#step(directory: string, name: string, links: number): string | undefined {
		this.#pass(directory, name);
		const path = join(directory, name);
		const target = targetOf(path);
		if (target === undefined || target === "none") return target && path;
		return links === MAX_LINKS ? undefined : this.follow(resolve(directory, target.link), links + 1);
	}
}

/** Where a link leads; "none" for what is no link, `undefined` where nothing is, or nothing that can be looked at. */
function targetOf(path: string): { readonly link: string } | "none" | undefined {
	try {
		const stats = lstatSync(path, { throwIfNoEntry: false });
		if (!stats?.isSymbolicLink()) return stats && "none";
		return { link: readlinkSync(path) };
	} catch {
		return undefined;
	}
}
