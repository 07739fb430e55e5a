import type { Backend } from "./backend.js";
import {
	etcdOptions,
	keyvOptions,
	type OptionKinds,
	type OptionsOf,
	postgresOptions,
	redisOptions,
	sqlOptions,
	vaultOptions,
} from "./options.js";

/** How a store is configured and opened. */
interface StoreKind<Kinds extends OptionKinds> {
	/** What `store_options` may hold. */
	readonly options: Kinds;
	/** Which of them must be there. */
	readonly required?: readonly (keyof Kinds & string)[];
	/** What its URL may begin with, without the colon. */
	readonly schemes?: readonly string[];
	/** What whoever opens it is warned of. */
	readonly caution?: string;
	/** Where `create` is false, a store that is not there is an error; else it is made. */
	open(options: OptionsOf<Kinds>, create: boolean): Promise<Backend>;
}

const kind = <const Kinds extends OptionKinds>(store: StoreKind<Kinds>) => store;

/** The registry: every store by the name that configurations call it. Its library is loaded when it is opened. */
const stores = {
	memory: kind({ options: {}, open: async () => (await import("./memory.js")).openMemory() }),
	sqlite: kind({
		options: { path: "path" },
		open: async ({ path = "" }, create) => (await import("./sqlite.js")).openSqlite(path, create),
	}),
	postgres: kind({
		options: postgresOptions,
		required: ["url"],
		schemes: ["postgres", "postgresql"],
		open: async (options, create) => (await import("./postgres.js")).openPostgres(options, create),
	}),
	mysql: kind({
		options: sqlOptions,
		required: ["url"],
		schemes: ["mysql", "mariadb"],
		open: async (options, create) => (await import("./mysql.js")).openMysql(options, create),
	}),
	redis: kind({
		options: redisOptions,
		required: ["url"],
		schemes: ["redis", "rediss", "unix"],
		open: async (options) => (await import("./redis.js")).openRedis(options),
	}),
	vault: kind({
		options: vaultOptions,
		required: ["url"],
		schemes: ["https", "http"],
		open: async (options) => (await import("./vault.js")).openVault(options),
	}),
	etcd: kind({
		options: etcdOptions,
		required: ["url"],
		schemes: ["http", "https"],
		open: async (options) => (await import("./etcd.js")).openEtcd(options),
	}),
	keyv: kind({
		options: keyvOptions,
		required: ["adapter"],
		caution:
			"Keyv has no compare-and-set, so store: keyv is right in one process alone: two at once may give a key two values",
		open: async (options) => (await import("./keyv.js")).openKeyv(options),
	}),
};

export type StoreName = keyof typeof stores;

export const storeNames = Object.keys(stores) as readonly StoreName[];

/** What a store is configured with: the kind of each option, those that must be there, and the schemes of its URL. */
export function storeKind(name: StoreName): Omit<StoreKind<OptionKinds>, "open"> {
	return stores[name];
}

/**
 * @param options - as the store's kind has them, checked
 * @param create - where false, a store that is not there is an error; else it is made
 * @throws {BackendError} where the store can't be reached, or is not safe to use
 */
export function openStore(
	name: StoreName,
	options: { readonly [name: string]: unknown },
	create: boolean,
): Promise<Backend> {
	// The options were checked by the kinds.
	return (stores[name] as StoreKind<OptionKinds>).open(options as OptionsOf<OptionKinds>, create);
}
