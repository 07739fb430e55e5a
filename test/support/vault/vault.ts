import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { json } from "node:stream/consumers";
import type { SecureContextOptions } from "node:tls";
import { type Answer, Kv2 } from "./kv2.js";
import { Tokens } from "./tokens.js";

/** What happens to a request instead of being answered: its connection is cut, before or after it was done, or nothing. */
export type Mishap = "cut" | "done, then cut" | "hang" | Answer;

/** What is mounted: KV version 2, or an engine of another type or version, which answers nothing. */
type Engine = Kv2 | { readonly type: string; readonly version?: string };

const TYPES: { readonly [method: string]: string } = { GET: "read", DELETE: "delete", POST: "update", PUT: "update" };

/**
 * A server that speaks the documented API of Vault and OpenBao, as far as KV version 2, tokens, AppRoles, policies and
 * namespaces go, for any number of clients. It keeps everything in memory, also while it is stopped. (Node's HTTP server
 * knows no method LIST, so lists are asked for with `?list=true`.)
 */
export class TestVault {
	/** By namespace, "" being the root's, and path: `secret`. */
	readonly mounts = new Map<string, Map<string, Engine>>();
	readonly tokens = new Tokens();
	/** The root token. */
	readonly root = this.tokens.issue("root");
	readonly secret = new Kv2();
	/** What `sys/health` says besides. */
	health: { readonly [name: string]: unknown } = {};
	isSealed = false;
	/** Looked at for every request: what befalls it. */
	befalls: (method: string, path: string) => Mishap | undefined = () => undefined;
	/** All requests so far: `POST secret/data/trocla/a`. */
	readonly asked: string[] = [];
	readonly #tls: SecureContextOptions | undefined;
	readonly #host: string;
	readonly #sockets = new Set<Socket>();
	#server: Server | undefined;
	#port = 0;

	private constructor(tls: SecureContextOptions | undefined, host: string) {
		this.#tls = tls;
		this.#host = host;
		this.mounts.set("", new Map([["secret", this.secret]]));
	}

	/** @param host - the address that it listens on; with TLS it is `localhost` */
	static async start({
		tls,
		host = "127.0.0.1",
	}: {
		tls?: SecureContextOptions;
		host?: string;
	} = {}): Promise<TestVault> {
		const vault = new TestVault(tls, tls ? "localhost" : host);
		await vault.start();
		return vault;
	}

	get url(): string {
		return `${this.#tls ? "https" : "http"}://${this.#host}:${this.#port}`;
	}

