import { resolve } from "node:path";
import { storeNames } from "../backends/index.js";
import { type Format, FormatError } from "../formats/format.js";
import { builtinFormats, type FormatName, Formats } from "../formats/index.js";
import type { ConfigInput } from "./config.js";
import { TroclaError } from "./errors.js";
import { didYouMean } from "./nearest.js";
import { builtinProfiles } from "./profiles.js";
import type { Options } from "./record.js";
import { isMap, quoteValue } from "./value.js";

/** What a key of the configuration must be; the checks throw with the file and the key's name. */
const checks: {
	readonly [Key in keyof Required<ConfigInput>]: (value: unknown, fail: Fail, formats: Formats) => void | Promise<void>;
} = {
	store(value, fail) {
		if (value === "moneta") {
			throw fail(
				"store: moneta is the Ruby trocla's",
				"Set store: sqlite, or leave it out; the Ruby trocla goes on reading its own store",
			);
		}
		oneOf(storeNames, value, fail);
	},
	store_options(value, fail) {
		const options = map(value, fail);
		onlyKnown(options, ["path"], fail);
		if (options.path !== undefined && (typeof options.path !== "string" || options.path === "")) {
			throw fail("store_options.path must be a file's path");
		}
		if (typeof options.path === "string" && /^~(?!\/)[^/]*(\/|$)/.test(options.path)) {
			throw fail(
				`store_options.path ${quoteValue(options.path)}: only ~/ at its beginning is a home directory`,
				"Write the path out; a file whose name begins with ~ is ./~NAME",
			);
		}
	},
	create_on_get(value, fail) {
		if (typeof value !== "boolean") throw fail("create_on_get must be true or false");
	},
	on_handed_out(value, fail) {
		oneOf(["refuse", "regenerate"], value, fail);
	},
	encryption(value, fail) {
		oneOf(["none"], value, fail);
	},
	async formats(value, fail) {
		for (const [name, path] of Object.entries(map(value, fail))) await checkSiteFormat(name, path, fail);
	},
	async options(value, fail, formats) {
		// Most configurations only say where the store is; the rules of options take 1 ms to load.
		const { checkOptions, partAsked } = await import("./option-rules.js");
		if (partAsked(map(value, fail)) !== undefined)
			throw fail("options: render does nothing here", "Ask for it in a call");
		checkOptions(formats, map(value, fail), "config", fail("options:").message);
	},
	async profiles(value, fail, formats) {
		const { checkOptions } = await import("./option-rules.js");
		const { namedProfiles } = await import("./options.js");
		for (const [name, options] of Object.entries(map(value, fail))) {
			const profile = map(options, (message, hint) => fail(`profile ${quoteValue(name)}: ${message}`, hint));
			checkOptions(formats, profile, "config", fail(`profile ${quoteValue(name)}:`).message);
			if (namedProfiles(profile, formats).length > 0) {
				throw fail(
					`profile ${quoteValue(name)}: profiles does nothing here`,
					"Write the other profile's options into it",
				);
			}
		}
	},
};

const keys = Object.keys(checks);
const isKey = (name: string): name is keyof ConfigInput => Object.hasOwn(checks, name);

type Fail = (message: string, hint?: string) => TroclaError;

/**
 * Checks a parsed configuration file; Ruby's symbols (`:store: :memory`) are read as the words that they are.
 *
 * @throws {TroclaError} `config`
 */
export async function checkConfig(
	document: unknown,
	file: string | undefined,
	base: string,
): Promise<{ input: ConfigInput; formats: Formats }> {
	const fail: Fail = (message, hint) => new TroclaError("config", file ? `${file}: ${message}` : message, hint);
	const config = map(withoutSymbols(document), fail);
	onlyKnown(config, keys, fail);
	const formats = await siteFormats(config.formats, base, fail);
	// In the order of the checks: whatever else a Ruby trocla's configuration holds, its store says most.
	for (const name of keys.filter(isKey)) {
		const value = config[name];
		// A key without a value is as good as none.
		if (value !== undefined && value !== null)
			await checks[name](
				value,
				(message, hint) => fail(message.startsWith(name) ? message : `${name}: ${message}`, hint),
				formats,
			);
	}
	// Each key was checked above.
	const input = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null)) as ConfigInput;
	if (input.options) await checkProfilesOf(input, input.options, formats, fail);
	return { input, formats };
}

