import { BackendError } from "../backend.js";
import { connectionError, isConnectionLost, isNotConnected } from "../server/connection-error.js";
import { HttpClient } from "../server/http.js";
import { serverName } from "../server/server-name.js";
import type { TlsTexts } from "../server/tls-files.js";
import { EtcdError, errorIn, explain } from "./error.js";

export interface EtcdSettings {
	/** Members of one cluster. */
	readonly urls: readonly string[];
	readonly password: string | undefined;
	readonly tls: TlsTexts;
	readonly seconds: number;
	readonly connections: number;
	/** For messages: the URLs, without who uses them. */
	readonly server: string;
}

/** Whether the server could not be reached, or was lost before it answered. */
export function isLost(error: unknown): boolean {
	return isConnectionLost(error) || (error instanceof EtcdError && error.isPassing);
}

/** Asks the members of a cluster by etcd's gateway, which is JSON over HTTP; a user's token is got and renewed. */
export class EtcdClient {
	readonly #settings: EtcdSettings;
	readonly #members: readonly Member[];
	/** Which of them is asked. */
	#asked = 0;
	#isClosed = false;

	constructor(settings: EtcdSettings) {
		this.#settings = settings;
		this.#members = settings.urls.map((url) => new Member(url, settings));
	}

	/**
	 * Asks the member that answered last; where it can't be reached, the next ones.
	 *
	 * @param seconds - how long the answer may take
	 * @throws {EtcdError} and Node's errors: see isLost and etcdError
	 */
	async ask<Answer>(path: string, body: object, seconds = this.#settings.seconds): Promise<Answer> {
		if (this.#isClosed) throw new BackendError("unavailable", `${this.#settings.server} is closed`);
		let failure: unknown;
		for (const _ of this.#members) {
			const index = this.#asked;
			try {
				// There is a member of each index.
				return (await (this.#members[index] as Member).ask(path, body, seconds)) as Answer;
			} catch (error) {
				failure ??= error;
				if (!this.#isOnlyOf(error)) throw error;
				// Another call may have gone on already.
				if (this.#asked === index) this.#asked = (index + 1) % this.#members.length;
				if (!isNotConnected(error)) throw error;
			}
		}
		throw failure;
	}

	close(): void {
		this.#isClosed = true;
		for (const member of this.#members) member.close();
	}

	/** Whether another member may do better. */
	#isOnlyOf(error: unknown): boolean {
		return isLost(error) || isNotConnected(error);
	}
}

/** One member of a cluster. */
class Member {
	readonly #http: HttpClient;
	readonly #login: { readonly name: string; readonly password: string } | undefined;
	readonly #server: string;
	#token: Promise<string> | undefined;

	constructor(url: string, { password, tls, seconds, connections }: EtcdSettings) {
		this.#http = new HttpClient(url, { tls, seconds, connections });
		this.#server = serverName([url]);
		const { username } = new URL(url);
		if (password !== undefined) this.#login = { name: decodeURIComponent(username) || "root", password };
	}

	async ask(path: string, body: object, seconds: number): Promise<unknown> {
		const token = this.#token;
		try {
			return await this.#post(path, body, seconds, await this.#authorization(seconds));
		} catch (error) {
			if (!this.#login || !(error instanceof EtcdError && error.wantsToken)) throw error;
		}
		// A token ends with the server, or some minutes later.
		if (this.#token === token) this.#token = undefined;
		return await this.#post(path, body, seconds, await this.#authorization(seconds));
	}

	close(): void {
		this.#http.close();
	}

	async #authorization(seconds: number): Promise<{ readonly authorization?: string }> {
		if (!this.#login) return {};
		this.#token ??= this.#post("v3/auth/authenticate", this.#login, seconds, {}).then(
			(answer) => (answer as { readonly token: string }).token,
		);
		const token = this.#token;
		try {
			return { authorization: await token };
		} catch (error) {
			if (this.#token === token) this.#token = undefined;
			throw error;
		}
	}

	async #post(path: string, body: object, seconds: number, headers: { readonly authorization?: string }) {
		const answer = await this.#http.ask({ method: "POST", path, body, headers, seconds });
		if (answer.status === 200 && answer.body !== undefined) return answer.body;
		throw errorIn(answer, this.#server);
	}
}

/** What went wrong, in words for who configured the store. */
export function etcdError(error: unknown, server: string): BackendError {
	if (error instanceof BackendError) return error;
	return error instanceof EtcdError ? explain(error, server) : connectionError(error, server);
}
