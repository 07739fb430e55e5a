import { afterAll, beforeAll } from "vitest";
import { openStore } from "../../backends/index.js";
import { TestVault } from "../support/vault/vault.js";
import { conforms } from "./conformance.js";

let vault: TestVault;
beforeAll(async () => {
	vault = await TestVault.start();
});
afterAll(() => vault.stop());

let prefixes = 0;

conforms(() => openStore("vault", { url: vault.url, token: vault.root, prefix: `trocla-${prefixes++}` }, true));
