import type { Format } from "./format.js";

/** How to load a format, and the names of its options (known before it is loaded). */
interface Entry {
	readonly options: readonly string[];
	load(): Promise<Format>;
}

/**
 * The registry: every format by the name that users call it, those that are best at verifying a password first.
 * A format's file, with the libraries behind it, is loaded when it is asked for.
 */
const formats = {
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
		load: async () => (await import("./sshkey.js")).sshkey,
	},
	wireguard: { options: [], load: async () => (await import("./wireguard.js")).wireguard },
} satisfies Record<string, Entry>;

export type FormatName = keyof typeof formats;

/** All formats' names, best at verifying a password first. */
export const formatNames = Object.keys(formats) as readonly FormatName[];

export function isFormatName(name: string): name is FormatName {
	return Object.hasOwn(formats, name);
}

/** The names of a format's own options, without loading it. */
export function formatOptionNames(name: FormatName): readonly string[] {
	return formats[name].options;
}

export function loadFormat(name: FormatName): Promise<Format> {
	return formats[name].load();
}
