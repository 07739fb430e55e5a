import { TroclaError } from "../errors.js";
import { checkMembers, type Members } from "../members.js";
import { isMap } from "../value.js";
import { DataFiles } from "./data-files.js";
import { loadHost } from "./facts.js";
import type { Hiera } from "./hiera.js";
import { openHiera as open } from "./open-hiera.js";
import { Scope } from "./scope.js";
import type { PasswordStore } from "./trocla-level.js";
import { isHash, type PlainHash, type PlainValue, plainValue, toValue } from "./value.js";

export interface HieraOptions {
	/** The path of `hiera.yaml`, or of several, the highest layer first: the global one, and the environment's. */
	readonly config: string | readonly string[];
	/** The directory of hosts: a file of facts for each, `NAME.yaml` or `NAME.json`. */
	readonly hosts?: string;
	/** Puppet's environment. Default: `production`. */
	readonly environment?: string;
	/** Where levels of `trocla_lookup_key` take passwords from: an open Trocla. */
	readonly store?: PasswordStore;
}

export interface HieraQuery {
	/** The host, by the name of its certificate; without one, no facts but those given are known. */
	readonly node?: string;
	/** Facts that go over the host's. */
	readonly facts?: { readonly [name: string]: unknown };
	/** A strategy's name, or `{ strategy: "deep", knockout_prefix: "--" }`: it goes over that of `lookup_options`. */
	readonly merge?: string | { readonly [option: string]: unknown };
	/** What stands for a key that is not found. */
	readonly default?: unknown;
	/** A type of Puppet's language that the value must be of: `Array[String]`. */
	readonly type?: string;
}

/** Hiera's data, as they were when they were first asked for: a file is read once. */
export class SiteData {
	readonly #hiera: Hiera;
	readonly #files: DataFiles;
	readonly #options: HieraOptions;

	private constructor(hiera: Hiera, files: DataFiles, options: HieraOptions) {
		this.#hiera = hiera;
		this.#files = files;
		this.#options = options;
	}

	/** @internal Programs open it with `openHiera`. */
	static async open(options: HieraOptions): Promise<SiteData> {
		const { config, store } = options;
		const files = new DataFiles();
		return new SiteData(
			await open({ hieraConfig: config, files, ...(store && { store: async () => store }) }),
			files,
			options,
		);
	}

	/**
	 * The value of the first of these keys that is found for a host, as `puppet lookup` gives it: hashes are objects without
	 * a prototype, integers numbers where those can hold them and else `bigint`, and what is sensitive is in the open.
	 *
	 * @throws {TroclaError} `not_found` where no key is found, or the host has no facts; `data` for faults in the data;
	 *   `invalid` for a wrong key, type or merge
	 */
	async lookup(keys: string | readonly string[], query: HieraQuery = {}): Promise<PlainValue> {
		const { default: standIn, ...others } = query;
		await checkMembers(others, "lookup", QUERY);
		const { merge, type } = others;
		const value = await this.#hiera.lookup(keys, await this.#scope(query), {
			...(merge !== undefined && { merge }),
			...(type !== undefined && { type }),
			...(standIn !== undefined && { default: toValue(standIn) }),
		});
		return plainValue(value);
	}

	async #scope({ node, facts = {} }: HieraQuery): Promise<Scope> {
		const { hosts, environment } = this.#options;
		const stored =
			node === undefined || hosts === undefined ? undefined : await loadHost(hosts, node, this.#files.contents);
		if (node !== undefined && hosts !== undefined && !stored) {
			throw new TroclaError("not_found", `there are no facts of ${JSON.stringify(node)} in ${hosts}`);
		}
		const given = toValue(facts);
		const all = new Map([...(stored?.facts ?? []), ...(isHash(given) ? given : [])]);
		return Scope.of({ ...stored, name: node, environment, facts: all });
	}
}

/**
 * Checks what a caller without types may pass.
 *
 * @internal
 * @throws {TroclaError} `invalid`
 */
export async function checkHieraOptions(options: unknown): Promise<void> {
	if (!isMap(options)) await checkMembers(options, "openHiera", MEMBERS);
	const { config, store, ...others } = Object(options) as { readonly [name: string]: unknown };
	await checkMembers(others, "openHiera", MEMBERS);
	const paths = [config].flat();
	if (paths.length === 0 || paths.some((path) => typeof path !== "string" || path === "")) {
		const hint = "As in: openHiera({ config: '/etc/puppetlabs/puppet/hiera.yaml' })";
		throw new TroclaError("invalid", "config of openHiera must be the path of a hiera.yaml, or a list of such", hint);
	}
	if (store !== undefined && typeof Object(store).peek !== "function") {
		throw new TroclaError("invalid", "store of openHiera must be what openTrocla gives");
	}
}

const MEMBERS: Members = { hosts: ["string"], environment: ["string"] };
const QUERY: Members = { node: ["string"], facts: ["map"], merge: ["string", "map"], type: ["string"] };

export type { PlainHash, PlainValue };
