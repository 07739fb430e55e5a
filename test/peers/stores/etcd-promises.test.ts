import { describe } from "vitest";
import { missing } from "../../support/peers.js";
import { Etcd } from "../../support/stores/etcd.js";
import { keepsPromises } from "../../support/stores/promises.js";

describe.skipIf(missing("etcd"))("etcd", () => keepsPromises(() => Etcd.start()));
