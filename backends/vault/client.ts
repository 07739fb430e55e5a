import { BackendError } from "../backend.js";
import { connectionError, isConnectionLost } from "../server/connection-error.js";
import type { HttpClient } from "../server/http.js";
import { type Credentials, Login } from "./login.js";

export interface VaultQuestion {
	readonly method: "GET" | "POST" | "PUT";
	/** Below `/v1/`. */
	readonly path: string;
	readonly body?: unknown;
}

/** What Vault answers, with a status below 500; what it does not have is empty. */
export interface VaultAnswer {
	readonly status: number;
	readonly data: { readonly [name: string]: unknown };
	readonly auth: { readonly [name: string]: unknown };
	readonly errors: readonly string[];
}

/** A server that is there, and can't serve now: sealed, without an active node, overloaded. */
class Unwell extends Error {
	readonly status: number;

	constructor(status: number, errors: readonly string[]) {
		super(errors.join("; ") || `it answers with status ${status}`);
		this.status = status;
	}
}

/** Whether the server could not be reached, was lost before it answered, or can't serve now, so that it may in a moment. */
export function isLost(error: unknown): boolean {
	return error instanceof Unwell || isConnectionLost(error);
}

/** Asks a Vault or OpenBao, in a namespace, as whoever the credentials are of. */
export class VaultClient {
	/** The server's URL, for messages. */
	readonly server: string;
	readonly #http: HttpClient;
	readonly #namespace: string | undefined;
	readonly #login: Login;

	constructor(http: HttpClient, server: string, who: Credentials & { readonly namespace?: string | undefined }) {
		this.#http = http;
		this.server = server;
		this.#namespace = who.namespace;
		this.#login = new Login(who, (question, token) => this.#send(question, token));
	}

	/**
	 * Any status below 500 is an answer, but those that say to come again.
	 *
	 * @throws what isLost knows, or `toBackendError` tells
	 */
	async ask(question: VaultQuestion): Promise<VaultAnswer> {
		const token = await this.#login.token();
		const answer = await this.#send(question, token);
		if (answer.status !== 403) return answer;
		const another = await this.#login.tokenAfter(token);
		return another === undefined ? answer : await this.#send(question, another);
	}

	/** What a node says of itself: to anyone, outside of all namespaces. */
	async health(): Promise<{ readonly [name: string]: unknown }> {
		const { body } = await this.#http.ask({ method: "GET", path: "sys/health" });
		return partsOf(body);
	}

	/** What anything that this throws means for who configured the store. */
	toBackendError(error: unknown): BackendError {
		if (error instanceof BackendError) return error;
		if (!(error instanceof Unwell)) return connectionError(error, this.server);
		return new BackendError("unavailable", `${this.server}: ${error.message}`, unwellHint(error.status));
	}

	/** What an answer that is no success means. */
	refusal({ status, errors }: VaultAnswer, path: string): BackendError {
		const why = errors.join("; ").replace(/\s+/g, " ").trim().slice(0, LONGEST_REASON) || `status ${status}`;
		if (/too large/.test(why)) {
			return new BackendError(
				"full",
				`${this.server}: ${path} is more than this Vault stores in one entry: ${why}`,
				"Raise max_entry_size (integrated storage) or kv_max_value_size (Consul), or use another store",
			);
		}
		return new BackendError("unavailable", `${this.server}: ${path} is refused: ${why}`, refusalHint(status, why));
	}

	close(): void {
		this.#login.close();
		this.#http.close();
	}

	async #send({ method, path, body }: VaultQuestion, token: string | undefined): Promise<VaultAnswer> {
		const headers = {
			// A Vault Agent may be told to refuse what does not have it.
			"x-vault-request": "true",
			...(token !== undefined && { "x-vault-token": token }),
			...(this.#namespace !== undefined && { "x-vault-namespace": this.#namespace }),
		};
		const { status, body: answer } = await this.#http.ask({ method, path, headers, body });
		const { data, auth, errors } = partsOf(answer);
		const texts = Array.isArray(errors) ? errors.map(String) : [];
		// Its own 404 has a list of errors, if an empty one; what a proxy says when it knows no server has not.
		const isForeign = status === 404 && !data && !Array.isArray(errors);
		if (isForeign || comesAgain(status, texts)) throw new Unwell(status, texts);
		return { status, data: partsOf(data), auth: partsOf(auth), errors: texts };
	}
}

const LONGEST_REASON = 300;

const partsOf = (value: unknown): { readonly [name: string]: unknown } =>
	typeof value === "object" && value !== null ? { ...value } : {};

function comesAgain(status: number, errors: readonly string[]): boolean {
	if (errors.some((error) => /value being too large/.test(error))) return false;
	// A mount is upgraded when the server starts: https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2/upgrade
	if (errors.some((error) => /will resume service shortly/.test(error))) return true;
	return status >= 500 || status === 429 || status === 412 || (status >= 300 && status < 400);
}

function unwellHint(status: number): string {
	if (status === 429) return "Raise the rate limit quota of this path, or ask less at once";
	if (status === 503) return "See what vault status says: a sealed server has to be unsealed";
	if (status >= 300 && status < 400) {
		return "This node sends its clients to the active one: name that, or what finds it, in store_options.url";
	}
	return "See what vault status says, and the server's log; the URL must be that of a Vault or OpenBao";
}

function refusalHint(status: number, why: string): string {
	if (/missing client token/.test(why))
		return "Name where the token is: token_file or token_env, or role_id of an AppRole";
	if (status !== 403) return "See the server's log, and store_options";
	return "The token has expired, or its policies don't allow this: docs/stores.md has the policy that trocla needs";
}
