import { createHash } from "node:crypto";
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { BackendError } from "../../backends/backend.js";
import { underLock } from "../../backends/file-lock.js";
import { replaceableIn } from "../../backends/replaceable.js";
import { TroclaError } from "../errors.js";
import { shellWord } from "../input.js";

export interface SocketFile {
	/** Absolute. */
	readonly path: string;
	readonly mode: number;
	/** The group's number; `undefined` for the process' own. */
	readonly gid: number | undefined;
}

/** sockaddr_un's sun_path has 108 bytes with the NUL behind it (unix(7)). */
const MAX_PATH_BYTES = 107;

/**
 * Has a server listen on a Unix socket. One that nobody listens on any more is replaced; any other file, and a socket
 * that somebody listens on, stays and is an error.
 *
 * The socket is made in a directory that nobody else can enter, and renamed when it has its mode and group: nobody can
 * connect before.
 *
 * @returns what removes the socket, unless another one has taken its place
 * @throws {TroclaError} `config`
 */
export async function listenOnSocket(server: Server, { path, mode, gid }: SocketFile): Promise<() => void> {
	const directory = dirname(path);
	const fail = (message: string, hint?: string) => new TroclaError("config", `the socket ${path} ${message}`, hint);
	if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw fail(`has a path of more than ${MAX_PATH_BYTES} bytes`);
	try {
		mkdirSync(directory, { recursive: true, mode: 0o755 });
	} catch (error) {
		throw fail(`can't be made: ${(error as Error).message}`);
	}
	const open = replaceableIn(path);
	if (open) {
		const what = `lies in ${open.directory}, where others can put another one in its place (mode ${open.mode})`;
		throw fail(what, `Run: chmod go-w ${shellWord(open.directory)}`);
	}
	return await underLock(`${path}.lock`, () => make(server, { path, mode, gid }, fail)).catch((error: unknown) => {
		throw error instanceof BackendError ? fail(`can't be made: ${error.message}`, error.hint) : error;
	});
}

type Fail = (message: string, hint?: string) => TroclaError;

/** To be done by one process at a time: of two that find the same stale socket, the second would replace the first's. */
async function make(server: Server, { path, mode, gid }: SocketFile, fail: Fail): Promise<() => void> {
	await refuseTaken(path, fail);
	let made: string | undefined;
	try {
		made = makeWorkshop(path);
		const temporary = join(made, SOCKET);
		await listen(server, temporary);
		if (gid !== undefined) chownSync(temporary, -1, gid);
		chmodSync(temporary, mode);
		const { dev, ino } = lstatSync(temporary);
		renameSync(temporary, path);
		return () => {
			const now = lstatSync(path, { throwIfNoEntry: false });
			if (now?.dev === dev && now.ino === ino) unlinkSync(path);
		};
	} catch (error) {
		server.close();
		throw fail(`can't be made: ${(error as Error).message}`, "Name another with serve.socket in the configuration");
	} finally {
		if (made !== undefined) rmdirSync(made);
	}
}

/** The socket's name until it has its own. */
const SOCKET = "s";

/**
 * Makes the directory that a socket is made in. Its name belongs to the socket's path: who has that path's lock and finds
 * one there knows that it was left by a process that was killed, and clears it away.
 */
function makeWorkshop(path: string): string {
	const name = createHash("sha256").update(path).digest("base64url").slice(0, 6);
	const workshop = join(dirname(path), `.s${name}`);
	const left = lstatSync(workshop, { throwIfNoEntry: false });
	if (left) {
		if (!left.isDirectory() || left.uid !== process.getuid?.()) throw new Error(`${workshop} is somebody else's`);
		rmSync(join(workshop, SOCKET), { force: true });
		// Where anything else is in it, this says so.
		rmdirSync(workshop);
	}
	mkdirSync(workshop, { mode: 0o700 });
	return workshop;
}

/** @throws {TroclaError} where there is something that is not to be replaced */
async function refuseTaken(path: string, fail: Fail): Promise<void> {
	const there = lstatSync(path, { throwIfNoEntry: false });
	if (!there) return;
	if (!there.isSocket()) throw fail("is another file", "Move it away, or name another path with serve.socket");
	const state = await new Promise<string | undefined>((resolve) => {
		const probe = connect(path, () => {
			probe.destroy();
			resolve("connected");
		});
		probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
	});
	if (state === "ECONNREFUSED" || state === "ENOENT") return;
	if (state === "connected") throw fail("is in use: a daemon listens on it", "Stop that one, or name another path");
	throw fail(`can't be looked at: ${state}`, "Run it as the user that the other daemon had");
}

function listen(server: Server, path: string): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen({ path }, () => {
			server.off("error", reject);
			resolve();
		});
	});
}
