import { once } from "node:events";
import { type Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { checkedConfig } from "../../src/config/config.js";
import type { ServeInput } from "../../src/config/input.js";
import { openConfigured } from "../../src/open.js";
import { Daemon } from "../../src/server/daemon.js";
import { Log } from "../../src/server/log.js";
import type { Trocla } from "../../src/trocla.js";
import { AnswerChecker } from "./answers.js";
import { type Line, parse } from "./audit.js";
import { AuditedSandbox } from "./audited-sandbox.js";
import { cleanUp } from "./sandbox.js";

/** What was answered. */
export interface Answer {
	readonly status: number;
	readonly headers: IncomingMessage["headers"];
	readonly text: string;
	/** The body, where it is JSON. */
	// A test says what it expects of it.
	// biome-ignore lint/suspicious/noExplicitAny: it is what the daemon says, and the test checks that
	readonly json: any;
}

export interface Sending {
	readonly body?: unknown;
	readonly headers?: OutgoingHttpHeaders;
	readonly agent?: Agent;
	/** Through HTTPS, with these certificates. */
	readonly tls?: ConnectionOptions;
}

/** A daemon in this process, with a store and an audit of its own; what it answers is checked against its OpenAPI document. */
export class TestDaemon {
	readonly sandbox = new AuditedSandbox();
	readonly socket = this.sandbox.path("t.sock");
	readonly log: Line[] = [];
	readonly #checker = new AnswerChecker();
	#daemon: Daemon | undefined;

	static async start(serve: ServeInput = {}, more: object = {}): Promise<TestDaemon> {
		const test = new TestDaemon();
		const log = new Log((text) => void test.log.push(...parse(text)));
		const config = await test.config(serve, more);
		const opening = { warn: () => {}, create: true, program: "trocla serve", inGroups: true };
		const daemon = await Daemon.start({ config, version: "0", opening, log, env: {} });
		test.#daemon = daemon;
		cleanUp(() => daemon.stop(0));
		const { json } = await test.send("GET", "/openapi.json");
		test.#checker.read(json);
		return test;
	}

	config(serve: ServeInput, more: object = {}) {
		const { store, audit: file } = this.sandbox;
		const base = { store_options: { path: store }, audit: { file }, ...more };
		return checkedConfig({ ...base, serve: { socket: { path: this.socket }, ...serve } }, this.sandbox.path("t.yaml"));
	}

	get daemon(): Daemon {
		if (!this.#daemon) throw new Error("not started");
		return this.#daemon;
	}

	async reload(serve: ServeInput, more: object = {}): Promise<void> {
		await this.daemon.reload(() => this.config(serve, more));
	}

	/** The store as another process sees it. */
	async withStore<Result>(use: (trocla: Trocla) => Promise<Result>): Promise<Result> {
		await using trocla = await openConfigured(await this.config({}, { audit: null }), {
			warn: () => {},
			create: false,
		});
		return await use(trocla);
	}

	/** All that is stored, as text: each key with its formats, values and dates. */
	async stored(): Promise<string> {
		return await this.withStore(async (trocla) => {
			const lines: string[] = [];
			for await (const key of trocla.search(/(?:)/)) {
				const shown = await trocla.show(key);
				const values = await trocla.peekMany(Object.keys(shown?.formats ?? {}).map((format) => ({ key, format })));
				lines.push(JSON.stringify([shown, values.map((value) => value?.value)]));
			}
			return lines.join("\n");
		});
	}

	/** Sends a request, and gives the answer; `path` is sent as it is. */
	async send(method: string, path: string, { body, headers, agent, tls }: Sending = {}): Promise<Answer> {
		const where = tls
			? { host: "127.0.0.1", port: this.daemon.port, agent: false as const, ...tls }
			: { socketPath: this.socket, ...(agent && { agent }) };
		const bytes = Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
		// Node would send the body of a DELETE without saying that there is one.
		const length = bytes === undefined ? {} : { "content-length": Buffer.byteLength(bytes) };
		const sent = (tls ? httpsRequest : httpRequest)({ method, path, ...where, headers: { ...length, ...headers } });
		// It may be answered before all of it was read.
		sent.on("error", () => {});
		sent.end(bytes);
		const [response]: IncomingMessage[] = await once(sent, "response");
		if (!response) throw new Error("no response");
		const chunks: Buffer[] = await response.toArray();
		const text = Buffer.concat(chunks).toString();
		const json =
			String(response.headers["content-type"]).startsWith("application/json") && text ? JSON.parse(text) : undefined;
		const answer = { status: response.statusCode ?? 0, headers: response.headers, text, json };
		this.#checker.check(method, path, answer);
		return answer;
	}

	/** Sends bytes as they are, and gives all that comes back until the connection ends. */
	async sendRaw(bytes: string | Buffer): Promise<string> {
		const socket = await this.connect();
		socket.end(bytes);
		const chunks: Buffer[] = await socket.toArray();
		return Buffer.concat(chunks).toString();
	}

	async connect(): Promise<Socket> {
		const socket = connect({ path: this.socket, allowHalfOpen: true });
		socket.on("error", () => {});
		cleanUp(() => socket.destroy());
		await once(socket, "connect");
		return socket;
	}
}
