/** What an option of a store may be. */
export interface OptionValues {
	/** Absolute. */
	readonly path: string;
	readonly text: string;
	/** Where a server is, with a user but without a password. */
	readonly url: string;
	/** Where several servers are that have the same; a configuration may name one as `url` does. */
	readonly urls: readonly string[];
	/** A whole number above 0. */
	readonly number: number;
	readonly flag: boolean;
	/** A Node module: a package's name or a file's absolute path, and the directory where it is looked for first. */
	readonly package: { readonly name: string; readonly from: string };
	/** Any map, for whoever opens the store to check. */
	readonly map: { readonly [name: string]: unknown };
	/** What only the file, variable or credential holds that a configuration names as `NAME_file`, `NAME_env`, `NAME_credential`. */
	readonly secret: string;
}

export type OptionKinds = { readonly [name: string]: keyof OptionValues };

/** The options of a store; each may be left out. */
export type OptionsOf<Kinds extends OptionKinds> = {
	readonly [Name in keyof Kinds]?: OptionValues[Kinds[Name]] | undefined;
};

/** What all stores on a server have, but for who they are there. */
export const connectionOptions = {
	url: "url",
	/** PEM files: who signs the server's certificate; and the client's own certificate, and its key. */
	ca: "path",
	certificate: "path",
	key: "path",
	/** How long anything may take, to connect included. */
	seconds: "number",
	/** How many connections there are at most. */
	connections: "number",
} as const satisfies OptionKinds;

export const serverOptions = { ...connectionOptions, password: "secret" } as const satisfies OptionKinds;

/** What the stores in databases have. */
export const sqlOptions = {
	...serverOptions,
	/** Where the server's socket is on this host; then the URL's host does not count. */
	socket: "path",
	/** Whether the server must speak TLS; unless told, where it is another host, or where TLS's files are named. */
	tls: "flag",
	/** The table that the records are in. */
	table: "text",
} as const satisfies OptionKinds;

export const postgresOptions = {
	...sqlOptions,
	/** The schema that the table is in. */
	schema: "text",
} as const satisfies OptionKinds;

// One connection to each server serves any number of calls.
const { connections: _, ...redisServerOptions } = serverOptions;

export const redisOptions = {
	...redisServerOptions,
	/** Servers that are tried in turn, or nodes of a cluster. */
	url: "urls",
	/** What Keyv calls so: what keys begin with on the server, but for the `::` that follows. */
	namespace: "text",
	/** Whether the server may be one that loses what it answered was stored. */
	allow_loss: "flag",
} as const satisfies OptionKinds;

export const etcdOptions = {
	...serverOptions,
	/** Members of one cluster, which are asked in turn. */
	url: "urls",
	/** What Keyv calls so: what keys begin with on the server, but for the `:` that follows. */
	namespace: "text",
} as const satisfies OptionKinds;

export const vaultOptions = {
	...connectionOptions,
	token: "secret",
	/** An AppRole, and where that method is mounted. */
	role_id: "text",
	secret_id: "secret",
	approle_path: "text",
	namespace: "text",
	/** Where KV version 2 is mounted, and what all names below begin with. */
	mount: "text",
	prefix: "text",
} as const satisfies OptionKinds;

export const keyvOptions = {
	adapter: "package",
	/** What the adapter is made with: a URI, or a map. */
	uri: "url",
	options: "map",
	password: "secret",
	seconds: "number",
} as const satisfies OptionKinds;
