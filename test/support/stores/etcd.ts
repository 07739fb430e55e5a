import { pathOf } from "../peers.js";
import { run } from "../sandbox.js";
import { freePort, type Server, serverDirectory, startServer } from "../server.js";
import type { StoreServer } from "./store-server.js";

/** What an etcd is started with, where a test is about it. */
export interface EtcdSettings {
	/** As arguments have them: `--quota-backend-bytes`, `2097152`. */
	readonly settings?: readonly string[];
	/** Of all members, the names and what they find each other at; unless told, there is this one only. */
	readonly member?: { readonly name: string; readonly peerPort: number; readonly cluster: string };
	readonly scheme?: "http" | "https";
}

/** An etcd of a test's own, on a loopback port, that keeps everything in a temporary directory. */
export class Etcd implements StoreServer {
	static async start(settings: EtcdSettings = {}): Promise<Etcd> {
		const directory = serverDirectory();
		try {
			const name = "one";
			const peerPort = await freePort();
			const alone = { name, peerPort, cluster: `${name}=http://127.0.0.1:${peerPort}` };
			const etcd = new Etcd(directory, await freePort(), { member: alone, ...settings });
			await etcd.again();
			return etcd;
		} catch (error) {
			directory.remove();
			throw error;
		}
	}

	/** Three members of one cluster. */
	static async cluster(): Promise<readonly Etcd[]> {
		const names = ["one", "two", "three"];
		const ports = await Promise.all(names.map(freePort));
		const cluster = names.map((name, n) => `${name}=http://127.0.0.1:${ports[n]}`).join(",");
		const member = (name: string, n: number) => ({ member: { name, peerPort: ports[n] ?? 0, cluster } });
		return await Promise.all(names.map((name, n) => Etcd.start(member(name, n))));
	}

	readonly port: number;
	readonly #directory: ReturnType<typeof serverDirectory>;
	readonly #settings: EtcdSettings;
	#server: Server | undefined;

	private constructor(directory: ReturnType<typeof serverDirectory>, port: number, settings: EtcdSettings) {
		this.#directory = directory;
		this.port = port;
		this.#settings = settings;
	}

	get url(): string {
		return `${this.#settings.scheme ?? "http"}://127.0.0.1:${this.port}`;
	}

	config(host: string, port: number) {
		return { store: "etcd", store_options: { url: `http://${host}:${port}` } } as const;
	}

	/** Runs a command of the administrator's and gives what it prints. */
	async ask(...command: readonly string[]): Promise<string> {
		const options = { env: { PATH: process.env.PATH, ETCDCTL_API: "3" } };
		const { code, stdout, stderr } = await run(pathOf("etcdctl"), ["--endpoints", this.url, ...command], options);
		if (code !== 0) throw new Error(`etcdctl: ${stderr}`);
		return stdout.trimEnd();
	}

	async kill(): Promise<void> {
		await this.#server?.kill();
	}

	async again(): Promise<void> {
		const { settings = [], member = { name: "", peerPort: 0, cluster: "" } } = this.#settings;
		const peers = `http://127.0.0.1:${member.peerPort}`;
		const args = [
			...["--name", member.name, "--data-dir", `${this.#directory.path}/data`],
			...["--listen-client-urls", this.url, "--advertise-client-urls", this.url],
			...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers],
			...["--initial-cluster", member.cluster, ...settings],
		];
		this.#server = await startServer(pathOf("etcd"), args, /ready to serve client requests/, {
			cwd: this.#directory.path,
		});
	}

	async stop(): Promise<void> {
		await this.#server?.stop();
		this.#directory.remove();
	}
}
