import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** Who a server runs as, where it refuses to be root. */
export interface Account {
	readonly uid: number;
	readonly gid: number;
}

/** A server that a test started. */
export interface Server {
	/** Stops it, by the signal that its manual has for that, and waits until it has ended. */
	stop(signal?: NodeJS.Signals): Promise<void>;
	/** Kills it and all processes that it has started, at once, and waits until they have ended. */
	kill(): Promise<void>;
}

/**
 * Starts a server, and waits until a line that it writes says that it takes connections.
 *
 * @throws {Error} with what it wrote, if it ends before, or is not ready in a minute
 */
export async function startServer(
	file: string,
	args: readonly string[],
	ready: RegExp,
	options: Partial<Account> & { readonly cwd: string },
): Promise<Server> {
	const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
	const ended = once(child, "exit");

	let output = "";
	const started = new Promise<void>((resolve) => {
		for (const stream of [child.stdout, child.stderr]) {
			stream.on("data", (chunk: Buffer) => {
				output += chunk;
				if (ready.test(output)) resolve();
			});
		}
	});
	const slow = setTimeout(() => child.kill("SIGKILL"), START_MS);
	await Promise.race([
		started,
		ended.then(() => {
			throw new Error(`${file} ended before it was ready:\n${output}`);
		}),
	]);
	clearTimeout(slow);

	return {
		async stop(signal = "SIGTERM") {
			child.kill(signal);
			const stubborn = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
			await ended;
			clearTimeout(stubborn);
		},
		async kill() {
			const pids = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
			for (const pid of pids) killed(pid);
			await ended;
			// PostgreSQL does not start while a process of the one before still lives.
			while (pids.some(killed)) await wait(5);
		},
	};
}

function childrenOf(pid: number): number[] {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
	return children.flatMap((child) => [child, ...childrenOf(child)]);
}

/** Kills a process, and says whether it lived. */
function killed(pid: number): boolean {
	try {
		return process.kill(pid, "SIGKILL");
	} catch {
		return false;
	}
}

const START_MS = 60_000;
const STOP_MS = 20_000;

/** A TCP port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	if (address === null || typeof address === "string") throw new Error("no TCP address");
	return address.port;
}

/**
 * A directory for a server's files, which only its account can read; its owner removes it.
 *
 * @param disk - the size of a disk of its own, in memory, which takes root to mount
 */
export function serverDirectory(account?: Account, disk?: string): { readonly path: string; remove(): void } {
	const path = mkdtempSync(join(tmpdir(), "trocla-peer-"));
	if (disk) execFileSync("mount", ["-t", "tmpfs", "-o", `size=${disk},mode=700`, "tmpfs", path]);
	if (account) chownSync(path, account.uid, account.gid);
	return {
		path,
		remove() {
			if (disk) execFileSync("umount", ["--lazy", path]);
			rmSync(path, { recursive: true, force: true });
		},
	};
}
