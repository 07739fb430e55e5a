import type { FastifyReply } from "fastify";
import type { ServeLimits } from "../config/input.js";
import type { ServeAction } from "../config/serve.js";
import type { Turns } from "../turns.js";
import type { Client } from "./client.js";
import type { OpenStore } from "./open-store.js";
import type { Schema } from "./schemas.js";
import type { Tokens } from "./tokens.js";

/** One request, as a resource answers it. What stands in it was checked against the resource's schemas. */
export interface Call {
	readonly store: OpenStore;
	readonly client: Client;
	readonly tokens: Tokens;
	/** A search waits for its turn. */
	readonly searches: Turns;
	/** Hears what the client is to be told besides: it is in the answer, or in the log once that is sent. */
	readonly warn: (message: string) => void;
	readonly limits: Required<ServeLimits>;
	readonly params: { readonly [name: string]: string };
	readonly query: { readonly [name: string]: string };
	readonly body: { readonly [name: string]: unknown };
	readonly reply: FastifyReply;
	/** Hears of what goes wrong when the client has its answer. */
	readonly failed: (error: unknown) => void;
}

/** What the daemon answers at a path. */
export interface Resource {
	readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	/** Fastify's: `/v1/key/:key/:format`. */
	readonly path: string;
	/** Whether it may also end with a slash, as troclapi's clients write it. */
	readonly slash?: boolean;
	readonly summary: string;
	/** What one must be allowed to: with the path's key, or else with some. */
	readonly action?: ServeAction;
	/** Whether its body has entries, which are each looked at, and audited where they are refused. */
	readonly hasEntries?: boolean;
	readonly query?: Schema;
	readonly body?: Schema;
	/** Whether a request without a body is as good as one with an empty map. */
	readonly bodyOptional?: boolean;
	readonly answer: Schema | { readonly mediaType: string };
	/** What goes wrong besides what always may: `404`. */
	readonly failures?: readonly number[];
	/** Gives the answer; `undefined` where it was sent already. */
	readonly respond: (call: Call) => Promise<unknown>;
}
