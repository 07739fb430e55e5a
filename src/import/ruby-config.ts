import { readFile } from "node:fs/promises";
import { TroclaError } from "../errors.js";
import { isMap, quoteValue } from "../value.js";
import { unreadable } from "./source-error.js";

/** Where a Ruby trocla keeps its passwords, by its configuration. */
export interface RubyStore {
	readonly adapter: "YAML" | "Sequel";
	readonly file: string;
	/** The SQL store's table. */
	readonly table?: string;
	/** PEM files of `encryption: ssl`; absent where nothing is encrypted. */
	readonly privateKey?: string;
	readonly publicKey?: string;
}

type Map = { readonly [name: string]: unknown };

/** Whether a file is a Ruby trocla's configuration, and not this trocla's; false also for one that can't be read. */
export async function isRubyConfig(path: string): Promise<boolean> {
	const config = await readYaml(path).catch(() => undefined);
	if (!config) return false;
	const storeOptions = isMap(config.store_options) ? withoutSymbols(config.store_options) : {};
	return word(config.store) === "moneta" || "adapter" in config || "adapter" in storeOptions;
}

/**
 * Reads where a Ruby trocla keeps its passwords.
 *
 * @throws {TroclaError} `source` where there is no such file; `config` where its store is of a kind that can't be imported
 */
export async function readRubyConfig(path: string): Promise<RubyStore> {
	const config = await readYaml(path);
	const fail = (message: string, hint?: string) => new TroclaError("config", `${path}: ${message}`, hint);
	const store = word(config.store) ?? "moneta";
	if (store !== "moneta") {
		throw fail(
			`store: ${quoteValue(store)} is no store that import reads`,
			"It reads moneta's YAML and Sequel on SQLite",
		);
	}
	// Until version 0.3 the adapter stood at the top, and encryption_options were ssl_options.
	const options = { ...DEFAULTS, ...config, ...map(config.store_options) };
	const adapter = map(options.adapter_options);
	return { ...findStore(word(options.adapter), adapter, fail), ...findKeys(config, fail) };
}

/** What the Ruby trocla assumes where its configuration does not say. */
const DEFAULTS = { adapter: "YAML", adapter_options: { file: "/tmp/trocla.yaml" } };

/** Options of moneta under which rows are written in another way. */
const UNREADABLE = ["prefix", "compress", "serializer", "key_serializer", "value_serializer", "hstore"];

type Fail = (message: string, hint?: string) => TroclaError;

function findStore(
	adapter: string | undefined,
	options: Map,
	fail: Fail,
): Pick<RubyStore, "adapter" | "file" | "table"> {
	const strange = UNREADABLE.find((name) => options[name]);
	if (strange !== undefined) {
		throw fail(`import does not read a store with adapter_options.${strange}`, "Export it with a Ruby script to CSV");
	}
	if (adapter === "YAML") {
		if (typeof options.file === "string") return { adapter, file: options.file };
		throw fail("adapter_options.file must name the YAML store", "Name the store itself with --file");
	}
	if (adapter === "Sequel") {
		const table = word(options.table);
		return { adapter, file: sqliteFile(options.db, fail), table: table ?? "moneta" };
	}
	throw fail(
		`adapter ${quoteValue(adapter)} is none that import reads`,
		"It reads YAML, and Sequel on SQLite; a Ruby script can copy any moneta store into one of these",
	);
}

/** The file of Sequel's `db`: `sqlite:///srv/trocla.sqlite`, `sqlite://relative`, JRuby's `jdbc:sqlite:FILE`, or a map. */
function sqliteFile(db: unknown, fail: Fail): string {
	if (isMap(db)) {
		const { adapter, database } = withoutSymbols(db);
		if (word(adapter) === "sqlite" && typeof database === "string") return database;
	}
	const [, file] = /^(?:jdbc:)?sqlite:(?:\/\/)?([^?]+)/.exec(typeof db === "string" ? db : "") ?? [];
	if (file !== undefined) return file;
	const kind = typeof db === "string" ? /^[\w:]+/.exec(db)?.[0] : undefined;
	throw fail(
		`the SQL store is ${kind ?? "no SQLite file"}, and import reads SQLite files only`,
		"Copy it with Ruby's own tool: sequel -C SOURCE-URL sqlite:///root/copy.sqlite, then: trocla import --from ruby --file /root/copy.sqlite",
	);
}

function findKeys(config: Map, fail: Fail): Pick<RubyStore, "privateKey" | "publicKey"> {
	const encryption = word(config.encryption) ?? "none";
	if (encryption === "none") return {};
	if (encryption !== "ssl") throw fail(`encryption: ${quoteValue(encryption)} is none that import knows`);
	const { private_key: privateKey, public_key: publicKey } = map(config.encryption_options ?? config.ssl_options);
	if (typeof privateKey !== "string") throw fail("encryption_options.private_key must name the key's file");
	return { privateKey, ...(typeof publicKey === "string" && { publicKey }) };
}

async function readYaml(path: string): Promise<Map> {
	const text = await readFile(path, "utf8").catch((error: unknown) => {
		throw unreadable(path, error, "Name the Ruby trocla's configuration with --config, or its store with --file");
	});
	const { parseYaml } = await import("../config/yaml.js");
	let document: unknown;
	try {
		document = parseYaml(text) ?? {};
	} catch (error) {
		throw new TroclaError("config", `${path} is not YAML: ${(error as Error).message}`);
	}
	if (!isMap(document))
		throw new TroclaError("config", `${path} is no configuration: it is not a map of names to values`);
	return withoutSymbols(document);
}

const map = (value: unknown): Map => (isMap(value) ? withoutSymbols(value) : {});

/** A word, whether it is written as Ruby's symbol or not. */
function word(value: unknown): string | undefined {
	return typeof value === "string" ? value.replace(/^:/, "") : undefined;
}

const withoutSymbols = (map: Map): Map =>
	Object.fromEntries(Object.entries(map).map(([name, value]) => [name.replace(/^:/, ""), value]));