/** Loads the site's own formats: what options there are, only they know. */
async function siteFormats(paths: unknown, base: string, fail: Fail): Promise<Formats> {
	if (paths === undefined || paths === null) return builtinFormats;
	await checks.formats(paths, (message, hint) => fail(`formats: ${message}`, hint), builtinFormats);
	const { loadSiteFormat } = await import("../formats/site.js");
	const loaded: { [name: string]: Format } = {};
	for (const [name, path] of Object.entries(map(paths, fail))) {
		try {
			loaded[name] = await loadSiteFormat(resolve(base, String(path)));
		} catch (error) {
			if (error instanceof FormatError) throw fail(`formats: ${name} ${error.message}`, error.hint);
			throw error;
		}
	}
	const formats = new Formats(loaded);
	for (const name of formats.names.filter((name) => Object.hasOwn(loaded, name))) {
		await checkSiteOptions(name, formats, fail);
	}
	return formats;
}

/** An option that has a general one's name would mean both, and one that has a format's would never be read. */
async function checkSiteOptions(name: FormatName, formats: Formats, fail: Fail): Promise<void> {
	const { isGeneralOption } = await import("./option-rules.js");
	const taken = formats.optionNames(name).find((option) => isGeneralOption(option) || formats.has(option));
	if (taken === undefined) return;
	throw fail(
		`formats: ${name} has an option ${quoteValue(taken)}, a name that trocla has already`,
		"Choose another name",
	);
}

/** Its name stands beside those of options, so it must not be one. */
async function checkSiteFormat(name: string, path: unknown, fail: Fail): Promise<void> {
	const { optionNames } = await import("./option-rules.js");
	if (!/^[a-z][a-z0-9_]*$/.test(name)) {
		throw fail(`${quoteValue(name)} can't be a format's name`, "Use lower-case letters, digits and _, as in: myformat");
	}
	if (builtinFormats.has(name) || name === "all" || optionNames(builtinFormats).includes(name)) {
		throw fail(`${quoteValue(name)} is a name that trocla has already`, "Choose another name");
	}
	if (typeof path !== "string" || path === "") throw fail(`${name} must be a module's path, not ${quoteValue(path)}`);
}

async function checkProfilesOf(
	{ profiles = {} }: ConfigInput,
	options: Options,
	formats: Formats,
	fail: Fail,
): Promise<void> {
	const { namedProfiles } = await import("./options.js");
	const known = Object.keys({ ...builtinProfiles, ...profiles });
	const unknown = namedProfiles(options, formats).find((name) => !known.includes(name));
	if (unknown !== undefined) {
		throw fail(`options: profile ${quoteValue(unknown)} is not known`, didYouMean(unknown, known));
	}
}

function map(value: unknown, fail: Fail): Options {
	if (isMap(value)) return value;
	throw fail(`must be a map of names to values, not ${quoteValue(value)}`);
}

function onlyKnown(config: Options, known: readonly string[], fail: Fail): void {
	const unknown = Object.keys(config).find((name) => !known.includes(name));
	if (unknown !== undefined) throw fail(`unknown key ${JSON.stringify(unknown)}`, didYouMean(unknown, known));
}

function oneOf(words: readonly string[], value: unknown, fail: Fail): void {
	if (words.some((word) => word === value)) return;
	throw fail(
		`${quoteValue(value)} is not known`,
		didYouMean(typeof value === "string" ? value : quoteValue(value), words),
	);
}

/** Texts that are what they say, whatever they begin with. */
const LITERAL = ["custom", "path", "username", "passphrase", "comment"];

/** Deeper than any setting is; a YAML alias may make a map hold itself. */
const MAX_DEPTH = 6;

/** Ruby writes `:name` for a symbol; only names are such, a text like `:;,.` is not. */
function withoutSymbols(value: unknown, depth = 0): unknown {
	if (typeof value === "string") return value.replace(/^:(?=[a-z]\w*$)/, "");
	if (depth > MAX_DEPTH) return value;
	if (Array.isArray(value)) return value.map((item) => withoutSymbols(item, depth + 1));
	if (!isMap(value)) return value;
	return Object.fromEntries(
		Object.entries(value).map(([symbol, item]) => {
			const name = symbol.replace(/^:/, "");
			return [name, LITERAL.includes(name) ? item : withoutSymbols(item, depth + 1)];
		}),
	);
}
