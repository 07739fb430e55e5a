import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import type { ServeLimits } from "../config/input.js";
import { address } from "../config/serve.js";
import { TroclaError } from "../errors.js";
import { type HttpsInput, httpsServer } from "./https-server.js";
import type { Libc } from "./libc.js";
import { rememberPeer } from "./peer.js";
import { listenOnSocket, type SocketFile } from "./unix-socket.js";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A client that sends its headers so slowly wants to keep the connection for itself. */
const HEADERS_MS = 10_000;
/** Puppet keeps a connection through a compile. */
const KEEP_ALIVE_MS = 75_000;
const CHECK_MS = 2000;
const DEFAULT_ADDRESS = "0.0.0.0:8443";

const OPTIONS = { keepAliveTimeout: KEEP_ALIVE_MS, connectionsCheckingInterval: CHECK_MS };

/** Something that is listened on. */
export class Listener {
	readonly #server: Server;
	readonly #undo: () => void;
	#connections = 0;

	private constructor(server: Server, undo: () => void) {
		this.#server = server;
		this.#undo = undo;
		server.on("connection", (socket: Socket) => {
			this.#connections++;
			socket.once("close", () => this.#connections--);
		});
	}

	/**
	 * @param inherited - the descriptor of a socket that systemd listens on
	 * @throws {TroclaError} `config`
	 */
	static async onSocket(
		{ file, inherited, libc }: { file: SocketFile | undefined; inherited: number | undefined; libc: Libc | undefined },
		limits: Required<ServeLimits>,
		answer: Answer,
	): Promise<Listener> {
		const server = createServer(OPTIONS, answer);
		server.on("connection", (socket: Socket) => rememberPeer(socket, libc));
		prepare(server, limits);
		if (inherited === undefined && file) return new Listener(server, await listenOnSocket(server, file));
		await listen(server, { fd: inherited });
		return new Listener(server, () => {});
	}

	/** @throws {TroclaError} `config` */
	static async onHttps(
		{ https, tls, inherited }: { https: HttpsInput; tls: SecureContextOptions; inherited: number | undefined },
		limits: Required<ServeLimits>,
		answer: Answer,
	): Promise<TlsListener> {
		const generations = new Generations(answer);
		const server = httpsServer(tls, OPTIONS, generations.answer);
		server.on("connection", generations.begin);
		server.on("secureConnection", generations.add);
		prepare(server, limits);
		await listen(server, inherited === undefined ? address(https.listen ?? DEFAULT_ADDRESS) : { fd: inherited });
		return {
			listener: new Listener(server, () => {}),
			renew(tls) {
				server.setSecureContext(tls);
				generations.next();
				server.closeIdleConnections();
			},
		};
	}

	/** The socket's path, or the address and port. */
	get address(): string {
		// A Unix socket that was renamed still has its first name here.
		const found = this.#server.address() as AddressInfo | string | null;
		return typeof found === "object" && found ? `${found.address}:${found.port}` : String(found);
	}

	get port(): number | undefined {
		const found = this.#server.address();
		return typeof found === "object" ? found?.port : undefined;
	}

	get connections(): number {
		return this.#connections;
	}

	/** Has other limits from now on. */
	limit(limits: Required<ServeLimits>): void {
		limit(this.#server, limits);
	}

	/** Takes no more connections, and waits for the answers that are under way, but no longer than this. */
	async close(graceMs: number): Promise<void> {
		this.#undo();
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		const idle = setInterval(() => this.#server.closeIdleConnections(), IDLE_MS);
		const impatient = setTimeout(() => this.#server.closeAllConnections(), graceMs);
		this.#server.closeIdleConnections();
		await closed;
		clearInterval(idle);
		clearTimeout(impatient);
	}
}

const IDLE_MS = 50;

export interface TlsListener {
	readonly listener: Listener;
	/** Has connections made with other files from now on; those that there are end with what they are doing. */
	readonly renew: (tls: SecureContextOptions) => void;
}

function prepare(server: Server, limits: Required<ServeLimits>): void {
	limit(server, limits);
	server.on("clientError", refuseMalformed);
	server.on("timeout", (socket: Socket) => socket.destroy());
}

function limit(server: Server, { connections, seconds }: Required<ServeLimits>): void {
	server.maxConnections = connections;
	server.headersTimeout = Math.min(HEADERS_MS, seconds * 1000);
	server.requestTimeout = seconds * 1000;
	server.timeout = seconds * 1000 + KEEP_ALIVE_MS;
}

/** What Node's parser says of it, as an HTTP status. */
const MALFORMED: { readonly [code: string]: readonly [status: string, message: string] } = {
	HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "the headers are too large"],
	ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "the request came too slowly"],
};

/** Answers what is no HTTP, as far as there is somebody to read that. */
function refuseMalformed({ code = "" }: NodeJS.ErrnoException, socket: Duplex): void {
	if (!socket.writable || code === "ECONNRESET") {
		socket.destroy();
		return;
	}
	const [status, message] = MALFORMED[code] ?? ["400 Bad Request", "this is no HTTP/1.1"];
	const body = `${JSON.stringify({ success: false, error: { code: "invalid", message } })}\n`;
	const head = ["content-type: application/json; charset=utf-8", `content-length: ${body.length}`, "connection: close"];
	socket.end(`HTTP/1.1 ${status}\r\n${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

function listen(server: Server, where: { fd?: number | undefined; host?: string; port?: number } | undefined) {
	return new Promise<void>((resolve, reject) => {
		const fail = (error: Error) =>
			reject(
				new TroclaError("config", `can't listen: ${error.message}`, "Name another address with serve.https.listen"),
			);
		server.once("error", fail);
		server.listen(where ?? {}, () => {
			server.off("error", fail);
			resolve();
		});
	});
}

/** Connections by the files that they were made with: a certificate may have been revoked since. */
class Generations {
	readonly #answer: Answer;
	#sockets = new WeakSet<Socket>();
	/** Where connections come from that were begun with today's files: a handshake may take longer than they last. */
	#begun = new Set<string>();
	readonly #underWay = new Set<ServerResponse>();

	constructor(answer: Answer) {
		this.#answer = answer;
	}

	readonly begin = (socket: Socket): void => {
		const begun = this.#begun;
		const origin = originOf(socket);
		begun.add(origin);
		socket.once("close", () => begun.delete(origin));
	};

	readonly add = (socket: TLSSocket): void => {
		if (this.#begun.has(originOf(socket))) this.#sockets.add(socket);
	};

	readonly answer: Answer = (request, response) => {
		if (!this.#sockets.has(request.socket)) {
			request.socket.destroy();
			return;
		}
		this.#underWay.add(response);
		response.once("close", () => this.#underWay.delete(response));
		this.#answer(request, response);
	};

	next(): void {
		this.#sockets = new WeakSet();
		this.#begun = new Set();
		for (const response of this.#underWay) {
			response.shouldKeepAlive = false;
			response.once("finish", () => response.socket?.end());
		}
	}
}

const originOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
