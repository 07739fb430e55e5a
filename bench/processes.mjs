// Programs that run beside a comparison: servers, and what asks them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { NODE, TROCLA } from "./measure.mjs";

/** A script that answers each line of JSON that it is given with one line. */
export class Asked {
	constructor(program, script, args, env) {
		const file = fileURLToPath(new URL(script, import.meta.url));
		this.process = spawn(program, [file, ...args], { env, stdio: ["pipe", "pipe", "inherit"] });
		this.lines = createInterface(this.process.stdout)[Symbol.asyncIterator]();
	}

	async ask(question) {
		this.process.stdin.write(`${JSON.stringify(question)}\n`);
		const { value, done } = await this.lines.next();
		if (done) throw new Error(`${this.process.spawnargs.join(" ")} ended`);
		return JSON.parse(value);
	}

	async stop() {
		this.process.stdin.end();
		await once(this.process, "exit");
	}
}

/** What ends with the comparison, also where that fails. */
const running = new Set();
process.on("exit", () => {
	for (const server of running) server.kill("SIGKILL");
});

/** Starts the daemon of a configuration, and gives its process when it listens. */
export async function startDaemon(config, env) {
	return await listening(spawn(NODE, [TROCLA, "serve", "-c", config], { env, stdio: ["ignore", "ignore", "pipe"] }));
}

/** Starts a Fastify that does nothing. */
export async function startBare(socket, env) {
	const script = fileURLToPath(new URL("bare-fastify.mjs", import.meta.url));
	return await listening(spawn(NODE, [script, socket], { env, stdio: ["ignore", "pipe", "inherit"] }));
}

async function listening(server) {
	running.add(server);
	for await (const line of createInterface(server.stdout ?? server.stderr))
		if (line.includes("listening")) return server;
	throw new Error(`${server.spawnargs.join(" ")} ended`);
}

export async function stop(server) {
	server.kill("SIGTERM");
	await once(server, "exit");
	running.delete(server);
}
