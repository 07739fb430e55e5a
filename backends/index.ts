import type { Backend } from "./backend.js";

/** What each store needs to be opened. */
export interface StoreOptions {
	readonly memory: Record<never, never>;
	/** `path` is absolute. Where `create` is false, a store that is not there is an error; else it is made. */
	readonly sqlite: { readonly path: string; readonly create?: boolean };
}

export type StoreName = keyof StoreOptions;

/** The registry: every store by the name that configurations call it. Its library is loaded when it is opened. */
const stores: { [Name in StoreName]: (options: StoreOptions[Name]) => Promise<Backend> } = {
	memory: async () => (await import("./memory.js")).openMemory(),
	sqlite: async ({ path, create }) => (await import("./sqlite.js")).openSqlite(path, create),
};

export const storeNames = Object.keys(stores) as readonly StoreName[];

/** @throws {BackendError} where the store can't be reached, or is not safe to use */
export function openStore<Name extends StoreName>(name: Name, options: StoreOptions[Name]): Promise<Backend> {
	return stores[name](options);
}
