import { TroclaError } from "../errors.js";
import type { Place } from "./data-error.js";
import type { DataFiles, Entry } from "./data-files.js";
import type { HieraConfig } from "./hiera-config.js";
import { HostLevels } from "./host-levels.js";
import { globInput, type Inputs } from "./inputs.js";
import { descend, interpolate, type Journey } from "./interpolate.js";
import { type DottedKey, dig, NOT_FOUND, type Outcome, parseKey } from "./key.js";
import type { Level, Location } from "./levels.js";
import { type KeyOptions, LOOKUP_OPTIONS, LookupOptions } from "./lookup-options.js";
import { askedStrategy, checkKey, checkType, type LookupSettings } from "./lookup-settings.js";
import { hash, mergeLayers, type Strategy, strategyOf } from "./merge.js";
import { originOf } from "./origin.js";
import { RecentValues } from "./recent-values.js";
import type { Scope } from "./scope.js";
import type { Value } from "./value.js";

/** Gives the value of a key out of one level that is no file of plain data. */
export type KeyReader = (
	key: string,
	level: Level,
	location: Location | undefined,
	journey: Journey,
) => Promise<Outcome>;

export interface HieraSettings {
	/** The layers of configuration, the highest first: the global `hiera.yaml`, and the environment's. */
	readonly configs: readonly HieraConfig[];
	/** What was read already; another Hiera may have the same. */
	readonly files: DataFiles;
	readonly readers: { readonly [backend in "eyaml_lookup_key" | "trocla_lookup_key"]: HieraReader };
}

/** Looks a key up on behalf of a backend. */
export type Inner = (key: string, journey: Journey) => Promise<Outcome>;

/** A backend of levels that are no files of plain data. */
export interface HieraReader {
	/** Makes its reader, which may look keys up itself. */
	open(lookup: Inner): KeyReader;
	/** The files that a level's answers come from besides its own; `undefined` where they come from elsewhere too. */
	inputs(level: Level): Inputs | undefined;
}

/** How a call asks for a key to be merged. */
interface AskedMerge {
	readonly merge?: Strategy | undefined;
	readonly unlessTold?: Strategy | undefined;
}

/**
 * Hierarchical data, as Puppet's Hiera 5 looks it up. All methods may also throw `data` for faults in data files: one that
 * can't be read is a fault of every look-up, since each asks every file for `lookup_options`.
 */
export class Hiera {
	readonly #settings: HieraSettings;
	readonly #readers: { readonly [backend: string]: KeyReader };
	readonly #hosts = new WeakMap<Scope, Promise<HostLevels>>();
	/** What was merged of values without interpolations, for all hosts that see the same. */
	readonly #merged = new RecentValues();
	readonly #hostOptions = new WeakMap<HostLevels, Promise<LookupOptions>>();
	readonly #options = new WeakMap<object, LookupOptions>();
	readonly #strategies = new Map<string, Strategy>();

	constructor(settings: HieraSettings) {
		this.#settings = settings;
		const lookup = (key: string, journey: Journey) => this.#lookup(key, journey);
		const { readers } = settings;
		this.#readers = {
			eyaml_lookup_key: readers.eyaml_lookup_key.open(lookup),
			// Its options are merged over all levels, whatever lookup_options say: so the Puppet module does it.
			trocla_lookup_key: readers.trocla_lookup_key.open((key, journey) => this.#lookup(key, journey, HASH_MERGE)),
		};
	}

	/**
	 * The value of the first of these keys that is found for a host.
	 *
	 * @param keys - dotted keys: `accounts::users.alice."full.name"`
	 * @throws {TroclaError} `not_found` where none is, and there is no default; `data`; `invalid` for a wrong key, type or merge
	 */
	async lookup(keys: string | readonly string[], scope: Scope, settings: LookupSettings = {}): Promise<Value> {
		const names = typeof keys === "string" ? [keys] : keys;
		const found = await this.find(names, scope, settings);
		if (found) return found.value;
		if (settings.default !== undefined) {
			if (settings.type !== undefined) await checkType(settings.default, settings.type, "the default");
			return settings.default;
		}
		const list = names.map((name) => JSON.stringify(name)).join(", ");
		throw new TroclaError("not_found", `${list} ${names.length === 1 ? "is" : "are"} not in Hiera's data`);
	}

	/** The same with the key that was found; `undefined` where none is. The default does not count. */
	async find(
		keys: readonly string[],
		scope: Scope,
		settings: LookupSettings = {},
	): Promise<{ readonly key: string; readonly value: Value } | undefined> {
		const asked = askedMerge(settings);
		const journey: Journey = { scope, stack: [], place: {}, explain: settings.explain };
		for (const key of keys) {
			checkKey(key);
			const value = await this.#lookup(key, journey, asked);
			if (value === NOT_FOUND) continue;
			if (settings.type !== undefined) await checkType(value, settings.type, JSON.stringify(key));
			return { key, value };
		}
		return undefined;
	}

