import { afterAll, beforeAll } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openStore } from "../../../backends/index.js";
import { cleanUp } from "../sandbox.js";
import { TestVault } from "./vault.js";

/** A Vault for the tests of a file, and how they open stores in it. */
export function servedVault() {
	const served = { vault: undefined as TestVault | undefined };
	let prefixes = 0;
	beforeAll(async () => {
		served.vault = await TestVault.start();
	});
	afterAll(() => served.vault?.stop());

	return {
		get vault(): TestVault {
			if (!served.vault) throw new Error("it is started before the tests");
			return served.vault;
		},

		/** Opens a store with the root token and a prefix of its own, unless told; the test's end closes it. */
		async open(options: { readonly [name: string]: unknown } = {}): Promise<Backend & { readonly prefix: string }> {
			const prefix = String(options.prefix ?? `trocla-${prefixes++}`);
			const who = "token" in options || "role_id" in options ? {} : { token: this.vault.root };
			const backend = await openStore("vault", { url: this.vault.url, ...who, prefix, ...options }, true);
			cleanUp(() => backend.close());
			return { ...backend, prefix };
		},
	};
}
