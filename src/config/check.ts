import { resolve } from "node:path";
import { storeNames } from "../../backends/index.js";
import { replaceableIn } from "../../backends/replaceable.js";
import { type Format, FormatError } from "../../formats/format.js";
import { builtinFormats, type FormatName, Formats } from "../../formats/index.js";
import { TroclaError } from "../errors.js";
import { checkKey, shellWord } from "../input.js";
import { didYouMean } from "../nearest.js";
import { builtinProfiles } from "../options/profiles.js";
import type { Options } from "../records/record.js";
import { isMap, quoteValue } from "../value.js";
import {
	type Fail,
	filePath,
	known,
	map,
	match,
	oneOf,
	onlyKnown,
	secretNames,
	secretPlace,
	wholeNumber,
} from "./fields.js";
import type { ConfigInput } from "./input.js";
import { checkStoreOptions } from "./store.js";

/** What a key of the configuration must be; the checks throw with the file and the key's name. */
const checks: {
	readonly [Key in keyof Required<ConfigInput>]: (value: unknown, fail: Fail, formats: Formats) => void | Promise<void>;
} = {
	async server(value, fail) {
		const { checkServer } = await import("./server.js");
		checkServer(value, fail);
	},
	async server_options(value, fail) {
		const { checkServerOptions } = await import("./server.js");
		checkServerOptions(value, fail);
	},
	store(value, fail) {
		oneOf(storeNames, value, fail);
	},
	store_options(value, fail) {
		// Which there are is a matter of the store: see checkStoreOptions.
		map(value, fail);
	},
	create_on_get(value, fail) {
		if (typeof value !== "boolean") throw fail("create_on_get must be true or false");
	},
	on_handed_out(value, fail) {
		oneOf(["refuse", "regenerate"], value, fail);
	},
	encryption(value, fail) {
		oneOf(["none", "aes-256-gcm"], value, fail);
	},
	encryption_options(value, fail) {
		const { accept_plain, ...sources } = map(value, fail);
		onlyKnown({ ...sources }, [...RING_SOURCES, "accept_plain"], fail);
		if (accept_plain !== undefined && typeof accept_plain !== "boolean") {
			throw fail("encryption_options.accept_plain must be true or false");
		}
		for (const [name, source] of Object.entries(sources)) secretPlace(`encryption_options.${name}`, source, fail);
	},
	hooks(value, fail) {
		const hooks = map(value, fail);
		onlyKnown(hooks, ["set", "delete"], fail);
		for (const [action, programs] of Object.entries(hooks)) {
			if (programs === undefined || programs === null) continue;
			const failHere: Fail = (message, hint) => fail(`hooks.${action} ${message}`, hint);
			for (const [name, path] of Object.entries(map(programs, failHere))) {
				filePath(`hooks.${action}.${name}`, path, fail);
			}
		}
	},
	audit(value, fail) {
		const audit = map(value, fail);
		onlyKnown(audit, ["file"], fail);
		filePath("audit.file", audit.file, fail);
	},
	hiera(value, fail) {
		const { config, hosts, environment } = known(value, ["config", "hosts", "environment"], fail);
		if (config !== undefined && [config].flat().length === 0) throw fail("hiera.config names no file");
		for (const path of [config ?? []].flat()) filePath("hiera.config", path, fail);
		if (hosts !== undefined) filePath("hiera.hosts", hosts, fail, "a directory's path");
		if (environment !== undefined) match("hiera.environment", environment, /^\w+$/, fail);
	},
	accounts(value, fail) {
		const { names, ...ids } = known(value, ["min_uid", "min_gid", "names"], fail);
		for (const [name, id] of Object.entries(ids)) wholeNumber(`accounts.${name}`, id, { min: 1, max: 65533 }, fail);
		if (names !== undefined) {
			oneOf(["portable", "debian"], names, (message, hint) => fail(`accounts.names: ${message}`, hint));
		}
	},
	publish(value, fail) {
		const { tree, signing_key } = known(value, ["tree", "signing_key"], fail);
		if (tree !== undefined) filePath("publish.tree", tree, fail, "a directory's path");
		if (signing_key === undefined) return;
		try {
			checkKey(signing_key);
		} catch (error) {
			throw error instanceof TroclaError ? fail(`publish.signing_key: ${error.message}`, error.hint) : error;
		}
	},
	async serve(value, fail) {
		const { checkServe } = await import("./serve.js");
		checkServe(value, fail);
	},
	async formats(value, fail) {
		for (const [name, path] of Object.entries(map(value, fail))) await checkSiteFormat(name, path, fail);
	},
	async options(value, fail, formats) {
		// Most configurations only say where the store is; the rules of options take 1 ms to load.
		const { checkOptions, partAsked } = await import("../options/rules.js");
		if (partAsked(map(value, fail)) !== undefined)
			throw fail("options: render does nothing here", "Ask for it in a call");
		checkOptions(formats, map(value, fail), "config", fail("options:").message);
	},
	async profiles(value, fail, formats) {
		const { checkOptions } = await import("../options/rules.js");
		const { namedProfiles } = await import("../options/options.js");
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
	// Whatever else it holds that is not known here, this says most.
	if (config.store === "moneta") throw rubyTrocla(file, fail);
	onlyKnown(config, keys, fail);
	const formats = await siteFormats(config.formats, base, fail);
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
	checkStoreOptions(input, fail);
	checkSealing(input, fail);
	if (input.server !== undefined || input.server_options) (await import("./server.js")).checkClient(input, fail);
	if (input.options) await checkProfilesOf(input, input.options, formats, fail);
	return { input, formats };
}

/** Where a key ring may be: in a file, a variable, or a credential of systemd's. */
const RING_SOURCES = secretNames("key");

/** Half of a setting would be a store that is not sealed, or that can't be opened. */
function checkSealing({ encryption, encryption_options: options = {} }: ConfigInput, fail: Fail): void {
	const given = RING_SOURCES.filter((name) => Object.hasOwn(options, name));
	if (encryption === "aes-256-gcm" && given.length !== 1) {
		throw fail(
			`encryption: aes-256-gcm needs one key ring, and encryption_options names ${given.length === 0 ? "none" : given.join(" and ")}`,
			"For example: encryption_options: {key_file: /etc/trocla/keys}; trocla init --sealed makes that file too",
		);
	}
	if (encryption === undefined && given.length > 0) {
		throw fail("encryption_options names a key ring, and encryption is not set", "Set encryption: aes-256-gcm");
	}
}

/** Loads the site's own formats: what options there are, only they know. */
async function siteFormats(paths: unknown, base: string, fail: Fail): Promise<Formats> {
	if (paths === undefined || paths === null) return builtinFormats;
	await checks.formats(paths, (message, hint) => fail(`formats: ${message}`, hint), builtinFormats);
	const { loadSiteFormat } = await import("../../formats/site.js");
	const loaded: { [name: string]: Format } = {};
	for (const [name, path] of Object.entries(map(paths, fail))) {
		try {
			const module = resolve(base, String(path));
			const open = replaceableIn(module);
			if (open) {
				const what = `has a module that others can replace: ${module}`;
				throw new FormatError(what, `Run: chmod go-w ${shellWord(open.directory)}`);
			}
			loaded[name] = await loadSiteFormat(module);
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
	const { isGeneralOption } = await import("../options/rules.js");
	const taken = formats.optionNames(name).find((option) => isGeneralOption(option) || formats.has(option));
	if (taken === undefined) return;
	throw fail(
		`formats: ${name} has an option ${quoteValue(taken)}, a name that trocla has already`,
		"Choose another name",
	);
}

/** Its name stands beside those of options, so it must not be one. */
async function checkSiteFormat(name: string, path: unknown, fail: Fail): Promise<void> {
	const { optionNames } = await import("../options/rules.js");
	if (!/^[a-z][a-z0-9_]*$/.test(name)) {
		throw fail(`${quoteValue(name)} can't be a format's name`, "Use lower-case letters, digits and _, as in: myformat");
	}
	if (builtinFormats.has(name) || name === "all" || optionNames(builtinFormats).includes(name)) {
		throw fail(`${quoteValue(name)} is a name that trocla has already`, "Choose another name");
	}
	if (typeof path !== "string" || path === "") throw fail(`${name} must be a module's path, not ${quoteValue(path)}`);
}

function rubyTrocla(file: string | undefined, fail: Fail): TroclaError {
	const named = file === undefined ? "" : ` --config ${shellWord(file)}`;
	return fail(
		"store: moneta is the Ruby trocla's",
		`trocla import --from ruby${named} brings its passwords in; then move this file away, and trocla init writes a new one`,
	);
}

async function checkProfilesOf(
	{ profiles = {} }: ConfigInput,
	options: Options,
	formats: Formats,
	fail: Fail,
): Promise<void> {
	const { namedProfiles } = await import("../options/options.js");
	const known = Object.keys({ ...builtinProfiles, ...profiles });
	const unknown = namedProfiles(options, formats).find((name) => !known.includes(name));
	if (unknown !== undefined) {
		throw fail(`options: profile ${quoteValue(unknown)} is not known`, didYouMean(unknown, known));
	}
}

/** Texts that are what they say, whatever they begin with. */
const LITERAL = [
	"custom",
	"path",
	"token_file",
	"config",
	"hosts",
	"tree",
	"signing_key",
	"username",
	"key_file",
	"passphrase",
	"comment",
	"keys",
	"key",
	"ca",
	"crl",
	"certificate",
	"group",
];

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
