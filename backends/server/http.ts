import { Agent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { NoAnswer } from "./connection-error.js";
import type { TlsTexts } from "./tls-files.js";

export interface HttpSettings {
	/** For `https:`. */
	readonly tls: TlsTexts;
	/** How long an answer may take, to connect included. */
	readonly seconds: number;
	/** How many connections there are at most; what is asked while all are in use waits. */
	readonly connections: number;
}

export interface HttpQuestion {
	readonly method: string;
	/** Below the client's own URL: `v3/kv/range`. */
	readonly path: string;
	readonly headers?: OutgoingHttpHeaders;
	/** Sent as JSON. */
	readonly body?: unknown;
	/** How long this answer may take, where that is not as long as any. */
	readonly seconds?: number;
}

export interface HttpAnswer {
	readonly status: number;
	/** What the body is as JSON; `undefined` where it is none. */
	readonly body: unknown;
}

/** Asks a server over HTTP/1.1 for JSON, on connections that stay open. It follows no redirects. */
export class HttpClient {
	readonly #base: URL;
	readonly #settings: HttpSettings;
	readonly #agent: Agent;

	/** @param base - the server, with the path that all questions begin with; who uses it is not looked at */
	constructor(base: string, settings: HttpSettings) {
		const url = new URL(base);
		this.#base = new URL(`${url.pathname.replace(/\/*$/, "")}/`, url);
		this.#settings = settings;
		const { connections, tls } = settings;
		const pool = { keepAlive: true, maxSockets: connections, noDelay: true };
		this.#agent = url.protocol === "https:" ? new TlsAgent({ ...pool, ...tls }) : new Agent(pool);
	}

	/**
	 * Every status is an answer.
	 *
	 * @throws {NoAnswer} and Node's errors: see isConnectionLost and connectionError
	 */
	async ask({ method, path, headers, body, seconds = this.#settings.seconds }: HttpQuestion): Promise<HttpAnswer> {
		const url = new URL(path, this.#base);
		const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
		const ask = url.protocol === "https:" ? tlsRequest : request;
		const question = ask({
			protocol: url.protocol,
			hostname: url.hostname.replace(/^\[|\]$/g, ""),
			port: url.port,
			path: url.pathname + url.search,
			method,
			agent: this.#agent,
			headers: {
				...headers,
				...(sent && { "content-type": "application/json", "content-length": sent.length }),
			},
		});
		const noAnswer = new NoAnswer(seconds);
		let isLate = false;
		const end = setTimeout(() => {
			isLate = true;
			question.destroy(noAnswer);
		}, seconds * 1000);
		try {
			const answer = await answerTo(question, sent);
			return { status: answer.statusCode ?? 0, body: parse(await text(answer)) };
		} catch (error) {
			// In the middle of an answer Node only says that the connection was reset.
			throw isLate ? noAnswer : error;
		} finally {
			clearTimeout(end);
		}
	}

	/** Ends the connections, and what was asked on them. */
	close(): void {
		this.#agent.destroy();
	}
}

function answerTo(question: ClientRequest, body: Buffer | undefined): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		question.on("error", reject);
		question.on("response", resolve);
		question.end(body);
	});
}

function parse(body: string): unknown {
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}
