import type { Config } from "../config/config.js";
import type { ServeLimits } from "../config/input.js";
import type { Refusal } from "../records/change.js";
import { atMost } from "../turns.js";
import { Access } from "./access.js";
import type { OpenStore } from "./open-store.js";
import { RateLimit } from "./rate-limit.js";
import { MOST_SEARCHES } from "./search.js";
import { Tokens } from "./tokens.js";

const DEFAULTS: Required<ServeLimits> = {
	body: 2 * 1024 * 1024,
	batch: 1000,
	seconds: 30,
	connections: 1000,
	per_second: 200,
	receipt: 60,
};

export function limitsOf({ serve }: Config): Required<ServeLimits> {
	return { ...DEFAULTS, ...serve.limits };
}

/** What requests are answered from and by: another one when the configuration was read again. */
export class Site {
	readonly config: Config;
	readonly limits: Required<ServeLimits>;
	readonly access: Access;
	readonly tokens: Tokens;
	readonly rate: RateLimit;
	readonly searches = atMost(MOST_SEARCHES);
	/** Another one when it was gone and is back. */
	store: OpenStore;

	constructor(config: Config, store: OpenStore) {
		this.config = config;
		this.limits = limitsOf(config);
		this.access = new Access(config.serve.rules ?? []);
		this.tokens = new Tokens(config.serve.tokens ?? {});
		this.rate = new RateLimit(this.limits.per_second);
		this.store = store;
	}

	readonly refused = async (refusal: Refusal): Promise<void> => {
		await this.store.writes.note(refusal);
	};
}
