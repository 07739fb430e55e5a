// Hiera's lookups beside those of Puppet's own library, each in its process, on the same data.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { byTurns, inSandbox, row, time } from "./measure.mjs";
import { Asked } from "./processes.mjs";

const ROUNDS = 15;
const KEYS = 200;
const HOSTS = 500;
const FACTS = { clientcert: "www1.example.com", os: { family: "Debian" }, role: "web" };

export async function run() {
	return await inSandbox(async ({ directory, env }) => {
		const config = writeSite(directory);
		const { openHiera, Scope, toValue } = load(join(directory, "hiera.cjs"));
		const host = (name) => Scope.of({ name, facts: toValue({ ...FACTS, clientcert: name }) });
		const hiera = await openHiera({ hieraConfig: config });
		const scope = host("www1.example.com");
		const ours = (keys, rounds) => async () =>
			(await time(async () => {
				for (let round = 0; round < rounds; round++) for (const key of keys) await hiera.lookup(key, scope);
			})) / rounds;
		const puppet = new Puppet(directory, config, env);
		const theirs = (keys, rounds) => async () => (await puppet.time(keys, rounds)) / rounds;
		const keys = (kind) => Array.from({ length: KEYS }, (_, index) => `${kind}_${index}`);
		const kinds = ["plain", "merged", "filled"];
		const times = await byTurns(
			ROUNDS,
			kinds.flatMap((kind) => [ours(keys(kind), 50), theirs(keys(kind), 2)]),
		);
		let next = 0;
		const [hosts, one] = await byTurns(ROUNDS, [
			() => time(() => eachHost(hiera, host, () => `www${++next}.example.com`)),
			ours(["merged_1"], HOSTS),
		]);
		await puppet.stop();
		const named = { plain: "a plain key", merged: "a deep merge of four levels", filled: "a text with two variables" };
		return [
			...kinds.map((kind, index) =>
				row(`200 lookups of ${named[kind]}`, "Puppet's own", times[2 * index], times[2 * index + 1]),
			),
			row("lookup of a deep merge for another host", "for the same host again", hosts / HOSTS, one),
		];
	});
}

async function eachHost(hiera, host, name) {
	for (let index = 0; index < HOSTS; index++) await hiera.lookup("merged_1", host(name()));
}

/** Four levels, each with all keys of all kinds. */
function writeSite(directory) {
	const levels = ["hosts/%{trusted.certname}", "roles/%{role}", "os/%{facts.os.family}", "common"];
	const hierarchy = levels.map((path) => ({ name: path, data_hash: "yaml_data", path: `${path}.yaml` }));
	const files = ["hosts/www1.example.com", "roles/web", "os/Debian", "common"];
	for (const [level, file] of files.entries()) {
		const data = { lookup_options: { "^merged_": { merge: "deep" } } };
		for (let index = 0; index < KEYS; index++) {
			// The higher levels have few plain keys, as a site's have.
			if (level === 3 || index % 10 === level) data[`plain_${index}`] = { port: index, hosts: [file, "x"] };
			data[`merged_${index}`] = { [file]: { uid: index, groups: [file, "all"] }, all: { keys: { [file]: "AAAA" } } };
			if (level === 3) data[`filled_${index}`] = `${index} of %{trusted.certname} on %{facts.os.family}`;
		}
		const path = join(directory, "data", `${file}.yaml`);
		mkdirSync(join(path, ".."), { recursive: true });
		writeFileSync(path, JSON.stringify(data));
	}
	const config = join(directory, "hiera.yaml");
	writeFileSync(config, JSON.stringify({ version: 5, hierarchy }));
	return config;
}

/** The library's part that looks up, bundled as the command has it. */
function load(outfile) {
	const source = ["open-hiera", "scope", "value"].map((name) => `export * from "./src/hiera/${name}.js";`).join("\n");
	const resolveDir = fileURLToPath(new URL("..", import.meta.url));
	buildSync({ stdin: { contents: source, resolveDir }, outfile, bundle: true, platform: "node", format: "cjs" });
	return createRequire(import.meta.url)(outfile);
}

/** Puppet's library in a process of its own, for a host with these facts. */
export class Puppet extends Asked {
	constructor(directory, config, env, facts = FACTS) {
		const args = [join(directory, "puppet"), config, facts.clientcert, JSON.stringify(facts)];
		super("ruby", "puppet-lookups.rb", args, env);
	}

	async time(keys, rounds) {
		return await this.ask({ keys, rounds });
	}
}
