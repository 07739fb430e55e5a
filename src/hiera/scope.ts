import { type Hash, isHash, type Value } from "./value.js";

/** A host as Hiera sees it. */
export interface Host {
	/** Its certificate's name, which is `trusted.certname` unless the fact `clientcert` says otherwise. */
	readonly name?: string | undefined;
	readonly facts?: Hash;
	/** `production` unless told. */
	readonly environment?: string | undefined;
	/** What its certificate holds, over what is derived from its name: `extensions`, say. */
	readonly trusted?: Hash | undefined;
	readonly serverFacts?: Hash | undefined;
}

const NOTHING: Hash = new Map();

/** The variables of one host, which stand in `%{...}`. */
export class Scope {
	readonly #top: Hash;
	readonly #local: Hash;
	readonly #used: Set<string>;

	private constructor(top: Hash, local: Hash, used = new Set<string>()) {
		this.#top = top;
		this.#local = local;
		this.#used = used;
	}

	/** Each fact by its name, and `facts`, `trusted`, `server_facts` and `environment`, as at the top of a manifest. */
	static of(host: Host): Scope {
		const facts = (host.facts ?? NOTHING) as Hash;
		const variables = new Map(facts)
			.set("environment", host.environment ?? "production")
			.set("facts", facts)
			.set("trusted", trusted(host))
			.set("server_facts", host.serverFacts ?? NOTHING);
		for (const [name, value] of TOP_SCOPE) if (!variables.has(name)) variables.set(name, value);
		return new Scope(variables, NOTHING);
	}

	/** The value of `name` or `::name`; `undefined` where there is none, as of every class's variable. */
	get(name: string): Value | undefined {
		const [, top] = /^::([\s\S]+)$/.exec(name) ?? [];
		if (top !== undefined) return this.#top.get(top);
		return this.#local.has(name) ? this.#local.get(name) : this.#top.get(name);
	}

	/** The same with one more variable, which comes from the others. */
	with(name: string, value: Value): Scope {
		return new Scope(this.#top, new Map([[name, value]]), this.#used);
	}

	/** Takes down that a variable, or a part of it, was asked for by this name. */
	use(name: string, root: string): void {
		if (!this.#local.has(root)) this.#used.add(name);
	}

	/** What was asked for so far. */
	get used(): ReadonlySet<string> {
		return this.#used;
	}
}

/** What every scope has that stands for a whole manifest. */
const TOP_SCOPE: readonly (readonly [string, Value])[] = [
	["module_name", ""],
	["name", "main"],
	["title", "main"],
];

function trusted({ name, facts, trusted: own }: Host): Hash {
	const clientcert = facts?.get("clientcert");
	const certname = typeof clientcert === "string" ? clientcert : (name ?? null);
	const [, hostname = null, domain = null] = /^([^.]*)(?:\.(.*))?$/s.exec(certname ?? "") ?? [];
	const derived: [Value, Value][] = [
		["authenticated", "local"],
		["certname", certname],
		["extensions", NOTHING],
		["hostname", certname === null ? null : hostname],
		["domain", domain],
		["external", NOTHING],
	];
	return new Map([...derived, ...(isHash(own) ? own : [])]);
}
