import { BackendError } from "../backend.js";
import type { VaultAnswer, VaultQuestion } from "./client.js";

/** Who asks: a token, an AppRole, or neither, where a Vault Agent on the way adds its own. */
export interface Credentials {
	readonly token?: string | undefined;
	readonly appRole?: AppRole | undefined;
}

export interface AppRole {
	readonly role: string;
	readonly secret?: string | undefined;
	/** Where the method is mounted below `auth/`. */
	readonly path: string;
}

type Send = (question: VaultQuestion, token: string | undefined) => Promise<VaultAnswer>;

const LOOK = { method: "GET", path: "auth/token/lookup-self" } as const;

/** When a process has lasted for so long it is no single command, and the token that it was given is renewed. */
const FIRST_LOOK_MS = 1000;
const AGAIN_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Holds a token, renews it at half of its time, and with an AppRole makes another when it has ended. */
export class Login {
	readonly #appRole: AppRole | undefined;
	readonly #send: Send;
	#token: string | undefined;
	#loggingIn: Promise<string> | undefined;
	#replacing: Promise<string | undefined> | undefined;
	#timer: NodeJS.Timeout | undefined;
	#isClosed = false;

	constructor({ token, appRole }: Credentials, send: Send) {
		this.#token = token;
		this.#appRole = appRole;
		this.#send = send;
		if (token !== undefined) this.#later(FIRST_LOOK_MS, () => this.#lookAt(token));
	}

	async token(): Promise<string | undefined> {
		return this.#token ?? (this.#appRole && (await this.#logIn(this.#appRole)));
	}

	/** The token to try after one was refused; `undefined` where there is no other, or it was not the token's fault. */
	async tokenAfter(refused: string | undefined): Promise<string | undefined> {
		if (!this.#appRole) return undefined;
		if (this.#token !== refused) return await this.token();
		this.#replacing ??= this.#replace(refused).finally(() => {
			this.#replacing = undefined;
		});
		return await this.#replacing;
	}

	close(): void {
		this.#isClosed = true;
		clearTimeout(this.#timer);
	}

	/** A secret_id may be good for one login only, so none is made for what the policies don't allow anyway. */
	async #replace(refused: string | undefined): Promise<string | undefined> {
		const { status } = await this.#send(LOOK, refused);
		if (status === 200) return undefined;
		this.#token = undefined;
		return await this.token();
	}

	/** All who need it at the same time wait for the same login. */
	#logIn(appRole: AppRole): Promise<string> {
		this.#loggingIn ??= this.#newToken(appRole).finally(() => {
			this.#loggingIn = undefined;
		});
		return this.#loggingIn;
	}

	async #newToken({ role, secret, path }: AppRole): Promise<string> {
		const body = { role_id: role, ...(secret !== undefined && { secret_id: secret }) };
		const question = { method: "POST", path: `auth/${path}/login`, body } as const;
		const { status, auth, errors } = await this.#send(question, undefined);
		if (typeof auth.client_token !== "string") {
			throw new BackendError(
				"unavailable",
				`Vault refuses the AppRole at auth/${path}/: ${errors.join("; ") || `status ${status}`}`,
				"Check role_id, secret_id (it may have expired, or be used up) and approle_path of store_options",
			);
		}
		this.#token = auth.client_token;
		this.#renewAtHalf(auth.client_token, auth.lease_duration);
		return auth.client_token;
	}

	async #lookAt(token: string): Promise<void> {
		const { data } = await this.#send(LOOK, token);
		if (data.renewable === true) this.#renewAtHalf(token, data.ttl);
	}

	async #renew(token: string): Promise<void> {
		const { auth } = await this.#send({ method: "POST", path: "auth/token/renew-self", body: {} }, token);
		this.#renewAtHalf(token, auth.lease_duration);
	}

	/** Towards the longest time that a token may have, its leases get shorter; at the end an AppRole logs in again. */
	#renewAtHalf(token: string, seconds: unknown): void {
		// Nothing, or 0, is of a token that never ends, or one that can't be renewed.
		if (typeof seconds !== "number" || seconds <= 0) return;
		this.#later(Math.max((seconds * 1000) / 2, FIRST_LOOK_MS), async () => {
			if (this.#token === token) await this.#renew(token);
		});
	}

	#later(ms: number, work: () => Promise<void>): void {
		if (this.#isClosed) return;
		clearTimeout(this.#timer);
		const again = () => this.#later(AGAIN_MS, work);
		this.#timer = setTimeout(() => void work().catch(again), Math.min(ms, LONGEST_TIMER_MS));
		this.#timer.unref();
	}
}
