import { createServer, type Server } from "node:http";
import type { Config } from "../config/config.js";
import type { OpenSettings } from "../open.js";
import { buildApp } from "./app.js";
import type { Log } from "./log.js";
import { Metrics } from "./metrics.js";
import { OpenStore } from "./open-store.js";
import { loadPeer } from "./peer.js";
import { batchResources } from "./resources/batch.js";
import { daemonResources } from "./resources/daemon.js";
import { keyResources } from "./resources/keys.js";
import { storeResources } from "./resources/store.js";
import { limitsOf, Site } from "./site.js";
import { listenOnSocket, type SocketFile } from "./unix-socket.js";

export interface DaemonSettings {
	readonly config: Config;
	readonly socket: SocketFile;
	readonly version: string;
	readonly opening: OpenSettings;
	readonly log: Log;
}

/** A client that sends its headers so slowly wants to keep the connection for itself. */
const HEADERS_MS = 10_000;
/** Puppet keeps a connection through a compile. */
const KEEP_ALIVE_MS = 75_000;
const CHECK_MS = 2000;

/** The store, served to others until it is stopped. */
export class Daemon {
	#site: Site;
	readonly #settings: DaemonSettings;
	readonly #servers: Server[] = [];
	readonly #undo: (() => void)[] = [];

	private constructor(settings: DaemonSettings, site: Site) {
		this.#settings = settings;
		this.#site = site;
	}

	/** @throws {TroclaError} `config`, `store`, `damaged`, `ring` */
	static async start(settings: DaemonSettings): Promise<Daemon> {
		const { config, opening } = settings;
		const daemon = new Daemon(settings, new Site(config, await OpenStore.open(config, opening)));
		try {
			await daemon.#listen();
			return daemon;
		} catch (error) {
			await daemon.stop();
			throw error;
		}
	}

	/** Takes no more connections, answers what has been asked for, and closes the store. */
	async stop(graceMs = 0): Promise<void> {
		for (const undo of this.#undo.splice(0)) undo();
		await Promise.all(this.#servers.splice(0).map((server) => close(server, graceMs)));
		await this.#site.store.close();
		this.#settings.log.flush();
	}

	async #listen(): Promise<void> {
		const { config, version, socket, log } = this.#settings;
		const metrics = new Metrics();
		let connections = 0;
		await loadPeer();
		const answer = await buildApp({
			resources: [
				...keyResources,
				...batchResources,
				...storeResources,
				...daemonResources({ version, metrics, connections: () => connections }),
			],
			site: () => this.#site,
			log,
			metrics,
		});
		const limits = limitsOf(config);
		const timeouts = {
			headersTimeout: Math.min(HEADERS_MS, limits.seconds * 1000),
			requestTimeout: limits.seconds * 1000,
			keepAliveTimeout: KEEP_ALIVE_MS,
			connectionsCheckingInterval: CHECK_MS,
		};
		const server = createServer(timeouts, answer);
		server.maxConnections = limits.connections;
		server.on("connection", (connection) => {
			connections++;
			connection.once("close", () => connections--);
		});
		this.#servers.push(server);
		this.#undo.push(await listenOnSocket(server, socket));
		log.add("info", "listening", { socket: socket.path });
		log.flush();
	}
}

/** Waits for the answers that are under way, but no longer than this. */
async function close(server: Server, graceMs: number): Promise<void> {
	const closed = new Promise<void>((resolve) => server.close(() => resolve()));
	server.closeIdleConnections();
	const impatient = setTimeout(() => server.closeAllConnections(), graceMs);
	await closed;
	clearTimeout(impatient);
}
