// A Puppet catalog that asks the daemon for passwords beside the same catalog with constants in their place.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillStore, keyName } from "./keys.mjs";
import { byTurns, inSandbox, row } from "./measure.mjs";
import { Asked, startDaemon, stop } from "./processes.mjs";

const ROUNDS = 15;
const CALLS = 500;
const GOAL_MS = 0.5;

export async function run() {
	return await inSandbox(async ({ directory, store, env }) => {
		await fillStore(store, CALLS);
		const socket = join(directory, "trocla.sock");
		const config = join(directory, "serve.yaml");
		writeFileSync(config, JSON.stringify({ store_options: { path: store }, serve: { socket: { path: socket } } }), {
			mode: 0o600,
		});
		const modules = join(directory, "modules");
		mkdirSync(modules);
		symlinkSync(fileURLToPath(new URL("../puppet", import.meta.url)), join(modules, "trocla"));
		const daemon = await startDaemon(config, env);
		const puppet = new Asked("ruby", "puppet-catalogs.rb", [join(directory, "puppet"), modules], {
			...env,
			TROCLA_SOCKET: socket,
		});
		const [asking, constant] = await byTurns(ROUNDS, [
			() => puppet.ask({ code: catalog((n) => `trocla('${keyName(n)}', 'plain')`) }),
			() => puppet.ask({ code: catalog((n) => `'password-${n}'`) }),
		]);
		await puppet.stop();
		await stop(daemon);
		return [
			row("catalog with 500 trocla calls", "with constants", asking, constant),
			row("what a call adds to it", "the goal", (asking - constant) / CALLS, GOAL_MS),
		];
	});
}

/** A catalog of resources that each have a password. */
function catalog(password) {
	return Array.from({ length: CALLS }, (_, n) => `notify { 'n${n}': message => ${password(n)} }`).join("\n");
}
