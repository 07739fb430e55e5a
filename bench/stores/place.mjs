// Where a benchmark's server runs: in a directory of its own, on a free port of 127.0.0.1, until the benchmark ends.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const START_MS = 60_000;

/** The path of a server's program: Debian keeps some of them out of PATH. */
export function programPath(name) {
	const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
	const directories = [...versions.map((version) => `/usr/lib/postgresql/${version}/bin`), "/usr/sbin"];
	const found = [...(process.env.PATH ?? "").split(delimiter), ...directories].find((directory) =>
		existsSync(join(directory, name)),
	);
	if (!found) throw new Error(`${name} is not installed`);
	return join(found, name);
}

export async function freePort() {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address();
	server.close();
	await once(server, "close");
	return port;
}

/** A server's own directory, and the account that it runs as where it refuses to be root. */
function serverPlace(user) {
	const path = mkdtempSync(join(tmpdir(), "trocla-bench-server-"));
	if (!user || process.getuid() !== 0) return { path, account: {} };
	const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, user], { encoding: "utf8" })));
	chownSync(path, uid, gid);
	return { path, account: { uid, gid } };
}

/**
 * Starts a server in a directory of its own, and waits for the line that says that it is ready.
 *
 * @param prepare - gets the directory and the account, and gives the program with its arguments
 * @param user - whom it runs as where it refuses to be root
 * @returns the directory, what matched in that line, and what stops it and removes the directory
 */
export async function startServer(prepare, ready, user) {
	const { path, account } = serverPlace(user);
	const options = { ...account, cwd: path };
	const [file, ...args] = prepare(path, options);
	const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
	const ended = once(child, "exit");
	let output = "";
	let match = null;
	const started = new Promise((resolve) => {
		for (const stream of [child.stdout, child.stderr]) {
			stream.on("data", (chunk) => {
				if (match) return;
				output += chunk;
				match = ready.exec(output);
				if (match) resolve(match);
			});
		}
	});
	const slow = setTimeout(() => child.kill("SIGKILL"), START_MS);
	const said = await Promise.race([
		started,
		ended.then(() => {
			throw new Error(`${file} ended before it was ready:\n${output}`);
		}),
	]);
	clearTimeout(slow);
	return {
		path,
		said,
		async stop() {
			child.kill("SIGTERM");
			await ended;
			rmSync(path, { recursive: true, force: true });
		},
	};
}
