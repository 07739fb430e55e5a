import { pathOf } from "../peers.js";
import { run } from "../sandbox.js";
import { freePort, type Server, serverDirectory, startServer } from "../server.js";
import type { StoreServer } from "./store-server.js";

/** Every change is on the disk before it is answered. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

/** A Redis of a test's own, on a loopback port, that keeps everything in a temporary directory. */
export class Redis implements StoreServer {
	/** @param settings - as arguments have them: `--appendonly`, `no` */
	static async start(settings: readonly string[] = []): Promise<Redis> {
		const directory = serverDirectory();
		try {
			const redis = new Redis(directory, await freePort(), settings);
			await redis.again();
			return redis;
		} catch (error) {
			directory.remove();
			throw error;
		}
	}

	readonly port: number;
	readonly #directory: ReturnType<typeof serverDirectory>;
	readonly #settings: readonly string[];
	#server: Server | undefined;

	private constructor(directory: ReturnType<typeof serverDirectory>, port: number, settings: readonly string[]) {
		this.#directory = directory;
		this.port = port;
		this.#settings = settings;
	}

	get socket(): string {
		return `${this.#directory.path}/redis.sock`;
	}

	get url(): string {
		return `redis://127.0.0.1:${this.port}`;
	}

	config(host: string, port: number) {
		return { store: "redis", store_options: { url: `redis://${host}:${port}` } } as const;
	}

	/** Asks as the administrator, over the socket, and gives the answer as text. */
	async ask(...command: readonly string[]): Promise<string> {
		const { code, stdout, stderr } = await run(pathOf("redis-cli"), ["-e", "-s", this.socket, ...command]);
		if (code !== 0) throw new Error(`redis-cli: ${stderr}`);
		return stdout.trimEnd();
	}

	async kill(): Promise<void> {
		await this.#server?.kill();
	}

	async again(): Promise<void> {
		const place = ["--dir", this.#directory.path, "--unixsocket", this.socket, "--unixsocketperm", "700"];
		const port = this.#settings.includes("--port") ? [] : ["--port", String(this.port)];
		const args = ["--bind", "127.0.0.1", ...port, ...place, "--save", "", ...DURABLE, ...this.#settings];
		const cwd = this.#directory.path;
		this.#server = await startServer(pathOf("redis-server"), args, /Ready to accept connections/, { cwd });
	}

	async stop(): Promise<void> {
		await this.#server?.stop();
		this.#directory.remove();
	}
}
