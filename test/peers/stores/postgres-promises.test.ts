import { describe } from "vitest";
import { missing } from "../../support/peers.js";
import { postgresStore } from "../../support/stores/postgres.js";
import { keepsPromises } from "../../support/stores/promises.js";

describe.skipIf(missing("postgres"))("PostgreSQL", () => keepsPromises(postgresStore));
