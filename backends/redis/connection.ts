import { isIP } from "node:net";
import type { RedisClientOptions, RedisClientType, RedisClusterType } from "@redis/client";
import { BackendError } from "../backend.js";
import { inTime } from "../server/in-time.js";
import type { TlsTexts } from "../server/tls-files.js";
import { endpoint } from "./endpoint.js";
import { isLost } from "./error.js";
import { type Inspection, inspect, refuseUnsafe } from "./inspect.js";

export interface ConnectionSettings {
	/** Servers that are tried in turn; where they are a cluster, any of its nodes. */
	readonly urls: readonly string[];
	readonly password: string | undefined;
	readonly tls: TlsTexts;
	readonly seconds: number;
	/** Whether the server may be one that loses what it answered was stored. */
	readonly mayLose: boolean;
	/** For messages: the URLs, without who uses them. */
	readonly server: string;
}

export type Reply = unknown;

/** Sends one command and gives its answer; bytes for texts, if asked for. */
export type Send = (args: readonly string[], options?: typeof BYTES) => Promise<Reply>;

/** In the protocol "$" begins what is a text, or bytes. */
const BLOB = "$".charCodeAt(0);
export const BYTES = { typeMapping: { [BLOB]: Buffer } };

interface Connected {
	/** To the primary that has this key. */
	send(key: string, args: readonly string[]): Promise<Reply>;
	/** The texts of several keys. */
	getMany(keys: readonly string[]): Promise<readonly Reply[]>;
	primaries(): readonly Send[];
	destroy(): void;
}

/**
 * One connection to a server, or one to each primary of a cluster, made when something is asked, and again after it was
 * lost. Each server is looked at before anything is asked of it.
 */
export class RedisConnection {
	readonly #settings: ConnectionSettings;
	#current: Promise<Connected> | undefined;
	#isClosed = false;

	constructor(settings: ConnectionSettings) {
		this.#settings = settings;
	}

	/**
	 * Sends a command to the primary that has this key.
	 *
	 * @param seconds - how long the answer may take, to connect included
	 */
	send(key: string, args: readonly string[], seconds?: number): Promise<Reply> {
		return this.#use((connected) => connected.send(key, args), seconds);
	}

	/** The texts of several keys; `null` where there is none. */
	getMany(keys: readonly string[], seconds?: number): Promise<readonly Reply[]> {
		return this.#use((connected) => connected.getMany(keys), seconds);
	}

	/** All primaries: of a cluster several, else one. */
	async primaries(): Promise<readonly Send[]> {
		const sends = await this.#use(async (connected) => connected.primaries());
		return sends.map((send) => (args, options) => this.#use(() => send(args, options)));
	}

	/** What the servers say about themselves now. */
	async inspect(): Promise<readonly Inspection[]> {
		return await Promise.all((await this.primaries()).map(inspect));
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		const current = this.#current;
		this.#current = undefined;
		await current?.then(destroy, () => {});
	}

	async #use<Answer>(
		use: (connected: Connected) => Promise<Answer>,
		seconds = this.#settings.seconds,
	): Promise<Answer> {
		if (this.#isClosed) throw new BackendError("unavailable", `${this.#settings.server} is closed`);
		this.#current ??= this.#begin();
		const current = this.#current;
		try {
			return await inTime(current.then(use), seconds, () => {});
		} catch (error) {
			if (isLost(error) || error instanceof BackendError) this.#drop(current);
			throw error;
		}
	}

	#begin(): Promise<Connected> {
		const connected = this.#connect();
		// What could not be made is tried again when something is asked next.
		connected.catch(() => this.#drop(connected));
		return connected;
	}

	#drop(connected: Promise<Connected> | undefined): void {
		if (!connected || this.#current !== connected) return;
		this.#current = undefined;
		connected.then(destroy, () => {});
	}

	/** Connects to the first server that can be used; where there is none, the first one's error tells why. */
	async #connect(): Promise<Connected> {
		const errors: unknown[] = [];
		for (const url of this.#settings.urls) {
			try {
				return await this.#connectTo(url);
			} catch (error) {
				errors.push(error);
			}
		}
		throw errors[0];
	}

