import {
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	realpathSync,
	renameSync,
	unlinkSync,
	writeFileSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { Script } from "node:vm";
import { homeDirectory } from "../src/config/home.js";

/** Set by the build: tells one build of the program from another. */
declare const BUILD_ID: string;

/** Libraries that take longer to compile than all of a command: the drivers of stores on servers. */
const SLOW = ["../vendor/pg.js", "../vendor/mysql2.js", "../vendor/redis.js"];

interface Loaded {
	readonly script: Script;
	readonly cacheFile: string;
}

/**
 * Loads the files of the program, which lie beside this one, with the machine code that V8 made of them in an earlier
 * run; that saves half of a short command's time. Each file is one function, as the build writes it.
 *
 * Code from a cache is run, so it is kept in a directory that belongs to this user and that only this user can write;
 * where there is none, the files are just loaded. The cache is a convenience: nothing that is wrong with it is an
 * error. Node's own, `module.enableCompileCache` of Node 22, takes longer than this one saves.
 */
export class CodeCache {
	readonly #directory = ownDirectory();
	readonly #loaded: Loaded[] = [];
	#complete = true;

	load<Exports>(name: string): Exports {
		const filename = join(__dirname, name);
		return this.#run(filename, readFileSync(filename, "utf8"), (id) => this.#require(id));
	}

	#run<Exports>(filename: string, code: string, require: (id: string) => unknown): Exports {
		const cacheFile =
			this.#directory && join(this.#directory, `${BUILD_ID}-${process.version}-${process.arch}-${basename(filename)}`);
		const cachedData = cacheFile && attempt(() => readCode(cacheFile));
		const script = new Script(code, { filename, ...(cachedData && { cachedData }) });
		if (cacheFile) this.#loaded.push({ script, cacheFile });
		if (cachedData === undefined || script.cachedDataRejected) this.#complete = false;
		const module = { exports: {} as Exports };
		script.runInThisContext()(module.exports, require, module, dirname(filename));
		return module.exports;
	}

	/**
	 * Keeps what V8 made of the files by now, where one of them was not in the cache: then all of them are written, since
	 * a run that loads another file also runs other functions of those that were there.
	 */
	save(): void {
		const directory = this.#directory;
		if (directory === undefined || this.#complete) return;
		attempt(() => {
			for (const old of readdirSync(directory)) {
				if (!old.startsWith(BUILD_ID)) attempt(() => unlinkSync(join(directory, old)));
			}
			for (const { script, cacheFile } of this.#loaded) writeCode(cacheFile, script.createCachedData());
		});
	}

	#require(id: string): unknown {
		if (id.startsWith("./")) return this.load(id.slice("./".length));
		if (!SLOW.includes(id)) return require(id);
		// It is no function, since the library's programs load it as any other file.
		const filename = join(__dirname, id);
		return this.#run(
			filename,
			`(function(exports,require,module,__dirname){${readFileSync(filename, "utf8")}\n})`,
			require,
		);
	}
}

/**
 * Reads what `writeCode` wrote; throws where it is damaged. V8 looks at the header only: a flipped byte beyond it makes
 * it crash or hang. So the code is there twice, since comparing takes no time and loading a library with a hash 2 ms.
 */
function readCode(path: string): Buffer {
	const bytes = readFileSync(path);
	const half = bytes.subarray(0, bytes.length / 2);
	if (!half.equals(bytes.subarray(half.length))) throw new Error(`${path} is damaged`);
	return half;
}

function writeCode(path: string, code: Buffer): void {
	const fresh = `${path}.${process.pid}`;
	try {
		// A power failure must not leave a file of the right name with half of the code.
		writeFileSync(fresh, Buffer.concat([code, code]), {
			flag: "wx",
			mode: 0o600,
			flush: true,
		});
		renameSync(fresh, path);
	} catch (error) {
		attempt(() => unlinkSync(fresh));
		throw error;
	}
}

/** `trocla` in the user's cache directory, made where there is none; `undefined` where others could write to it. */
function ownDirectory(): string | undefined {
	return attempt(() => {
		const { XDG_CACHE_HOME: named } = process.env;
		// A relative path is to be ignored (https://specifications.freedesktop.org/basedir-spec/latest/).
		const caches = named && isAbsolute(named) ? named : join(homeDirectory(), ".cache");
		if (!isAbsolute(caches)) return undefined;
		const directory = make(join(caches, "trocla"));
		return lstatSync(directory).uid === process.geteuid?.() && isSafe(directory) ? directory : undefined;
	});
}

/** The directory without links on its way, made where there is none; throws where others could put another there. */
function make(directory: string): string {
	const found = attempt(() => realpathSync.native(directory));
	if (found !== undefined) return found;
	const parent = make(dirname(directory));
	if (!isSafe(parent)) throw new Error(`others can write to ${parent}`);
	const fresh = join(parent, basename(directory));
	mkdirSync(fresh, { mode: 0o700 });
	return fresh;
}

/** Whether only root and this user can put something else in this directory's place, or, but for a sticky one, into it. */
function isSafe(directory: string): boolean {
	const { uid, mode } = lstatSync(directory);
	if (uid !== 0 && uid !== process.geteuid?.()) return false;
	if (mode & 0o022 && !(mode & 0o1000)) return false;
	const parent = dirname(directory);
	return parent === directory || isSafe(parent);
}

function attempt<Result>(action: () => Result): Result | undefined {
	try {
		return action();
	} catch {
		return undefined;
	}
}