	/** Listens, on the same port as before. */
	async start(): Promise<void> {
		const listener: RequestListener = (request, response) => {
			void this.#answer(request).then((answer) => {
				if (answer === undefined) return;
				const { status, ...parts } = answer;
				response.writeHead(status, { "content-type": "application/json" });
				response.end(status === 204 ? undefined : JSON.stringify(parts));
			});
		};
		this.#server = this.#tls ? createTlsServer(this.#tls, listener) : createServer(listener);
		this.#server.on("connection", (socket) => {
			this.#sockets.add(socket);
			socket.on("close", () => this.#sockets.delete(socket));
		});
		this.#server.listen(this.#port, this.#host);
		await once(this.#server, "listening");
		this.#port = (this.#server.address() as AddressInfo).port;
	}

	/** Ends all connections at once. */
	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		if (!server) return;
		server.close();
		for (const socket of this.#sockets) socket.destroy();
		await once(server, "close");
	}

	async #answer(request: IncomingMessage): Promise<Shown | undefined> {
		const url = new URL(request.url ?? "", "http://vault");
		const path = decodeURIComponent(url.pathname).replace(/^\/v1\//, "");
		const method = request.method ?? "";
		this.asked.push(`${method} ${path}`);
		const mishap = this.befalls(method, path);
		if (mishap === "hang") return undefined;
		if (mishap === "cut") return void request.socket.destroy();
		if (typeof mishap === "object") return shown(mishap);
		// Go's JSON has no halves of surrogate pairs.
		const body = method === "GET" ? {} : wellFormed(await json(request).catch(() => ({})));
		const list = url.searchParams.get("list") === "true";
		const answer = this.#route({ request, path, body, isList: list, version: Number(url.searchParams.get("version")) });
		if (mishap === "done, then cut") return void request.socket.destroy();
		return answer;
	}

	#route(question: Question): Shown {
		const { request, path, body } = question;
		if (path === "sys/health") return this.#node();
		if (this.isSealed) return failed(503, "Vault is sealed");
		const header = (name: string) => [request.headers[name] ?? []].flat()[0];
		const namespace = (header("x-vault-namespace") ?? "").replace(/\/+$/, "");
		if (path === "auth/approle/login") {
			const auth = this.tokens.logIn(body.role_id, body.secret_id);
			return auth ? { ...shown({ status: 200 }), auth } : failed(400, "invalid role or secret ID");
		}
		const text = header("x-vault-token");
		const token = this.tokens.find(text);
		const mounts = this.mounts.get(namespace);
		if (!token || text === undefined || !mounts)
			return failed(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n");
		const mount = [...mounts.keys()].find((name) => `${path}/`.startsWith(`${name}/`));
		if (path.startsWith("sys/internal/ui/mounts/")) {
			return this.#preflight(mounts, path.slice("sys/internal/ui/mounts/".length), (at) =>
				this.tokens.reaches(token, at),
			);
		}
		const engine = mounts.get(mount ?? "");
		const below = path.slice((mount?.length ?? 0) + 1);
		const may = this.tokens.capabilities(token, path);
		if (!may.includes("root") && !may.includes(rightFor(question, engine, below)))
			return failed(403, "1 error occurred:\n\t* permission denied\n\n");
		if (path === "auth/token/lookup-self") return shown({ status: 200, data: this.tokens.lookup(token) });
		if (path === "auth/token/renew-self") {
			const auth = this.tokens.renew(text);
			return auth ? { ...shown({ status: 200 }), auth } : failed(400, "lease is not renewable");
		}
		if (path === "sys/capabilities-self") {
			const paths = Array.isArray(body.paths) ? body.paths.map(String) : [];
			return shown({
				status: 200,
				data: Object.fromEntries(paths.map((each) => [each, this.tokens.capabilities(token, each)])),
			});
		}
		if (!(engine instanceof Kv2)) return failed(404, `no handler for route "${path}". route entry not found.`);
		return shown(engine.handle({ ...question, method: request.method ?? "", path: below }));
	}

	#node(): Shown {
		const state = { initialized: true, sealed: this.isSealed, standby: false, performance_standby: false };
		return { status: this.isSealed ? 503 : 200, ...state, version: "1.20.4", ...this.health };
	}

	#preflight(mounts: Map<string, Engine>, path: string, reaches: (mount: string) => boolean): Shown {
		const [found] = [...mounts].filter(([name]) => `${path}/`.startsWith(`${name}/`));
		if (!found || !reaches(`${found[0]}/`)) {
			const why = "preflight capability check returned 403, please ensure client's policies grant access to path";
			return failed(403, `${why} "${path}/"`);
		}
		const [name, engine] = found;
		const { type, version } = engine instanceof Kv2 ? { type: "kv", version: "2" } : engine;
		return shown({
			status: 200,
			data: { path: `${name}/`, type, options: version === undefined ? null : { version } },
		});
	}
}

interface Question {
	readonly request: IncomingMessage;
	readonly path: string;
	readonly isList: boolean;
	readonly version: number;
	readonly body: { readonly [name: string]: unknown };
}

type Shown = { readonly status: number; readonly [part: string]: unknown };

function rightFor({ request, isList }: Question, engine: Engine | undefined, below: string): string {
	if (isList) return "list";
	const isNew = /^(data|metadata)\//.test(below) && engine instanceof Kv2 && !engine.has(below);
	const right = TYPES[request.method ?? ""] ?? "sudo";
	return right === "update" && isNew ? "create" : right;
}

function shown({ status, data, errors, warnings = [] }: Answer): Shown {
	// What is not found has no more than a list of errors, unless there is something to say about it.
	if (errors && status !== 200) return { status, errors, ...(warnings.length > 0 && { warnings }) };
	const frame = { request_id: randomUUID(), lease_id: "", renewable: false, lease_duration: 0 };
	return {
		status,
		...frame,
		data: data ?? null,
		wrap_info: null,
		warnings: warnings.length > 0 ? warnings : null,
		auth: null,
	};
}

const failed = (status: number, error: string): Shown => ({ status, errors: [error] });

function wellFormed(value: unknown): Question["body"] {
	return JSON.parse(JSON.stringify(value, (_, part) => (typeof part === "string" ? part.toWellFormed() : part)));
}
