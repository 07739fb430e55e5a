import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { DaemonPlace } from "../config/server.js";
import { TroclaError } from "../errors.js";
import { isMap } from "../value.js";
import { type Credentials, readCredentials } from "./credentials.js";
import { connectionFault, faultyFiles, noDaemon, Slow } from "./faults.js";
import { refusal } from "./refusals.js";

export interface Asked {
	readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	readonly path: string;
	readonly body?: object;
	/** Whether it may be asked twice, where the connection ended before there was an answer. */
	readonly repeatable?: boolean;
	/** What it is asked through, in place of any connection. */
	readonly through?: Agent;
}

/** What was answered, as JSON. */
export type Answer = { readonly [name: string]: unknown } | readonly unknown[];

type Http = Pick<typeof import("node:http"), "Agent" | "request">;

/** A host that is away does not answer at all, and nobody waits for it as long as for an answer. */
const CONNECT_SECONDS = 10;
const CONNECTIONS = 8;

/** The way to a daemon. What is wrong there, or on the way, is a TroclaError; nothing waits for longer than the place says. */
export class Connection {
	readonly place: DaemonPlace;
	readonly #http: Http;
	readonly #credentials: Credentials;
	readonly #warn: (message: string) => void;
	readonly #agent: Agent;
	#isClosed = false;

	private constructor(place: DaemonPlace, http: Http, warn: (message: string) => void) {
		this.place = place;
		this.#http = http;
		this.#credentials = readCredentials(place);
		this.#warn = warn;
		this.#agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
	}

	/**
	 * Connects to nothing yet.
	 *
	 * @param warn - hears what answers tell besides
	 * @throws {TroclaError} `config`
	 */
	static async to(place: DaemonPlace, warn: (message: string) => void): Promise<Connection> {
		const http: Http = "socketPath" in place.at ? await import("node:http") : await import("node:https");
		return new Connection(place, http, warn);
	}

	/** @throws {TroclaError} what the daemon's store would have thrown; `server`, `forbidden` */
	async ask(asked: Asked): Promise<Answer> {
		const end = this.#end();
		return await this.#read(await this.#response(asked, end), end);
	}

	/** The pieces of a long answer, as they come. */
	async *pieces(asked: Asked): AsyncGenerator<Buffer> {
		const end = this.#end();
		const response = await this.#response(asked, end);
		try {
			if (response.statusCode !== 200) await this.#read(response, end);
			const pieces = response[Symbol.asyncIterator]();
			for (;;) {
				// Whoever takes the pieces may take their time.
				const { done, value } = await this.#inTime(response, this.#end(), pieces.next());
				if (done) return;
				yield value;
			}
		} finally {
			response.destroy();
		}
	}

	/** One connection that is used for nothing else; who asks for it ends it. */
	own(): Agent {
		return new this.#http.Agent({ keepAlive: true, maxSockets: 1 });
	}

	/** Tells what an answer, or a part of one, warns of. */
	tell({ warnings }: { readonly [name: string]: unknown }): void {
		if (Array.isArray(warnings)) for (const warning of warnings) this.#warn(String(warning));
	}

	close(): void {
		this.#isClosed = true;
		this.#agent.destroy();
	}

