import type { Format } from "./format.js";

/** How to load a format, and what is known of it before. */
interface Entry {
	/** The names of its options. */
	readonly options: readonly string[];
	/** Its values come from no plaintext. */
	readonly generates?: boolean;
	load(): Promise<Format>;
}

/**
 * Every format by the name that users call it, those that are best at verifying a password first.
 * A format's file, with the libraries behind it, is loaded when it is asked for.
 */
const builtin = {
	plain: { options: [], load: async () => (await import("./plain.js")).plain },
	yescrypt: { options: ["cost"], load: async () => (await import("./yescrypt.js")).yescrypt },
	argon2: { options: ["time", "memory", "parallelism"], load: async () => (await import("./argon2.js")).argon2 },
	bcrypt: { options: ["cost"], load: async () => (await import("./bcrypt.js")).bcrypt },
	sha512crypt: { options: ["rounds"], load: async () => (await import("./sha512crypt.js")).sha512crypt },
	sha256crypt: { options: ["rounds"], load: async () => (await import("./sha256crypt.js")).sha256crypt },
	pgsql: { options: ["encode", "username"], load: async () => (await import("./pgsql.js")).pgsql },
	mysql: { options: ["plugin"], load: async () => (await import("./mysql.js")).mysql },
	ssha: { options: [], load: async () => (await import("./ssha.js")).ssha },
	md5crypt: { options: [], load: async () => (await import("./md5crypt.js")).md5crypt },
	sha1: { options: [], load: async () => (await import("./sha1.js")).sha1 },
	sshkey: {
		options: ["type", "bits", "comment", "passphrase"],
		generates: true,
		load: async () => (await import("./sshkey.js")).sshkey,
	},
	openpgp: {
		options: ["type", "bits", "name", "email"],
		generates: true,
		load: async () => (await import("./openpgp.js")).openpgp,
	},
	wireguard: { options: [], generates: true, load: async () => (await import("./wireguard.js")).wireguard },
	x509: {
		options: [
			"subject",
			"CN",
			"C",
			"ST",
			"L",
			"O",
			"OU",
			"emailAddress",
			"ca",
			"become_ca",
			"path_length",
			"key_type",
			"keysize",
			"hash",
			"serial",
			"days",
			"key_usages",
			"extended_key_usages",
			"altnames",
			"name_constraints",
		],
		generates: true,
		load: async () => (await import("./x509.js")).x509,
	},
} satisfies Record<string, Entry>;

export type BuiltinName = keyof typeof builtin;
export const builtinNames = Object.keys(builtin) as readonly BuiltinName[];

declare const registered: unique symbol;
/** The name of a format that there is. */
export type FormatName = BuiltinName | (string & { readonly [registered]: true });

/** The registry: trocla's own formats and, behind them, those of a site. */
export class Formats {
	readonly names: readonly FormatName[];
	readonly #entries: { readonly [name: string]: Entry };

	constructor(site: { readonly [name: string]: Format } = {}) {
		const entries = Object.entries(site).map(([name, format]): [string, Entry] => [
			name,
			{
				options: Object.keys(format.options.entries),
				generates: format.generate !== undefined,
				load: async () => format,
			},
		]);
		this.#entries = { ...builtin, ...Object.fromEntries(entries) };
		// What is registered here is what the type stands for.
		this.names = Object.keys(this.#entries) as FormatName[];
	}

	has(name: string): name is FormatName {
		return Object.hasOwn(this.#entries, name);
	}

	/** The names of a format's own options, without loading it. */
	optionNames(name: FormatName): readonly string[] {
		return this.#entry(name).options;
	}

	/** Whether a format's values come from no plaintext; of one that is not known (any more) that can't be told. */
	generates(name: string): boolean {
		return this.has(name) && this.#entry(name).generates === true;
	}

	load(name: FormatName): Promise<Format> {
		return this.#entry(name).load();
	}

	#entry(name: FormatName): Entry {
		const entry = this.#entries[name];
		if (entry === undefined) throw new Error(`no format ${name}`);
		return entry;
	}
}

/** The formats of a site that has none of its own. */
export const builtinFormats = new Formats();
