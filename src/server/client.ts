import type { ServeAction } from "../config/serve.js";
import { checkKey } from "../input.js";
import type { Refusal } from "../records/change.js";
import type { Grants } from "./access.js";
import { ApiError, unauthenticated } from "./api-error.js";

/** Who sent a request, and what they may do. */
export class Client {
	readonly name: string;
	readonly grants: Grants;
	readonly #refused: (refusal: Refusal) => Promise<void>;

	/** @param refused - audits what they may not do */
	constructor(name: string, grants: Grants, refused: (refusal: Refusal) => Promise<void>) {
		this.name = name;
		this.grants = grants;
		this.#refused = refused;
	}

	/**
	 * Makes sure that they may do this, before anything of the store is read: the answer is the same whether it has the
	 * key or not.
	 *
	 * @throws {ApiError} `forbidden`
	 * @throws {TroclaError} `invalid` for what can't be a key
	 */
	async demand(action: ServeAction, key: string): Promise<void> {
		checkKey(key);
		if (!this.grants.allows(action, key)) await this.#refuse(action, key);
	}

	/** The same for what is not about one key. */
	async demandSome(action: ServeAction): Promise<void> {
		if (!this.grants.allowsSome(action)) await this.#refuse(action, undefined);
	}

	/**
	 * Audits that they gave a token that is none.
	 *
	 * @throws {ApiError} `unauthenticated`
	 */
	async refuseToken(): Promise<never> {
		await this.#refused({ action: "connect", outcome: "refused", client: this.name });
		throw unauthenticated("the token is not known");
	}

	async #refuse(action: ServeAction, key: string | undefined): Promise<never> {
		await this.#refused({ action, outcome: "refused", client: this.name, ...(key !== undefined && { key }) });
		const what = key === undefined ? VERBS[action].replace(/ (of|by)$/, "") : `${VERBS[action]} ${JSON.stringify(key)}`;
		throw new ApiError(
			403,
			"forbidden",
			`${this.name} is not allowed to ${what}`,
			"serve.rules in the daemon's configuration say who may do what",
		);
	}
}

const VERBS: { readonly [Action in ServeAction]: string } = {
	get: "get",
	create: "create",
	set: "set",
	reset: "reset",
	delete: "delete",
	search: "search",
	show: "show",
	verify: "verify",
	formats: "see the formats of",
	sign: "have certificates signed by",
	metrics: "see the metrics",
};
