import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cleanUp, run, type Sandbox, TROCLA } from "./sandbox.js";

/** The daemon of a sandbox. */
export interface Served {
	/** The path of its socket. */
	readonly socket: string;
	/** The file that has its process' number. */
	readonly pidFile: string;
	/** How often it was started. */
	starts(): number;
	stop(): Promise<void>;
}

/**
 * Starts the daemon of a sandbox, and again whenever it ends, as a service manager does; it is stopped with the test.
 *
 * @param more - what else its configuration has
 */
export async function serve(sandbox: Sandbox, more: object = {}): Promise<Served> {
	const socket = sandbox.path("run/trocla.sock");
	const pidFile = sandbox.path("daemon.pid");
	sandbox.configure({ store_options: { path: sandbox.store }, serve: { socket: { path: socket } }, ...more });
	let daemon: ChildProcess | undefined;
	let isWanted = true;
	let starts = 0;
	const start = async () => {
		starts++;
		const child = spawn(process.execPath, [TROCLA, "serve"], { env: sandbox.env, cwd: sandbox.directory });
		daemon = child;
		child.once("exit", () => {
			if (isWanted) start().catch(() => {});
		});
		writeFileSync(pidFile, String(child.pid));
		await listening(child);
	};
	await start();
	const stop = async () => {
		isWanted = false;
		if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
		daemon.kill("SIGTERM");
		await once(daemon, "exit");
	};
	cleanUp(stop);
	return { socket, pidFile, starts: () => starts, stop };
}

/** @throws {Error} with what it said, when it ends before */
async function listening(child: ChildProcess): Promise<void> {
	let said = "";
	await new Promise<void>((resolve, reject) => {
		child.stderr?.on("data", (chunk: Buffer) => {
			said += chunk;
			if (said.includes('"event":"listening"')) resolve();
		});
		child.once("exit", () => reject(new Error(`the daemon ended before it was ready:\n${said}`)));
	});
}

/** A socket that nobody listens on, as a killed process leaves it. */
export async function leaveStale(path: string): Promise<void> {
	const program =
		"require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
	await run(process.execPath, ["-e", program, path]);
	if (!lstatSync(path).isSocket()) throw new Error(`${path} is no socket`);
}

/** An answer of HTTP with this body. */
export const httpAnswer = (body: string) =>
	`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** A socket that takes connections, and reads nothing of what they are sent. */
export async function deafSocket(path: string): Promise<string> {
	const server = createServer({ pauseOnConnect: true }, (connection) => {
		connection.on("error", () => {});
		cleanUp(() => connection.destroy());
	}).listen(path);
	await once(server, "listening");
	cleanUp(() => server.close());
	return path;
}

/** A socket that answers a request with this, a byte every so many milliseconds. */
export async function drippingSocket(path: string, answer: string, everyMs: number): Promise<string> {
	const server = createServer((connection) => {
		connection.on("error", () => {});
		connection.once("data", () => {
			const bytes = [...Buffer.from(answer)];
			const dripping = setInterval(() => {
				const byte = bytes.shift();
				if (byte === undefined || connection.destroyed) clearInterval(dripping);
				else connection.write(Buffer.of(byte));
			}, everyMs);
		});
		cleanUp(() => connection.destroy());
	}).listen(path);
	await once(server, "listening");
	cleanUp(() => server.close());
	return path;
}

/** A socket that takes what it is sent and answers this, if anything. */
export async function answeringSocket(path: string, answer?: string): Promise<string> {
	const server = createServer((connection) => {
		connection.on("error", () => {});
		connection.on("data", () => {
			if (answer !== undefined) connection.end(answer);
		});
		cleanUp(() => connection.destroy());
	}).listen(path);
	await once(server, "listening");
	cleanUp(() => server.close());
	return path;
}
