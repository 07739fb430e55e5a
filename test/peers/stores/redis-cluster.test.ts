import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRedis } from "../../../backends/redis.js";
import { all, conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { RedisCluster } from "../../support/stores/redis-cluster.js";

describe.skipIf(missing("redis-server", "redis-cli"))("a cluster of Redis", () => {
	let cluster: RedisCluster;
	let namespaces = 0;
	beforeAll(async () => {
		cluster = await RedisCluster.start();
	});
	afterAll(() => cluster?.stop());

	conforms(() => openRedis({ url: cluster.urls, namespace: `n${++namespaces}` }));

	test("keeps what the command makes", async () => {
		const sandbox = new Sandbox();
		sandbox.configure({ store: "redis", store_options: { url: cluster.urls } });
		const keys = ["alice", "bob", "carol", "dave"];
		for (const key of keys) {
			const made = await sandbox.run(["get", key, "plain"]);
			expect(made).toMatchObject({ code: 0, stderr: "" });
			expect(await sandbox.run(["get", key, "plain"])).toEqual(made);
		}
		expect(await sandbox.run(["search", ""])).toMatchObject({ stdout: `${keys.join("\n")}\n` });
	});

	test("has its keys on all nodes, and follows those that move", async () => {
		const backend = await openRedis({ url: cluster.urls.slice(0, 1), namespace: "moving" });
		cleanUp(() => backend.close());
		const keys = Array.from({ length: 300 }, (_, n) => `k${n}`);
		await Promise.all(keys.map((key) => backend.swap(key, undefined, "0")));
		for (const node of cluster.nodes) expect(await node.ask("KEYS", "moving::*")).toMatch(/^moving::k/);
		const [from, to] = await Promise.all(cluster.nodes.map((node) => node.ask("CLUSTER", "MYID")));
		const [{ port } = { port: 0 }] = cluster.nodes;
		const options = ["--cluster-from", `${from}`, "--cluster-to", `${to}`, "--cluster-slots", "2000", "--cluster-yes"];
		const moving = cluster.manage("reshard", `127.0.0.1:${port}`, ...options);
		let rounds = 0;
		let isMoving = true;
		moving.finally(() => {
			isMoving = false;
		});
		while (isMoving) {
			const swaps = keys.map((key) => ({ key, before: `${rounds}`, after: `${rounds + 1}` }));
			expect(new Set(await Promise.all(backend.swapMany(swaps)))).toEqual(new Set([true]));
			rounds++;
		}
		await moving;
		expect(rounds).toBeGreaterThan(1);
		expect(new Set(await backend.readMany(keys))).toEqual(new Set([`${rounds}`]));
		expect(await all(backend.keys())).toEqual([...keys].sort());
	});
});
