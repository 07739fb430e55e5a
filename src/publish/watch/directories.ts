import { type FSWatcher, realpathSync, statSync, watch } from "node:fs";
import { basename } from "node:path";
import type { Names } from "./places.js";

export interface WatchedSettings {
	/** Where events count for nothing, a directory and all below it: what we write ourselves. */
	readonly except: string;
	/** Hears that something changed. */
	readonly changed: () => void;
	/** Hears of a directory that can't be watched, the first for each reason. */
	readonly unwatched: (directory: string, error: NodeJS.ErrnoException) => void;
}

interface Watched {
	readonly watcher: FSWatcher;
	/** The file system's number of the directory: another one may be in its place by now. */
	readonly identity: string;
	names: Names;
	/** Whether the directory may be gone, and its watcher with it; a new one may even have the same number. */
	isDoubtful: boolean;
}

/**
 * Watches directories by the kernel's inotify(7), which Node has as `fs.watch`. Libraries for that (chokidar) read every
 * directory below a root, and all that they add is for other systems, or for trees whose files nobody knows; here each file
 * that counts is known by its name.
 */
export class WatchedDirectories {
	readonly #settings: WatchedSettings;
	readonly #watched = new Map<string, Watched>();
	readonly #reasons = new Set<string>();

	constructor(settings: WatchedSettings) {
		this.#settings = settings;
	}

	/**
	 * Watches these directories, and no others any more.
	 *
	 * @returns whether any is watched only from now on: what changed there before was not heard
	 */
	set(directories: ReadonlyMap<string, Names>): boolean {
		const except = realPath(this.#settings.except);
		const isOurs = (path: string) => path === except || path.startsWith(`${except}/`);
		const wanted = [...directories].filter(([path]) => !isOurs(path));
		const paths = new Set(wanted.map(([path]) => path));
		for (const path of this.#watched.keys()) if (!paths.has(path)) this.#end(path);
		let isAnyNew = false;
		for (const [path, names] of wanted) if (this.#watch(path, names)) isAnyNew = true;
		return isAnyNew;
	}

	close(): void {
		for (const path of this.#watched.keys()) this.#end(path);
	}

	/** Whether it was not watched yet, and is now. */
	#watch(path: string, names: Names): boolean {
		const known = this.#watched.get(path);
		const identity = identify(path);
		if (known && !known.isDoubtful && known.identity === identity) {
			known.names = names;
			return false;
		}
		this.#end(path);
		if (identity === undefined) return false;
		try {
			const watcher = watch(path, (event, name) => this.#hear(path, event, name));
			watcher.on("error", () => this.#hear(path, "rename", null));
			this.#watched.set(path, { watcher, identity, names, isDoubtful: false });
			return true;
		} catch (error) {
			this.#tell(path, error as NodeJS.ErrnoException); // the file system's
			return false;
		}
	}

	#hear(path: string, event: string, name: string | null): void {
		const watched = this.#watched.get(path);
		if (!watched) return;
		// libuv gives what happens to the directory itself with the directory's own name.
		const isOwn = event === "rename" && (name === null || name === basename(path));
		if (isOwn) watched.isDoubtful = true;
		if (isOwn || name === null || watched.names === "all" || watched.names.has(name)) this.#settings.changed();
	}

	#tell(path: string, error: NodeJS.ErrnoException): void {
		const { code = "" } = error;
		if (code === "ENOENT" || code === "ENOTDIR") return; // it went away just now, which the directory above tells
		if (!this.#reasons.has(code)) this.#settings.unwatched(path, error);
		this.#reasons.add(code);
	}

	#end(path: string): void {
		this.#watched.get(path)?.watcher.close();
		this.#watched.delete(path);
	}
}

function identify(path: string): string | undefined {
	try {
		const { dev, ino } = statSync(path);
		return `${dev}:${ino}`;
	} catch {
		return undefined;
	}
}

function realPath(path: string): string {
	try {
		return realpathSync(path);
	} catch {
		return path;
	}
}
