import { createKeyv } from "@keyv/redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import type { OptionsOf, redisOptions } from "../../../backends/options.js";
import { RedisConnection } from "../../../backends/redis/connection.js";
import { keysInOrder } from "../../../backends/redis/keys.js";
import { openRedis } from "../../../backends/redis.js";
import { all, conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { cleanUp } from "../../support/sandbox.js";
import { recognisesOtherRows } from "../../support/stores/key-value.js";
import { Redis } from "../../support/stores/redis.js";

let namespaces = 0;

async function opened(options: OptionsOf<typeof redisOptions>): Promise<Backend> {
	const backend = await openRedis(options);
	cleanUp(() => backend.close());
	return backend;
}

describe.skipIf(missing("redis-server", "redis-cli"))("Redis", () => {
	let redis: Redis;
	beforeAll(async () => {
		redis = await Redis.start(["--enable-debug-command", "local"]);
	});
	afterAll(() => redis?.stop());

	conforms(() => openRedis({ url: [redis.url], namespace: `n[*]${++namespaces}` }));

	test("has the rows that Keyv's adapter reads and writes", async () => {
		const backend = await opened({ url: [redis.url] });
		const keyv = createKeyv(redis.url, { namespace: "trocla", throwOnErrors: true });
		cleanUp(() => keyv.disconnect());
		await backend.swap("schlüssel", undefined, ":ä\ud800");
		expect(await keyv.get("schlüssel")).toBe(":ä\ud800");
		await keyv.set("b", "from Keyv");
		expect(await backend.swap("b", "from Keyv", "from here")).toBe(true);
		expect(await keyv.get("b")).toBe("from here");
		expect(await all(backend.keys())).toEqual(["b", "schlüssel"]);
		expect(await redis.ask("TTL", "trocla::b")).toBe("-1");
	});

	test("recognises a text that another Keyv version wrote into another row", async () => {
		const backend = await opened({ url: [redis.url], namespace: "other" });
		await recognisesOtherRows(backend, {
			put: (row) => redis.ask("SET", "other::a", row),
			get: () => redis.ask("GET", "other::a"),
		});
	});

	test("tells which row is not Keyv's, or no row, or has no key that is text", async () => {
		const backend = await opened({ url: [redis.url], namespace: "damaged" });
		await redis.ask("SET", "damaged::a", "oops");
		await redis.ask("SADD", "damaged::b", "oops");
		const damaged = (key: string) => ({ fault: "damaged", key, message: expect.stringContaining(redis.url) });
		for (const key of ["a", "b"]) {
			await expect(backend.read(key)).rejects.toMatchObject(damaged(key));
			await expect(backend.swap(key, "1", "2")).rejects.toMatchObject(damaged(key));
			expect(await backend.swap("c", undefined, undefined)).toBe(true);
		}
		await expect(backend.readMany(["c", "a"])).rejects.toMatchObject(damaged("a"));
		await redis.ask("EVAL", "return redis.call('SET', 'damaged::\\255', 'x')", "0");
		await expect(all(backend.keys("c"))).rejects.toMatchObject({ fault: "damaged", message: /not UTF-8$/ });
	});

	test("needs no script that is still there", async () => {
		const backend = await opened({ url: [redis.url], namespace: "flushed" });
		await backend.swap("a", undefined, "1");
		await redis.ask("SCRIPT", "FLUSH");
		const answers = backend.swapMany([
			{ key: "a", before: "1", after: "2" },
			{ key: "a", before: "2", after: "3" },
		]);
		expect(await Promise.all(answers)).toEqual([true, true]);
		expect(await backend.read("a")).toBe("3");
	});

	test("is the database that the URL names, over TCP or the socket", async () => {
		const third = await opened({ url: [`${redis.url}/3`], namespace: "numbered" });
		await third.swap("a", undefined, "1");
		const local = await opened({ url: [`unix:${redis.socket}?db=3`], namespace: "numbered" });
		expect(await local.read("a")).toBe("1");
		const first = await opened({ url: [redis.url], namespace: "numbered" });
		expect(await first.read("a")).toBeUndefined();
		await expect(openRedis({ url: [`${redis.url}/x`] })).rejects.toThrow('"x" is no database of Redis');
	});

	test("is the next server that is named where the first one is not there", async () => {
		const backend = await opened({ url: ["redis://127.0.0.1:1", redis.url], namespace: "next" });
		expect(await backend.swap("a", undefined, "1")).toBe(true);
	});

	test("gives some of its keys at once, and none where there are none", async () => {
		const backend = await opened({ url: [redis.url], namespace: "some" });
		expect(await backend.some?.()).toEqual([]);
		for (const key of ["a", "b"]) await backend.swap(key, undefined, "1");
		const some = (await backend.some?.()) ?? [];
		expect(some.length).toBeGreaterThan(0);
		expect(["a", "b"]).toEqual(expect.arrayContaining([...some]));
	});

	test("goes over keys that don't fit into its memory at once in several passes, and gives each once and in order", async () => {
		await redis.ask("-n", "1", "DEBUG", "POPULATE", "30000", "trocla:", "1");
		const connection = new RedisConnection({
			urls: [`${redis.url}/1`],
			password: undefined,
			tls: { rejectUnauthorized: true },
			seconds: 10,
			mayLose: false,
			server: redis.url,
		});
		cleanUp(() => connection.close());
		let passes = 0;
		const pass = <Answer>(ask: () => Promise<Answer>) => {
			passes++;
			return ask();
		};
		const range = { prefix: "trocla::", from: "2", server: redis.url, mostBytes: 100_000 };
		const keys = await all(keysInOrder(() => connection.primaries(), range, pass));
		const expected = Array.from({ length: 30_000 }, (_, n) => `${n}`).filter((key) => key >= "2");
		expect(keys).toEqual(expected.sort());
		expect(passes).toBeGreaterThan(5);
	});
});
