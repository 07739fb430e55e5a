import type { TroclaCalls } from "../../src/calls.js";
import { TroclaError } from "../../src/errors.js";
import { Explanation, explanationText, explanationValue } from "../../src/hiera/explain.js";
import { loadHost, readFacts } from "../../src/hiera/facts.js";
import type { Hiera } from "../../src/hiera/hiera.js";
import type { LookupSettings } from "../../src/hiera/lookup-settings.js";
import { STRATEGIES } from "../../src/hiera/merge.js";
import { openHiera } from "../../src/hiera/open-hiera.js";
import { RENDERINGS, type Rendering, render } from "../../src/hiera/render.js";
import { type Host, Scope } from "../../src/hiera/scope.js";
import type { PasswordStore } from "../../src/hiera/trocla-level.js";
import type { Value } from "../../src/hiera/value.js";
import { shellWord } from "../../src/input.js";
import { didYouMean } from "../../src/nearest.js";
import type { Run } from "../commands.js";
import type { Context } from "../context.js";
import type { FlagValues } from "../flags.js";
import { type HieraPlaces, hieraPlaces } from "../hiera-places.js";
import { print } from "../output.js";

/** Looks keys up in Hiera's data and prints the first that is found, as `puppet lookup` does. */
export const run: Run = async (context, [words], flags) => {
	const keys = words as unknown as readonly string[]; // commander gives a repeated argument as a list
	const settings = lookupSettings(flags);
	const rendering = readRendering(flags);
	const places = await hieraPlaces(context, flags);
	const scope = Scope.of(await readHost(flags, places));
	const store = new LazyStore(context, flags);
	try {
		const hiera = await openHiera({ hieraConfig: places.config, store: () => store.open() });
		if (flags.explain) await explain(hiera, { keys, scope, settings }, context.json ? "json" : (rendering ?? "s"));
		else
			printValue(await find(hiera, { keys, scope, settings }, flags), context.json ? rendering : (rendering ?? "yaml"));
		return 0;
	} finally {
		await store.close();
	}
};

interface Asked {
	readonly keys: readonly string[];
	readonly scope: Scope;
	readonly settings: LookupSettings;
}

/** The value of the first key that is found, or the default, which is no key's. */
async function find(hiera: Hiera, { keys, scope, settings }: Asked, flags: FlagValues): Promise<Found> {
	const found = await hiera.find(keys, scope, settings);
	if (found) return found;
	if (settings.default === undefined) throw notFound(keys, flags);
	return { key: null, value: await hiera.lookup([], scope, settings) };
}

interface Found {
	readonly key: string | null;
	readonly value: Value;
}

/** Prints it as it is told, and else as one object with its key. */
function printValue({ key, value }: Found, rendering: Rendering | undefined): void {
	if (rendering) print(`${render(value, rendering)}\n`);
	else print(`{"key":${JSON.stringify(key)},"value":${render(value, "json")}}\n`);
}

/** Tells how a look-up goes, also where it fails; that nothing is found is no failure here. */
async function explain(hiera: Hiera, { keys, scope, settings }: Asked, rendering: Rendering): Promise<void> {
	const explanation = new Explanation();
	try {
		await hiera.find(keys, scope, { ...settings, explain: explanation });
	} finally {
		const told = rendering === "s" ? explanationText(explanation) : render(explanationValue(explanation), rendering);
		print(`${told}\n`);
	}
}

/** The store, which is opened when a level of the hierarchy first asks for a password. */
class LazyStore {
	readonly #context: Context;
	readonly #flags: FlagValues;
	#opened: Promise<TroclaCalls> | undefined;

	constructor(context: Context, flags: FlagValues) {
		this.#context = context;
		this.#flags = flags;
	}

	/** Without `get` where nothing is to be made. */
	async open(): Promise<PasswordStore> {
		const config = await this.#context.config();
		const create = config.createOnGet && this.#flags.create !== false;
		this.#opened ??= this.#context.open({ create });
		const trocla = await this.#opened;
		return create ? trocla : { peek: (key, format, options) => trocla.peek(key, format, options) };
	}

