import { type StoreName, storeKind } from "../../backends/index.js";
import { serverName } from "../../backends/server/server-name.js";
import type { SecretSource } from "../secret.js";
import { quoteValue } from "../value.js";
import { type Fail, filePath, map, onlyKnown, secretNames, secretOf, secretPlace, wholeNumber } from "./fields.js";
import type { ConfigInput } from "./input.js";

/** Which store a configuration has, and its options: complete, with absolute paths, and secrets by where they are. */
export interface StorePlace {
	readonly name: StoreName;
	readonly options: { readonly [name: string]: unknown };
	/** Of the options, those that are secret. */
	readonly secrets: { readonly [name: string]: SecretSource };
}

const MOST = 1_000_000;

/** Checks `store_options` against the kinds that the store has. */
export function checkStoreOptions({ store = "sqlite", store_options }: ConfigInput, failAll: Fail): void {
	const fail: Fail = (message, hint) => failAll(`store_options${message.startsWith(".") ? "" : ": "}${message}`, hint);
	const { options: kinds, required = [], schemes } = storeKind(store);
	const options = map(store_options ?? {}, fail);
	const names = Object.entries(kinds).flatMap(([name, kind]) => (kind === "secret" ? secretNames(name) : [name]));
	onlyKnown(options, names, (message, hint) => fail(`${message} (store: ${store})`, hint));
	for (const name of required) {
		if (options[name] === undefined) throw fail(`store: ${store} needs ${name}`, EXAMPLES[store]);
	}
	for (const [name, kind] of Object.entries(kinds)) {
		if (kind === "secret") {
			checkSecret(name, options, fail);
			continue;
		}
		const value = options[name];
		if (value === undefined) continue;
		const at = `.${name}`;
		if (kind === "path") filePath(at, value, fail);
		else if (kind === "number") wholeNumber(at, value, { min: 1, max: MOST }, fail);
		else if (kind === "url") checkUrl(at, value, schemes, fail);
		else if (kind === "urls") checkUrls(at, value, schemes, fail);
		else if (kind === "map") map(value, (message) => fail(`${at} ${message}`));
		else if (kind === "flag" && typeof value !== "boolean") throw fail(`${at} must be true or false`);
		else if (/^(text|package)$/.test(kind) && (typeof value !== "string" || value === "")) {
			throw fail(`${at} must be a text`);
		}
	}
}

const EXAMPLES: { readonly [store: string]: string } = {
	etcd: "As in: store_options: {url: https://trocla@etcd.example.com:2379, password_file: /etc/trocla/etcd-password}",
	mysql: "As in: store_options: {url: mysql://trocla@db.example.com/trocla, password_file: /etc/trocla/db-password}",
	postgres:
		"As in: store_options: {url: postgres://trocla@db.example.com/trocla, password_file: /etc/trocla/db-password}",
	redis: "As in: store_options: {url: rediss://trocla@redis.example.com, password_file: /etc/trocla/redis-password}",
	keyv: 'As in: store_options: {adapter: "@keyv/postgres", uri: postgresql://trocla@db.example.com/trocla}',
	vault: "As in: store_options: {url: https://vault.example.com:8200, token_env: VAULT_TOKEN}",
};

function checkSecret(what: string, options: { readonly [name: string]: unknown }, fail: Fail): void {
	const given = secretNames(what).filter((name) => options[name] !== undefined);
	if (given.length > 1) throw fail(`names ${given.join(" and ")}`, "One of them is enough");
	for (const name of given) secretPlace(`.${name}`, options[name], fail);
}

/**
 * A password in it is not shown, and not taken: configurations are read by more than one.
 *
 * @param schemes - what it may begin with; anything, unless given
 */
function checkUrl(at: string, value: unknown, schemes: readonly string[] | undefined, fail: Fail): void {
	const example = `As in: ${schemes?.[0] ?? "postgresql"}://trocla@db.example.com/trocla`;
	const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
	if (url?.password) {
		throw fail(`${at} holds a password`, "Take it out, and name where it is with password_file or password_env");
	}
	if (!url) throw fail(`${at} must be a URL`, example);
	if (schemes && !schemes.includes(url.protocol.slice(0, -1))) {
		throw fail(`${at} can't begin with ${quoteValue(`${url.protocol}//`)}`, example);
	}
	// Else what comes first would be taken for a path, and this host for the server.
	if (schemes && url.protocol !== "unix:" && !/^\w+:\/\//.test(String(value))) {
		throw fail(`${at} must have // after ${url.protocol}`, example);
	}
	const rest = `${url.search}${url.hash}`;
	const isDatabase = url.protocol === "unix:" && /^\?db=[^&#]*$/.test(rest);
	// It may be a password, and the URL is told in messages.
	if (schemes && rest !== "" && !isDatabase) {
		throw fail(`${at} can't have a ? or #`, "What else there is to say are other options of store_options");
	}
}

function checkUrls(at: string, value: unknown, schemes: readonly string[] | undefined, fail: Fail): void {
	const urls = Array.isArray(value) ? value : [value];
	if (urls.length === 0) throw fail(`${at} names no server`);
	for (const url of urls) checkUrl(at, url, schemes, fail);
}

/** The store of a configuration that was checked. */
export function storeOf(
	{ store = "sqlite", store_options = {} }: ConfigInput,
	defaultPath: string,
	absolute: (path: string) => string,
): StorePlace {
	const given: { readonly [name: string]: unknown } = store_options;
	const options: { [name: string]: unknown } = store === "sqlite" ? { path: defaultPath } : {};
	const secrets: { [name: string]: SecretSource } = {};
	for (const [name, kind] of Object.entries(storeKind(store).options)) {
		const value = kind === "secret" ? secretOf(given, name, absolute) : given[name];
		if (value === undefined) continue;
		if (kind === "secret") secrets[name] = value as SecretSource;
		else if (kind === "package") options[name] = packageOf(String(value), absolute);
		else if (kind === "path") options[name] = absolute(String(value));
		else options[name] = kind === "urls" ? [value].flat() : value;
	}
	return { name: store, options, secrets };
}

/** A module that is named by its path is where the configuration says; any other is looked for beside it first. */
function packageOf(name: string, absolute: (path: string) => string): { name: string; from: string } {
	return { name: /^(\.{0,2}|~)\//.test(name) ? absolute(name) : name, from: absolute(".") };
}

/** The file of a store that is one. */
export function storeFile({ name, options }: StorePlace): string | undefined {
	return name === "sqlite" ? String(options.path) : undefined;
}

/** A store in words, without who uses it: its file, its URL, or what kind it is. */
export function storeLabel({ name, options }: StorePlace): string {
	if (typeof options.path === "string") return options.path;
	const urls = [options.url ?? []].flat();
	return urls.length === 0 ? name : serverName(urls.map(String));
}
