import { describe } from "vitest";
import { missing } from "../../support/peers.js";
import { keepsPromises } from "../../support/stores/promises.js";
import { Redis } from "../../support/stores/redis.js";

describe.skipIf(missing("redis-server"))("Redis", () => keepsPromises(() => Redis.start()));