	async close(): Promise<void> {
		await (await this.#opened)?.close();
	}
}

/** The host whose data is asked for: its stored facts, and over them those of `--facts`. */
async function readHost(flags: FlagValues, { hosts: directory, environment }: HieraPlaces): Promise<Host> {
	const name = text(flags.node);
	const stored = name === undefined || directory === undefined ? undefined : await loadHost(directory, name);
	const file = text(flags.facts);
	const given = file === undefined ? undefined : await readFacts(file);
	if (file !== undefined && !given) {
		throw new TroclaError("config", `there is no file ${file}`, "--facts names a file of facts, YAML or JSON");
	}
	if (name !== undefined && !stored && !given) {
		const where = directory === undefined ? "" : ` in ${directory}`;
		const hint = "Name a directory of hosts with --hosts, or a file of facts with --facts";
		throw new TroclaError("not_found", `there are no facts of ${JSON.stringify(name)}${where}`, hint);
	}
	return { ...stored, name, environment, facts: new Map([...(stored?.facts ?? []), ...(given ?? [])]) };
}

function lookupSettings(flags: FlagValues): LookupSettings {
	const type = text(flags.type);
	const standIn = text(flags.default);
	const merge = readMerge(flags);
	return {
		...(merge !== undefined && { merge }),
		...(type !== undefined && { type }),
		...(standIn !== undefined && { default: standIn }),
	};
}

function readMerge(flags: FlagValues): LookupSettings["merge"] {
	const strategy = text(flags.merge);
	const deepOnly = [
		["--knock-out-prefix", flags.knockOutPrefix],
		["--sort-merged-arrays", flags.sortMergedArrays],
		["--merge-hash-arrays", flags.mergeHashArrays],
	].find(([, value]) => value !== undefined);
	if (deepOnly && strategy !== "deep") {
		throw new TroclaError("invalid", `${deepOnly[0]} is for deep merges only`, "Add --merge deep");
	}
	if (strategy === undefined) return undefined;
	if (!STRATEGIES.some((known) => known === strategy)) {
		const what = `--merge takes a strategy, not ${JSON.stringify(strategy)}`;
		throw new TroclaError("invalid", what, didYouMean(strategy, STRATEGIES));
	}
	if (strategy !== "deep") return strategy;
	return {
		strategy,
		sort_merged_arrays: flags.sortMergedArrays === true,
		merge_hash_arrays: flags.mergeHashArrays === true,
		...(flags.knockOutPrefix !== undefined && { knockout_prefix: flags.knockOutPrefix }),
	};
}

function readRendering({ renderAs }: FlagValues): Rendering | undefined {
	const name = text(renderAs);
	const rendering = RENDERINGS.find((known) => known === name?.toLowerCase());
	if (name === undefined || rendering) return rendering;
	throw new TroclaError("invalid", `--render-as can't be ${JSON.stringify(name)}`, didYouMean(name, RENDERINGS));
}

function notFound(keys: readonly string[], flags: FlagValues): TroclaError {
	const names = keys.map((key) => JSON.stringify(key)).join(", ");
	const places = Object.entries(PLACES).flatMap(([name, flag]) =>
		[flags[name] ?? []].flat().map((value) => `${flag} ${shellWord(String(value))}`),
	);
	const command = ["trocla lookup", ...places, "--explain", ...keys.map(shellWord)];
	const what = `${names} ${keys.length === 1 ? "is" : "are"} not in Hiera's data`;
	return new TroclaError("not_found", what, `See where it looks with: ${command.join(" ")}`);
}

/** What says whose data is looked up, and where it is. */
const PLACES = {
	node: "--node",
	facts: "--facts",
	hosts: "--hosts",
	hieraConfig: "--hiera-config",
	environment: "--environment",
};

const text = (flag: unknown) => (typeof flag === "string" ? flag : undefined);
