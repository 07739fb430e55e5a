import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A directory in which others could put another file in the place of one. */
export interface OpenDirectory {
	readonly directory: string;
	/** As chmod(1) has it: `0777`. */
	readonly mode: string;
}

/**
 * Where others could put another file in the place of this one: in its directory or, where it is a link, in that of the
 * file that it leads to. `undefined` where they can't, or no file and no directory is there yet. In a sticky directory
 * nobody takes another one's file away.
 *
 * @param path - absolute
 */
export function replaceableIn(path: string): OpenDirectory | undefined {
	for (const directory of new Set([dirname(path), dirname(target(path))])) {
		const mode = modeOf(directory);
		if (mode & 0o022 && !(mode & 0o1000)) return { directory, mode: (mode & 0o7777).toString(8).padStart(4, "0") };
	}
	return undefined;
}

/** 0 for what can't be looked at: then the file can't be opened either, which tells why. */
function modeOf(directory: string): number {
	try {
		return statSync(directory).mode;
	} catch {
		return 0;
	}
}

function target(path: string): string {
	try {
		return realpathSync(path);
	} catch {
		return path;
	}
}
