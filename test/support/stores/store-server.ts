import type { ConfigInput } from "../../../src/index.js";

/** A server on which trocla keeps a store, of a test's own, on a port of 127.0.0.1. */
export interface StoreServer {
	readonly port: number;
	/** What a configuration says to keep the store on it, reached at this address. */
	config(host: string, port: number): Pick<ConfigInput, "store" | "store_options">;
	/** Kills it as a loss of power would, but for what the system has taken over. */
	kill(): Promise<void>;
	/** Starts it again on what it had. */
	again(): Promise<void>;
	/** Ends it and removes all that it had. */
	stop(): Promise<void>;
}
