import { describe } from "vitest";
import { keepsPromises } from "../../support/stores/promises.js";
import { vaultStore } from "../../support/stores/vault.js";

describe("the documented API of Vault", () => keepsPromises(vaultStore));
