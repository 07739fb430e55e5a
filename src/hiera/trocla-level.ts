import { TroclaError } from "../errors.js";
import type { Options } from "../records/record.js";
import { isMap } from "../value.js";
import { DataError } from "./data-error.js";
import type { HieraReader, Inner } from "./hiera.js";
import type { Journey } from "./interpolate.js";
import { dottedKey, NOT_FOUND } from "./key.js";
import type { Level } from "./levels.js";
import { isArray, isHash, kindOf, type PlainHash, plainValue } from "./value.js";

/** The part of a store that levels take values from; without `get` they make nothing that is not stored. */
export interface PasswordStore {
	get?(key: string, format: string, options?: Options): Promise<string>;
	peek(key: string, format: string, options?: Options): Promise<string | undefined>;
}

/** Opens the store when a level first asks for it. */
export type OpenStore = () => Promise<PasswordStore>;

/**
 * The backend `trocla_lookup_key` of the Puppet module trocla: it answers `trocla_lookup::FORMAT::KEY` with the value of that
 * key, and `trocla_hierarchy::FORMAT::KEY` with that of the first `hiera/SOURCE/KEY` that is stored, out of the level's
 * option `trocla_hierarchy`. What is not stored is made: at the first source, or at `order_override`.
 *
 * Options are Hiera's own data: `trocla_options`, and over it `trocla_options::KEY`; what stands in either under the
 * format's name goes over the rest. `trocla_key` among them takes another key's value.
 */
export function troclaReader(open: OpenStore | undefined): HieraReader {
	return {
		open: (lookup) => async (key, level, _, journey) => {
			const [, how, format = "", name = ""] = /^trocla_(lookup|hierarchy)::([^:]+)::(.+)$/s.exec(key) ?? [];
			if (how === undefined) return NOT_FOUND;
			const asked = new Asked(open, format, { ...journey, place: { key } }, lookup);
			return how === "lookup" ? await asked.value(name) : await asked.inHierarchy(name, level);
		},
		inputs: () => undefined,
	};
}

/** One value that is asked for. */
class Asked {
	readonly #open: OpenStore | undefined;
	readonly #format: string;
	readonly #journey: Journey;
	readonly #lookup: Inner;

	constructor(open: OpenStore | undefined, format: string, journey: Journey, lookup: Inner) {
		this.#open = open;
		this.#format = format;
		this.#journey = journey;
		this.#lookup = lookup;
	}

	async value(name: string) {
		const { options, key } = await this.#options(name);
		return await this.#get(key, options);
	}

	async inHierarchy(name: string, level: Level) {
		const sources = this.#sources(level);
		const { options, key, override } = await this.#options(name);
		const store = await this.#store();
		for (const source of sources) {
			const stored = await store.peek(`hiera/${source}/${key}`, this.#format, options);
			if (stored !== undefined) return stored;
		}
		return await this.#get(`hiera/${override ?? sources[0]}/${key}`, options);
	}

	async #get(key: string, options: Options) {
		const store = await this.#store();
		if (store.get) return await store.get(key, this.#format, options);
		return (await store.peek(key, this.#format, options)) ?? NOT_FOUND;
	}

	async #store(): Promise<PasswordStore> {
		if (this.#open) return await this.#open();
		throw new TroclaError("config", "a level asks for passwords, and there is no store", "Open Hiera with a store");
	}

	#sources({ name, options }: Level): readonly string[] {
		const sources = options.get("trocla_hierarchy") ?? null;
		const texts = isArray(sources) ? sources.filter((source) => typeof source === "string") : [];
		if (isArray(sources) && texts.length > 0 && texts.length === sources.length) return texts;
		const what = `level ${JSON.stringify(name)}: its option trocla_hierarchy must be a list of texts`;
		throw new TroclaError("config", `${what}, not ${kindOf(sources)}`, "As in: [hosts/%{trusted.certname}, defaults]");
	}

	async #options(name: string): Promise<{ options: Options; key: string; override: string | undefined }> {
		const merged = { ...(await this.#found("trocla_options")), ...(await this.#found(`trocla_options::${name}`)) };
		const { trocla_key: key = name, order_override: override, ...options } = merged;
		for (const [option, value] of Object.entries({ trocla_key: key, order_override: override })) {
			if (value === undefined || typeof value === "string") continue;
			throw new DataError({ key: `trocla_options::${name}` }, `${option} must be a text`);
		}
		return { options, key: String(key), override: typeof override === "string" ? override : undefined };
	}

	/** The options of a key, those of the format over the others. */
	async #found(key: string): Promise<Options> {
		const value = await this.#lookup(dottedKey([key]), this.#journey);
		if (value === NOT_FOUND || value === null) return {};
		if (!isHash(value)) throw new DataError({ key }, `options are a hash, not ${kindOf(value)}`);
		const all = plainValue(value) as PlainHash; // a hash is one
		const own = Object.hasOwn(all, this.#format) ? all[this.#format] : undefined;
		const common = Object.entries(all).filter(([name, member]) => !(name === this.#format && isMap(member)));
		return { ...Object.fromEntries(common), ...(isMap(own) ? own : {}) };
	}
}
