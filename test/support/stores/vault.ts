import { TestVault } from "../vault/vault.js";
import { passwordFile } from "./password-file.js";
import type { StoreServer } from "./store-server.js";

/** A server that speaks Vault's API, as far as it is documented; what it has outlives it. */
export async function vaultStore(): Promise<StoreServer> {
	const vault = await TestVault.start();
	const token = passwordFile(vault.root);
	return {
		port: Number(new URL(vault.url).port),
		config: (host, port) => ({
			store: "vault",
			store_options: { url: `http://${host}:${port}`, token_file: token.path },
		}),
		kill: () => vault.stop(),
		again: () => vault.start(),
		async stop() {
			await vault.stop();
			token.remove();
		},
	};
}
