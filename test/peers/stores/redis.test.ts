import { afterAll, beforeAll, describe } from "vitest";
import { openRedis } from "../../../backends/redis.js";
import { conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { Redis } from "../../support/stores/redis.js";

describe.skipIf(missing("redis-server", "redis-cli"))("Redis", () => {
	let redis: Redis;
	let opened = 0;
	beforeAll(async () => {
		redis = await Redis.start();
	});
	afterAll(() => redis?.stop());

	conforms(() => openRedis({ url: [redis.url], namespace: `n[*]${++opened}` }));
});