	/**
	 * Where a part of a value is written that a host sees, for a message about a fault in it: the line of the part's key in
	 * the file that gives it. For what is missing, is inside of a list, or comes by an interpolation, it is the line of the
	 * innermost key around it that is written there, which is the key that the place names.
	 *
	 * @param path - the root key, and the names of the members inside of each other: `["accounts::users", "alice", "uid"]`
	 * @param settings - those of the look-up
	 * @returns `undefined` where nothing is known; it throws nothing for faults in the data
	 */
	async origin(
		path: readonly string[],
		scope: Scope,
		settings: Pick<LookupSettings, "merge" | "unlessTold"> = {},
	): Promise<Place | undefined> {
		const [root] = path;
		if (root === undefined) return undefined;
		const asked = askedMerge(settings);
		try {
			const host = await this.#resolve(scope);
			const options = await this.#optionsOf(host, { scope, stack: [], place: {} });
			const strategy = strategyFor(root, options.of(root), asked);
			return await originOf(path, host.sources(root), strategy, this.#settings.files);
		} catch (error) {
			if (error instanceof TroclaError) return undefined;
			throw error;
		}
	}

	/**
	 * What all answers for a host come from. They are the same as long as that is the same, and the host's facts, its
	 * environment and the working directory are. `undefined` where they also come from what is in no file: a store of
	 * passwords, or a variable of the process's environment.
	 */
	async inputs(scope: Scope): Promise<Inputs | undefined> {
		const { configs, readers } = this.#settings;
		const { layers } = await this.#resolve(scope);
		const inputs = new Set(configs.map(({ file }) => file));
		for (const level of layers.flat()) {
			const { backend, locations = [], globs } = level;
			const others = backend === "yaml_data" || backend === "json_data" ? [] : readers[backend].inputs(level);
			if (!others) return undefined;
			for (const input of [...locations.map(({ path }) => path), ...globs.map(globInput), ...others]) inputs.add(input);
		}
		return [...inputs];
	}

	async #lookup(text: string, from: Journey, asked: AskedMerge = {}): Promise<Outcome> {
		const explain = from.explain?.step(`key ${JSON.stringify(text)}`);
		if (text === LOOKUP_OPTIONS || text.startsWith(`${LOOKUP_OPTIONS}.`)) {
			explain?.missing("lookup_options is how keys are looked up, and none itself");
			return NOT_FOUND;
		}
		const key = parseKey(text);
		const journey: Journey = explain ? { ...from, explain } : from;
		const host = await this.#resolve(from.scope);
		const options = (await this.#optionsOf(host, journey)).of(key.root);
		const strategy = this.#known(strategyFor(key.root, options, asked));
		if (!asked.merge && options.merge !== null) explain?.step(`lookup_options say: merge ${strategy.id}`);
		const root = await this.#root(host, key.root, strategy, descend(journey, text, { key: text }));
		const found = root === NOT_FOUND ? NOT_FOUND : dig(key, root);
		return this.#convert(key, found, options, journey);
	}

	async #convert(key: DottedKey, found: Outcome, options: KeyOptions, { explain }: Journey): Promise<Outcome> {
		if (found === NOT_FOUND) {
			explain?.missing("not found");
			return NOT_FOUND;
		}
		const { convertTo } = options;
		if (convertTo === null) {
			explain?.found(found);
			return found;
		}
		const { convert } = await import("./convert.js");
		const converted = convert(found, convertTo, { key: key.text });
		explain?.step("lookup_options: convert_to").found(converted);
		explain?.found(converted);
		return converted;
	}

