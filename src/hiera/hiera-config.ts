import { dirname, resolve } from "node:path";
import { TroclaError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { Contents } from "./contents.js";
import { parsePsych } from "./psych.js";
import { YamlError } from "./psych-syntax.js";
import { type Hash, isArray, isHash, kindOf, type Value } from "./value.js";

/** Where a level's data is, before variables are put in. */
export type Locations =
	| { readonly kind: "paths" | "globs"; readonly patterns: readonly string[] }
	| { readonly kind: "mapped"; readonly variable: string; readonly name: string; readonly template: string }
	| { readonly kind: "none" };

export type Backend = "yaml_data" | "json_data" | "eyaml_lookup_key" | "trocla_lookup_key";

/** A level of the hierarchy, as `hiera.yaml` has it with its `defaults` filled in. */
export interface LevelConfig {
	readonly name: string;
	readonly backend: Backend;
	readonly datadir: string;
	readonly locations: Locations;
	readonly options: Hash;
}

/** A `hiera.yaml` of version 5, checked. */
export interface HieraConfig {
	readonly file: string;
	/** The directory that data directories are relative to. */
	readonly root: string;
	readonly levels: readonly LevelConfig[];
}

const GUIDE = "https://www.puppet.com/docs/puppet/7/hiera_migrate.html";
const BACKENDS = {
	data_hash: ["yaml_data", "json_data"],
	lookup_key: ["eyaml_lookup_key", "trocla_lookup_key"],
	data_dig: [],
	hiera3_backend: [],
} as const satisfies { readonly [kind: string]: readonly Backend[] };
const FUNCTIONS = ["data_hash", "lookup_key", "data_dig", "hiera3_backend"] as const;
const LOCATIONS = ["path", "paths", "glob", "globs", "uri", "uris", "mapped_paths"];
const KEYS = ["version", "defaults", "hierarchy", "plan_hierarchy", "default_hierarchy"];
const DEFAULTS_KEYS = ["data_hash", "lookup_key", "data_dig", "datadir", "options"];
const LEVEL_KEYS = ["name", "options", ...FUNCTIONS, ...LOCATIONS, "datadir"];

const DEFAULT_DEFAULTS: Hash = new Map([
	["datadir", "data"],
	["data_hash", "yaml_data"],
]);
const DEFAULT_HIERARCHY: Value = [
	new Map([
		["name", "Common"],
		["path", "common.yaml"],
	]),
];

/**
 * Reads a `hiera.yaml`.
 *
 * @param contents - what was read already
 * @throws {TroclaError} `config`; the message begins with the file's name
 */
export async function loadHieraConfig(path: string, contents = new Contents()): Promise<HieraConfig> {
	const file = resolve(path);
	const fault = (why: string) =>
		new TroclaError(
			"config",
			`${file}: ${why}`,
			"Write it, or name another: --hiera-config, or hiera: {config: ...} in the configuration",
		);
	const bytes = await contents.bytes(file).catch((error: Error) => {
		throw fault(`it can't be read: ${error.message}`);
	});
	if (!bytes) throw fault("there is no such file");
	return parseHieraConfig(Buffer.from(bytes).toString("utf8"), file);
}

/** The same for a text, which stands in `file`. */
export function parseHieraConfig(text: string, file: string): HieraConfig {
	return new Checker(text, file).config();
}

/** Checks each part of one file, so that every message can say where. */
class Checker {
	readonly #text: string;
	readonly #file: string;

	constructor(text: string, file: string) {
		this.#text = text;
		this.#file = file;
	}

	config(): HieraConfig {
		const config = this.#document();
		this.#onlyKnown(config, KEYS, "");
		if (config.has("default_hierarchy")) {
			throw this.#fail("default_hierarchy is a module's", "Make it the last level of hierarchy");
		}
		const defaults = this.#defaults(config.get("defaults") || DEFAULT_DEFAULTS);
		const hierarchy = config.get("hierarchy") || DEFAULT_HIERARCHY;
		const levels = this.#levels(hierarchy, "hierarchy", defaults);
		if (config.has("plan_hierarchy")) this.#levels(config.get("plan_hierarchy") ?? null, "plan_hierarchy", defaults);
		return { file: this.#file, root: dirname(this.#file), levels };
	}

	#document(): Hash {
		let value: Value;
		try {
			({ value } = parsePsych(this.#text));
		} catch (error) {
			if (!(error instanceof YamlError)) throw error;
			throw new TroclaError("config", `${this.#file}${error.line ? `:${error.line}` : ""}: ${error.message}`);
		}
		if (!isHash(value)) throw this.#fail("it is not a map of settings", "It must begin with: version: 5");
		const version = value.get("version") ?? null;
		const symbols = /^:[a-z_]+:/m.test(this.#text);
		if (version === 5n && !symbols) return value;
		const what = symbols
			? "it has symbols as keys (:backends:), as Hiera 3's"
			: `it is of version ${String(version ?? 3)}`;
		throw this.#fail(`${what}, and only version 5 is understood`, `Convert it as Puppet says: ${GUIDE}`);
	}

	#defaults(value: Value): Hash {
		const defaults = this.#map(value, "defaults");
		this.#onlyKnown(defaults, DEFAULTS_KEYS, "defaults: ");
		for (const key of ["data_hash", "lookup_key", "data_dig", "datadir"]) this.#text1(defaults, key, "defaults: ");
		if (FUNCTIONS.filter((kind) => defaults.has(kind)).length > 1) {
			throw this.#fail("defaults: more than one of data_hash, lookup_key and data_dig", "Leave one");
		}
		this.#options(defaults, "defaults: ");
		return defaults;
	}

	#levels(value: Value, what: string, defaults: Hash): LevelConfig[] {
		if (!isArray(value)) throw this.#fail(`${what} must be a list of levels, not ${kindOf(value)}`);
		const levels = value.map((level, index) => this.#level(this.#map(level, `${what}: level ${index + 1}`), defaults));
		const twice = levels.find(({ name }, index) => levels.findIndex((level) => level.name === name) < index);
		if (twice) throw this.#fail(`two levels are called ${JSON.stringify(twice.name)}`, "Give each a name of its own");
		return levels;
	}

	#level(level: Hash, defaults: Hash): LevelConfig {
		const name = this.#text1(level, "name", "a level of the hierarchy: ");
		if (name === undefined) throw this.#fail("a level of the hierarchy has no name", "As in: - name: Common data");
		const of = `level ${JSON.stringify(name)}: `;
		this.#onlyKnown(level, LEVEL_KEYS, of);
		const backend = this.#backend(level, defaults, of);
		const options = this.#options(level, of) ?? this.#options(defaults, "defaults: ") ?? new Map();
		if (backend.endsWith("_data") && options.size > 0) {
			throw this.#fail(`${of}${backend} takes no options`, "Leave them out, or give them to the levels that do");
		}
		const locations = this.#locations(level, of);
		if (locations.kind === "none" && backend !== "trocla_lookup_key") {
			throw this.#fail(`${of}${backend} needs a path, paths, glob, globs or mapped_paths`, "As in: path: common.yaml");
		}
		const datadir = this.#text1(level, "datadir", of) ?? this.#text1(defaults, "datadir", "defaults: ") ?? "data";
		return { name, backend, options, locations, datadir };
	}

	#backend(level: Hash, defaults: Hash, of: string): Backend {
		const own = FUNCTIONS.filter((kind) => level.has(kind));
		if (own.length > 1) throw this.#fail(`${of}more than one of ${own.join(", ")}`, "Leave one");
		const from = own.length > 0 ? level : defaults;
		const kind = FUNCTIONS.find((function_) => from.has(function_));
		if (!kind) throw this.#fail(`${of}it says not how to read it`, "As in: data_hash: yaml_data");
		const name = this.#text1(from, kind, of);
		const known: readonly Backend[] = BACKENDS[kind];
		const backend = known.find((function_) => function_ === name);
		if (backend) return backend;
		const all = Object.entries(BACKENDS).flatMap(([key, names]) => names.map((function_) => `${key}: ${function_}`));
		throw this.#fail(`${of}trocla has no ${kind} ${JSON.stringify(name)}`, `It has: ${all.join(", ")}`);
	}

	#locations(level: Hash, of: string): Locations {
		const given = LOCATIONS.filter((key) => level.has(key));
		if (given.length > 1) throw this.#fail(`${of}more than one of ${given.join(", ")}`, "Leave one");
		const [key] = given;
		if (key === undefined) return { kind: "none" };
		if (key.startsWith("uri")) throw this.#fail(`${of}trocla reads no URIs`, "Keep the data in files, with path");
		if (key === "path" || key === "glob") {
			return { kind: `${key}s`, patterns: [this.#text1(level, key, of) ?? ""] };
		}
		const list = level.get(key) ?? null;
		const texts = isArray(list) ? list.filter((item): item is string => typeof item === "string" && item !== "") : [];
		if (!isArray(list) || list.length === 0 || texts.length < list.length) {
			throw this.#fail(`${of}${key} must be a list of texts, not ${kindOf(list)}`);
		}
		if (key !== "mapped_paths") return { kind: key === "paths" ? "paths" : "globs", patterns: texts };
		const [variable = "", name = "", template] = texts;
		if (template !== undefined && texts.length === 3) return { kind: "mapped", variable, name, template };
		throw this.#fail(`${of}mapped_paths takes three texts`, "As in: [facts.roles, role, 'role/%{role}.yaml']");
	}

	#options(of: Hash, where: string): Hash | undefined {
		if (!of.has("options")) return undefined;
		const options = this.#map(of.get("options") ?? null, `${where}options`);
		for (const name of options.keys()) {
			if (typeof name !== "string" || !/^[A-Za-z](?::?[0-9A-Za-z_-]*[0-9A-Za-z])?$/.test(name)) {
				throw this.#fail(`${where}${JSON.stringify(String(name))} can't be an option's name`);
			}
			if (name === "path" || name === "uri") throw this.#fail(`${where}options: ${name} is Hiera's own`, "Rename it");
		}
		return options;
	}

	/** A text that is not empty; `undefined` where there is none. */
	#text1(map: Hash, key: string, where: string): string | undefined {
		if (!map.has(key)) return undefined;
		const value = map.get(key) ?? null;
		if (typeof value === "string" && value !== "") return value;
		throw this.#fail(`${where}${key} must be a text, not ${value === "" ? "an empty one" : kindOf(value)}`);
	}

	#map(value: Value, what: string): Hash {
		if (isHash(value)) return value;
		throw this.#fail(`${what} must be a map, not ${kindOf(value)}`);
	}

	#onlyKnown(map: Hash, known: readonly string[], where: string): void {
		for (const key of map.keys()) {
			const name = typeof key === "string" ? key : String(key);
			if (!known.includes(name)) {
				throw this.#fail(`${where}unknown key ${JSON.stringify(name)}`, didYouMean(name, known));
			}
		}
	}

	#fail(message: string, hint?: string): TroclaError {
		return new TroclaError("config", `${this.#file}: ${message}`, hint);
	}
}
