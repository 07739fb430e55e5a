import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";

/** Set by the build: tells one build of the program from another. */
declare const BUILD_ID: string;

/**
 * Loads a CommonJS file that lies beside this one, with the machine code that V8 made of it in an earlier run, which
 * saves a third of a short command's time. Node 22 can do this by itself; for Node 20 it is done here.
 *
 * Code from a cache is run, so it is kept in a directory that belongs to this user and that only this user can write;
 * where there is none, the file is just loaded. The cache is a convenience: nothing that is wrong with it is an error.
 */
export function loadCached<Exports>(name: string): Exports {
	const file = join(__dirname, name);
	const directory = ownDirectory();
	const { enableCompileCache } = module as { enableCompileCache?: (directory: string) => void };
	if (directory === undefined || enableCompileCache) {
		if (directory !== undefined) enableCompileCache?.(directory);
		return require(file);
	}
	return run(file, directory);
}

function run<Exports>(file: string, directory: string): Exports {
	const cacheFile = join(directory, `${BUILD_ID}-${process.version}-${process.arch}`);
	const cachedData = attempt(() => readFileSync(cacheFile));
	const script = new Script(`(function(exports,require,module){${readFileSync(file, "latin1")}\n})`, {
		filename: file,
		...(cachedData && { cachedData }),
	});
	const loaded = { exports: {} as Exports };
	script.runInThisContext()(loaded.exports, require, loaded);
	if (cachedData === undefined || script.cachedDataRejected) {
		process.on("exit", () => attempt(() => save(cacheFile, directory, script.createCachedData())));
	}
	return loaded.exports;
}

function save(cacheFile: string, directory: string, code: Buffer): void {
	for (const old of readdirSync(directory)) {
		if (!old.startsWith(BUILD_ID)) attempt(() => unlinkSync(join(directory, old)));
	}
	const fresh = `${cacheFile}.${process.pid}`;
	// A power failure must not leave a file of the right name with half of the code.
	writeFileSync(fresh, code, { flag: "wx", mode: 0o600, flush: true });
	renameSync(fresh, cacheFile);
}

/** `trocla` in the user's cache directory, made where there is none; `undefined` where others could write to it. */
function ownDirectory(): string | undefined {
	return attempt(() => {
		const directory = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "trocla");
		const stats = statSync(directory, { throwIfNoEntry: false }) ?? create(directory);
		return stats.uid === process.geteuid?.() && !(stats.mode & 0o022) ? directory : undefined;
	});
}

function create(directory: string) {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	return statSync(directory);
}

function attempt<Result>(action: () => Result): Result | undefined {
	try {
		return action();
	} catch {
		return undefined;
	}
}