	#resolve(scope: Scope): Promise<HostLevels> {
		const { configs, files } = this.#settings;
		const resolved = this.#hosts.get(scope) ?? HostLevels.resolve(configs, scope, files);
		this.#hosts.set(scope, resolved);
		return resolved;
	}

	/** The strategy that was used before in the place of one that does the same: it remembers what it made. */
	#known(strategy: Strategy): Strategy {
		const known = this.#strategies.get(strategy.id) ?? strategy;
		this.#strategies.set(strategy.id, known);
		return known;
	}

	/** What `lookup_options` says for a host. */
	async #optionsOf(host: HostLevels, journey: Journey): Promise<LookupOptions> {
		// A key that is looked up to put it into lookup_options has none itself.
		if (journey.stack.includes(LOOKUP_OPTIONS)) return NO_OPTIONS;
		const known = this.#hostOptions.get(host);
		if (known) return await known;
		const inner = descend(journey, LOOKUP_OPTIONS, { key: LOOKUP_OPTIONS });
		const explain = journey.explain?.step(LOOKUP_OPTIONS);
		const options = this.#root(host, LOOKUP_OPTIONS, this.#known(hash()), { ...inner, explain }).then((value) => {
			if (value === NOT_FOUND) return NO_OPTIONS;
			if (typeof value !== "object" || value === null) return new LookupOptions(value);
			const known = this.#options.get(value) ?? new LookupOptions(value);
			this.#options.set(value, known);
			return known;
		});
		this.#hostOptions.set(host, options);
		return await options;
	}

	/** The merged value of a root key. */
	async #root(host: HostLevels, root: string, strategy: Strategy, journey: Journey): Promise<Outcome> {
		if (strategy.first) return await this.#firstRoot(host, root, journey);
		const ready = host.plain && !journey.explain ? this.#plainRoot(host, root, strategy) : undefined;
		if (ready !== undefined) return ready;
		const layers: Outcome[][][] = [];
		for (const levels of host.layers) {
			const read: Outcome[][] = [];
			for (const level of levels) {
				const values: Outcome[] = [];
				for await (const value of this.#level(level, root, journey)) values.push(value);
				read.push(values);
			}
			layers.push(read);
		}
		const merged = mergeLayers(strategy, layers, { key: root });
		if (merged !== NOT_FOUND) journey.explain?.step(`merge: ${strategy.id}`).found(merged);
		return merged;
	}

	async #firstRoot(host: HostLevels, root: string, journey: Journey): Promise<Outcome> {
		if (host.plain && !journey.explain) {
			const entry = host.first(root);
			return entry ? await this.#value(entry, journey) : NOT_FOUND;
		}
		for (const level of host.layers.flat()) {
			for await (const value of this.#level(level, root, journey)) if (value !== NOT_FOUND) return value;
		}
		return NOT_FOUND;
	}

	/**
	 * The same for a host whose levels are all plain, and a key without interpolations: merged once for all hosts that see
	 * it in the same files. `undefined` where it is not as simple as that.
	 */
	#plainRoot(host: HostLevels, root: string, strategy: Strategy): Outcome | undefined {
		let id = strategy.id;
		const layers: Outcome[][][] = [];
		for (const levels of host.layers) {
			const read: Outcome[][] = [];
			for (const { locations = [] } of levels) {
				const values: Outcome[] = [];
				for (const { file } of locations) {
					const entry = file?.entry(root);
					if (entry?.dynamic) return undefined;
					values.push(entry ? entry.value : NOT_FOUND);
					id += entry ? `,${entry.id}` : ",";
				}
				read.push(values);
				id += ";";
			}
			layers.push(read);
			id += "/";
		}
		const known = this.#merged.get(id);
		if (known !== undefined) return known;
		const merged = mergeLayers(strategy, layers, { key: root });
		if (merged !== NOT_FOUND) this.#merged.set(id, merged);
		return merged;
	}

	async *#level(level: Level, root: string, journey: Journey): AsyncGenerator<Outcome> {
		const explain = journey.explain?.step(`level ${JSON.stringify(level.name)} (${level.backend})`);
		for (const location of level.locations ?? [undefined]) {
			const into = location ? explain?.step(`path ${location.path}`) : explain;
			const value = await this.#read(level, location, root, into ? { ...journey, explain: into } : journey);
			if (value !== NOT_FOUND) into?.found(value);
			else into?.missing(location?.file === null ? "no such file" : "no such key");
			yield value;
		}
	}

	async #read(level: Level, location: Location | undefined, root: string, journey: Journey): Promise<Outcome> {
		const reader = this.#readers[level.backend];
		if (reader) return await reader(root, level, location, journey);
		const entry = location?.file?.entry(root);
		return entry ? await this.#value(entry, journey) : NOT_FOUND;
	}

	async #value({ value, dynamic, file, line, key }: Entry, journey: Journey): Promise<Value> {
		if (!dynamic) return value;
		const place = { file, line, key };
		return await interpolate(value, { ...journey, place }, (inner, from) => this.#lookup(inner, from));
	}
}

function askedMerge({ merge, unlessTold }: Pick<LookupSettings, "merge" | "unlessTold">): AskedMerge {
	return {
		merge: merge === undefined ? undefined : askedStrategy(merge),
		unlessTold: unlessTold === undefined ? undefined : askedStrategy(unlessTold),
	};
}

/** What the call says, else `lookup_options`, else what the call says for that case. */
function strategyFor(root: string, options: KeyOptions, { merge, unlessTold }: AskedMerge): Strategy {
	if (merge) return merge;
	return options.merge === null && unlessTold ? unlessTold : strategyOf(options.merge, { key: root });
}

const HASH_MERGE = askedMerge({ merge: "hash" });

const NO_OPTIONS = new LookupOptions(null);
