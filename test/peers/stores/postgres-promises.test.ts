import { describe } from "vitest";
import { missing } from "../../support/peers.js";
import { keepsPromises } from "../../support/stores/promises.js";
import { postgresStore } from "../../support/stores/servers.js";

describe.skipIf(missing("postgres"))("PostgreSQL", () => keepsPromises(postgresStore));