	/** When an answer has to be there that is asked for now. */
	#end(): number {
		return performance.now() + this.place.seconds * 1000;
	}

	/** Asks, and again as long as it is told to wait. */
	async #response(asked: Asked, end: number): Promise<IncomingMessage> {
		if (this.#isClosed) throw new TroclaError("server", `the connection to ${this.place.name} was closed already`);
		for (;;) {
			const response = await this.#sendAgain(asked, end);
			const wait = Number(response.headers["retry-after"]) * 1000;
			if (response.statusCode !== 429 || !(wait > 0) || performance.now() + wait > end) return response;
			response.resume();
			await delay(wait);
		}
	}

	/** Asks; a connection that the daemon closed when it had nothing to do, or was started again, counts as none. */
	async #sendAgain(asked: Asked, end: number): Promise<IncomingMessage> {
		for (;;) {
			const state = { isReused: false };
			try {
				return await this.#send(asked, left(end), state);
			} catch (error) {
				const { code = "" } = error as NodeJS.ErrnoException;
				const isStale = state.isReused && ["ECONNRESET", "EPIPE"].includes(code);
				if (!(isStale && asked.repeatable)) throw this.#fault(error);
			}
		}
	}

	/** What is read of a response, which is given up where that takes too long. */
	async #inTime<Read>(response: IncomingMessage, end: number, read: Promise<Read>): Promise<Read> {
		const slow = setTimeout(() => response.destroy(tooSlow(this.place)), left(end));
		try {
			return await read;
		} catch (error) {
			throw this.#fault(error);
		} finally {
			clearTimeout(slow);
		}
	}

	#send(
		{ method, path, body, repeatable = false, through }: Asked,
		ms: number,
		state: { isReused: boolean },
	): Promise<IncomingMessage> {
		const text = body === undefined ? undefined : JSON.stringify(body);
		const { token, ...files } = this.#credentials;
		// Whatever the environment says, the daemon is who it says it is.
		const tls = { ...files, minVersion: "TLSv1.2", rejectUnauthorized: true } as const;
		// What must not be done twice is not sent through a connection that may be closed by now.
		const fresh = repeatable ? this.#agent : false;
		const options: RequestOptions = {
			...this.place.at,
			...("host" in this.place.at && tls),
			...{ method, path, agent: through ?? fresh },
			headers: {
				// A daemon that is to close it does so also while it is still being sent what it refuses, and why is lost.
				connection: "keep-alive",
				...(text !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
				...(token !== undefined && { authorization: `Bearer ${token}` }),
			},
		};
		return new Promise((resolve, reject) => {
			const sent = this.#http.request(options);
			const slow = setTimeout(() => sent.destroy(tooSlow(this.place)), ms);
			// Before, it may wait for others that are asked through the same connections.
			sent.once("socket", (socket) => {
				state.isReused = sent.reusedSocket;
				if (!socket.connecting) return;
				const away = setTimeout(
					() => sent.destroy(new Slow("it can't be reached, or does not answer")),
					Math.min(ms, CONNECT_SECONDS * 1000),
				);
				const connected = () => clearTimeout(away);
				socket.once("host" in this.place.at ? "secureConnect" : "connect", connected);
				sent.once("close", connected);
			});
			sent.once("response", (response) => {
				clearTimeout(slow);
				// Nobody wants the rest of what was refused.
				response.once("end", () => {
					if (!sent.writableFinished) sent.destroy();
				});
				resolve(response);
			});
			sent.on("error", (error) => {
				clearTimeout(slow);
				reject(error);
			});
			sent.end(text);
		});
	}

	/** @throws {TroclaError} where it says that something was not done, or is no daemon's */
	async #read(response: IncomingMessage, end: number): Promise<Answer> {
		const { statusCode } = response;
		const text = Buffer.concat(await this.#inTime(response, end, response.toArray())).toString();
		let answer: unknown;
		try {
			answer = JSON.parse(text);
		} catch {
			throw noDaemon(this.place, statusCode);
		}
		if (Array.isArray(answer)) return answer;
		if (!isMap(answer) || typeof answer.success !== "boolean") throw noDaemon(this.place, statusCode);
		this.tell(answer);
		if (!answer.success) throw refusal(this.place, answer.error);
		return answer;
	}

	#fault(error: unknown): unknown {
		if (!(error instanceof Error) || error instanceof TroclaError) return error;
		const { code = "" } = error as NodeJS.ErrnoException;
		return code.startsWith("ERR_OSSL_") ? faultyFiles(this.place, error) : connectionFault(this.place, error);
	}
}

const left = (end: number) => Math.max(1, end - performance.now());
const tooSlow = ({ seconds }: DaemonPlace) => new Slow(`it did not answer within ${seconds} s`);
