import { isAbsolute, join, resolve } from "node:path";
import { DataError, DataErrors } from "./data-error.js";
import type { DataFile, DataFiles, DataSyntax } from "./data-files.js";
import type { HieraConfig, LevelConfig } from "./hiera-config.js";
import { interpolate, isDynamic, type Journey, variable } from "./interpolate.js";
import { rubyText } from "./ruby-text.js";
import type { Scope } from "./scope.js";
import { type Hash, isArray, isHash, kindOf, type Value } from "./value.js";

/** A file that a level names for a host. */
export interface Location {
	readonly path: string;
	/** As the level has it, before variables are put in. */
	readonly pattern: string;
	/** `null` where there is no such file, `undefined` where the level reads none. */
	readonly file: DataFile | null | undefined;
}

/** A level of the hierarchy as one host sees it. */
export interface Level {
	readonly name: string;
	readonly backend: LevelConfig["backend"];
	/** `undefined` for a level that needs none. */
	readonly locations: readonly Location[] | undefined;
	/** The absolute patterns of its globs. */
	readonly globs: readonly string[];
	readonly options: Hash;
}

/**
 * The levels of a configuration with a host's variables put in, and their files read.
 *
 * @throws {DataError} where files can't be read; it has all of them
 */
export async function resolveLevels(config: HieraConfig, scope: Scope, files: DataFiles): Promise<Level[]> {
	const resolver = new Resolver(config, scope, files);
	const levels: Level[] = [];
	for (const level of config.levels) levels.push(await resolver.level(level));
	const [first, ...others] = resolver.faults;
	if (first) throw others.length > 0 ? new DataErrors(first, others) : first;
	return levels;
}

class Resolver {
	readonly #config: HieraConfig;
	readonly #scope: Scope;
	readonly #files: DataFiles;
	readonly #faults = new Set<DataError>();

	constructor(config: HieraConfig, scope: Scope, files: DataFiles) {
		this.#config = config;
		this.#scope = scope;
		this.#files = files;
	}

	/** Those of files that can't be read. */
	get faults(): readonly DataError[] {
		return [...this.#faults];
	}

	async level(config: LevelConfig): Promise<Level> {
		const { name, backend, options, datadir } = config;
		const { root } = this.#config;
		const directory = await this.#text(isAbsolute(datadir) ? datadir : join(root, datadir));
		const globs: string[] = [];
		const paths = await this.#paths(config, directory, globs);
		const syntax = backend === "json_data" ? "json" : "yaml";
		const read = async ({ path, pattern }: { path: string; pattern: string }): Promise<Location> => ({
			path,
			pattern,
			file: backend === "trocla_lookup_key" ? undefined : await this.#read(path, syntax),
		});
		const own = isDynamic(options) ? await this.#interpolated(options) : options;
		return {
			name,
			backend,
			options: isHash(own) ? own : options,
			locations: paths && (await Promise.all(paths.map(read))),
			globs,
		};
	}

	/** A file's data, `null` where there is no file; where it has a fault, others may have some too. */
	async #read(path: string, syntax: DataSyntax): Promise<DataFile | null> {
		try {
			return (await this.#files.read(path, syntax)) ?? null;
		} catch (error) {
			if (!(error instanceof DataError)) throw error;
			this.#faults.add(error);
			return null;
		}
	}

	/** The paths of a level, which puts what globs it expanded to `globs`. */
	async #paths({ locations }: LevelConfig, directory: string, globs: string[]) {
		if (locations.kind === "none") return undefined;
		if (locations.kind === "mapped") return await this.#mapped(locations, directory);
		const found: { path: string; pattern: string }[] = [];
		for (const pattern of locations.patterns) {
			const place = await this.#text(pattern);
			const path = resolve(directory, place);
			const isGlob = locations.kind === "globs";
			if (isGlob) globs.push(path);
			const paths = isGlob ? await this.#files.glob(path) : [path];
			found.push(...paths.map((found) => ({ path: found, pattern })));
		}
		return found;
	}

	/** A path for each item of a variable's value. */
	async #mapped(mapped: LevelConfig["locations"] & { kind: "mapped" }, directory: string) {
		const value = variable(mapped.variable, this.#scope, { file: this.#config.file });
		if (value === null || value === "" || (isHash(value) && value.size === 0)) return [];
		if (typeof value !== "string" && !isArray(value)) {
			const where = { file: this.#config.file };
			throw new DataError(where, `mapped_paths: ${mapped.variable} must be a text or an array, not ${kindOf(value)}`);
		}
		const items = isArray(value) ? value : [value];
		const paths: { path: string; pattern: string }[] = [];
		for (const item of items) {
			const path = await this.#text(mapped.template, this.#scope.with(mapped.name, item));
			paths.push({ path: resolve(directory, path), pattern: mapped.template });
		}
		return paths;
	}

	async #text(template: string, scope = this.#scope): Promise<string> {
		return template.includes("%{") ? rubyText(await this.#interpolated(template, scope)) : template;
	}

	async #interpolated(value: Value, scope = this.#scope): Promise<Value> {
		const journey: Journey = { scope, stack: [], place: { file: this.#config.file } };
		return await interpolate(value, journey);
	}
}