	async #connectTo(url: string): Promise<Connected> {
		const { createClient } = await import("@redis/client");
		const { seconds, urls, server, mayLose } = this.#settings;
		const common = this.#common(url);
		// What forwards TLS by the name that is asked for needs it; the nodes of a cluster each have another.
		const socket = { ...common.socket, ...servername(url) } as NonNullable<RedisClientOptions["socket"]>;
		const client = createClient({ ...common, socket, disableOfflineQueue: true }) as RedisClientType;
		const connected = this.#watched(client, {
			send: (_, args) => client.sendCommand(args),
			getMany: (keys) => client.sendCommand<string[]>(["MGET", ...keys]),
			primaries: () => [(args, options) => client.sendCommand(args, options)],
			destroy: () => client.isOpen && client.destroy(),
		});
		try {
			const look = client.connect().then(() => inspect((args) => client.sendCommand(args)));
			const inspection = await inTime(look, seconds / urls.length, () => {});
			refuseUnsafe(inspection, server, mayLose);
			if (!inspection.isCluster) return connected;
		} catch (error) {
			connected.destroy();
			throw error;
		}
		connected.destroy();
		return await this.#connectToCluster(url);
	}

	async #connectToCluster(url: string): Promise<Connected> {
		const { createCluster } = await import("@redis/client");
		const { seconds, server, mayLose } = this.#settings;
		const { database: _, ...common } = this.#common(url);
		const cluster = createCluster({ rootNodes: [common], defaults: common }) as unknown as RedisClusterType;
		const connected = this.#watched(cluster, {
			send: (key, args) => cluster.sendCommand(key, false, [...args]),
			getMany: (keys) => Promise.all(keys.map((key) => cluster.sendCommand(key, false, ["GET", key]).catch(noText))),
			primaries: () =>
				cluster.masters.map(
					(primary) => async (args, options) => (await cluster.nodeClient(primary)).sendCommand(args, options),
				),
			destroy: () => cluster.isOpen && cluster.destroy(),
		});
		try {
			const look = cluster.connect().then(() => Promise.all(connected.primaries().map(inspect)));
			for (const inspection of await inTime(look, seconds, () => {})) refuseUnsafe(inspection, server, mayLose);
			return connected;
		} catch (error) {
			connected.destroy();
			throw error;
		}
	}

	/** Each command hears of its own failure; a connection that broke is not used again. */
	#watched(client: RedisClientType | RedisClusterType, connected: Connected): Connected {
		const emitter: NodeJS.EventEmitter = client;
		for (const event of ["error", "node-error"]) {
			emitter.on(event, () => {
				const current = this.#current;
				current?.then((used) => used === connected && this.#drop(current)).catch(() => {});
			});
		}
		return connected;
	}

	#common(url: string): RedisClientOptions {
		const { seconds, urls, password, tls } = this.#settings;
		const { username, database, socket } = endpoint(url);
		return {
			...(username !== undefined && { username }),
			...(password !== undefined && { password }),
			database,
			disableClientInfo: true,
			maintNotifications: "disabled",
			socket: {
				...socket,
				...(socket.tls && tls),
				connectTimeout: (seconds / urls.length) * 1000,
				reconnectStrategy: false,
			},
		} as RedisClientOptions;
	}
}

/** The name of a server that is asked over TLS; an address is none. */
function servername(url: string): { readonly servername?: string } {
	const { socket } = endpoint(url);
	return socket.tls && isIP(socket.host) === 0 ? { servername: socket.host } : {};
}

/** What MGET gives for what is no text. */
function noText(error: Error): null {
	if (/^WRONGTYPE /.test(error.message)) return null;
	throw error;
}

const destroy = (connected: Connected) => connected.destroy();
