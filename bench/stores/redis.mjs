// Redis with each change on the disk before it is answered, as trocla's documentation sets it up.
import { createClient } from "@redis/client";
import { keyName, keyRow } from "../keys.mjs";
import { freePort, programPath, startServer } from "./place.mjs";

const BATCH = 10_000;
const PAGE = 1000;
const CREATE = "return redis.call('SET', KEYS[1], ARGV[1], 'NX')";

export async function start() {
	const port = await freePort();
	const settings = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
	const prepare = () => [programPath("redis-server"), "--bind", "127.0.0.1", "--port", `${port}`, ...settings];
	const server = await startServer(prepare, /Ready to accept connections/);
	const url = `redis://127.0.0.1:${port}`;
	const client = await createClient({ url })
		.on("error", () => {})
		.connect();
	const create = await client.scriptLoad(CREATE);
	const rowKey = (key) => `trocla::${key}`;
	return {
		name: "Redis",
		many: 1_000_000,
		config: { store: "redis", store_options: { url } },
		select: (key) => client.get(rowKey(key)),
		insert: (key) => client.evalSha(create, { keys: [rowKey(key)], arguments: [keyRow(key, "x")[1]] }),
		async fill(count) {
			const [, row] = keyRow("", "password");
			for (let first = 0; first < count; first += BATCH) {
				const length = Math.min(BATCH, count - first);
				await client.mSet(Array.from({ length }, (_, n) => [rowKey(keyName(first + n)), row]));
			}
		},
		async all() {
			const keys = [];
			for await (const page of client.scanIterator({ MATCH: "trocla::*", COUNT: PAGE })) keys.push(...page);
			keys.sort();
			for (let first = 0; first < keys.length; first += PAGE) await client.mGet(keys.slice(first, first + PAGE));
		},
		async stop() {
			await client.close();
			await server.stop();
		},
	};
}
