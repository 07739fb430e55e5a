// The tests' own server of Vault's documented API, in a process of its own and in memory: it tells what trocla adds, and
// nothing about Vault.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { keyName, keyRow } from "../keys.mjs";
import { NODE } from "../measure.mjs";
import { eachAtOnce, httpClient } from "./http.mjs";
import { startServer } from "./place.mjs";

const AT_ONCE = 10;
const PROGRAM = `
	import { TestVault } from "./test/support/vault/vault.ts";
	const vault = await TestVault.start();
	console.log("ready", vault.url, vault.root);`;

export async function start() {
	const prepare = (path) => {
		const program = join(path, "vault.mjs");
		buildSync({
			stdin: { contents: PROGRAM, resolveDir: fileURLToPath(new URL("../..", import.meta.url)), loader: "ts" },
			outfile: program,
			bundle: true,
			platform: "node",
			format: "esm",
		});
		return [NODE, program];
	};
	const server = await startServer(prepare, /^ready (\S+) (\S+)\n/);
	const [, url, token] = server.said;
	const tokenFile = join(server.path, "token");
	writeFileSync(tokenFile, token, { mode: 0o600 });
	const { ask, close } = httpClient(`${url}/v1/secret`, { "x-vault-token": token }, AT_ONCE);
	const text = JSON.parse(keyRow("", "password")[1]).value;
	const select = (key) => ask("GET", `data/trocla/${key}`);
	const insert = (key) => ask("POST", `data/trocla/${key}`, { options: { cas: 0 }, data: { value: text } });
	return {
		name: "Vault's API",
		many: 20_000,
		config: { store: "vault", store_options: { url, token_file: tokenFile } },
		select,
		insert,
		fill: (count) => eachAtOnce(count, AT_ONCE, (n) => insert(keyName(n))),
		async all() {
			const { data } = await ask("GET", "metadata/trocla/?list=true");
			await eachAtOnce(data.keys.length, AT_ONCE, (n) => select(data.keys[n]));
		},
		async stop() {
			close();
			await server.stop();
		},
	};
}
