import { pathOf } from "../peers.js";
import { run } from "../sandbox.js";
import { Redis } from "./redis.js";

/** A cluster of three primaries, on loopback ports. */
export class RedisCluster {
	static async start(): Promise<RedisCluster> {
		const nodes = await Promise.all(Array.from({ length: 3 }, () => Redis.start(["--cluster-enabled", "yes"])));
		const cluster = new RedisCluster(nodes);
		await cluster.manage("create", ...nodes.map(({ port }) => `127.0.0.1:${port}`), "--cluster-yes");
		for (const node of nodes) while (!/cluster_state:ok/.test(await node.ask("CLUSTER", "INFO")));
		return cluster;
	}

	readonly nodes: readonly Redis[];

	private constructor(nodes: readonly Redis[]) {
		this.nodes = nodes;
	}

	get urls(): string[] {
		return this.nodes.map(({ url }) => url);
	}

	/** Runs a command of the cluster manager's. */
	async manage(...command: readonly string[]): Promise<void> {
		const { code, stdout, stderr } = await run(pathOf("redis-cli"), ["--cluster", ...command]);
		if (code !== 0) throw new Error(`redis-cli --cluster: ${stdout}${stderr}`);
	}

	async stop(): Promise<void> {
		await Promise.all(this.nodes.map((node) => node.stop()));
	}
}
