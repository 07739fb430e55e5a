import {
	chmodSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { listenOnSocket } from "../../../src/server/unix-socket.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { leaveStale } from "../../support/served.js";

const MINE = { mode: 0o600, gid: undefined };

function server(): Server {
	const made = createServer((socket) => socket.destroy());
	cleanUp(() => made.close());
	return made;
}

test("the socket has its mode and group, and nothing else is left beside it", async () => {
	const path = new Sandbox().path("run/t.sock");
	const gid = process.getgid?.() ?? 0;
	const remove = await listenOnSocket(server(), { path, mode: 0o660, gid });
	expect(statSync(path).mode & 0o777).toBe(0o660);
	expect(statSync(path).gid).toBe(gid);
	expect(readdirSync(dirname(path)).sort()).toEqual(["t.sock", "t.sock.lock"]);
	remove();
	expect(existsSync(path)).toBe(false);
});

test("a socket that nobody listens on is replaced", async () => {
	const path = new Sandbox().path("t.sock");
	await leaveStale(path);
	const stale = statSync(path).ino;
	await listenOnSocket(server(), { path, ...MINE });
	expect(statSync(path).ino).not.toBe(stale);
});

test("of what lies in the way of making the socket, only what an earlier start left is cleared away", async () => {
	const sandbox = new Sandbox();
	const path = sandbox.path("run/t.sock");
	const beside = (name: string) => sandbox.path(`run/${name}`);
	let left = "";
	const watched = server();
	watched.once("listening", () => {
		left = readdirSync(dirname(path)).find((name) => name.startsWith(".s")) ?? "";
	});
	(await listenOnSocket(watched, { path, ...MINE }))();
	mkdirSync(beside(left));
	await leaveStale(beside(`${left}/s`));
	// Another daemon's, which is just being made.
	mkdirSync(beside(".sOther1"));
	(await listenOnSocket(server(), { path, ...MINE }))();
	expect(readdirSync(dirname(path)).sort()).toEqual([".sOther1", "t.sock.lock"]);
	mkdirSync(beside(left));
	writeFileSync(beside(`${left}/precious`), "");
	await expect(listenOnSocket(server(), { path, ...MINE })).rejects.toThrow(/can't be made: ENOTEMPTY/);
	expect(existsSync(beside(`${left}/precious`))).toBe(true);
	rmSync(beside(left), { recursive: true });
	symlinkSync(sandbox.path("home"), beside(left));
	await expect(listenOnSocket(server(), { path, ...MINE })).rejects.toThrow(/is somebody else's/);
	expect(existsSync(sandbox.path("home"))).toBe(true);
});

test("a socket that is listened on, and any other file, is refused and stays", async () => {
	const sandbox = new Sandbox();
	const path = sandbox.path("t.sock");
	await listenOnSocket(server(), { path, ...MINE });
	const live = statSync(path).ino;
	await expect(listenOnSocket(server(), { path, ...MINE })).rejects.toMatchObject({
		code: "config",
		message: `the socket ${path} is in use: a daemon listens on it`,
	});
	expect(statSync(path).ino).toBe(live);
	const file = sandbox.path("file");
	writeFileSync(file, "precious");
	mkdirSync(sandbox.path("directory"));
	for (const other of [file, sandbox.path("directory")]) {
		await expect(listenOnSocket(server(), { path: other, ...MINE })).rejects.toThrow("is another file");
	}
	expect(readFileSync(file, "utf8")).toBe("precious");
});

test("of many that find one stale socket at once, one listens", async () => {
	const path = new Sandbox().path("t.sock");
	await leaveStale(path);
	const results = await Promise.allSettled(
		Array.from({ length: 8 }, () => listenOnSocket(server(), { path, ...MINE })),
	);
	expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("a directory in which others could replace the socket is refused, as is a path that is too long", async () => {
	const sandbox = new Sandbox();
	const open = sandbox.path("open");
	mkdirSync(open);
	chmodSync(open, 0o777);
	await expect(listenOnSocket(server(), { path: join(open, "t.sock"), ...MINE })).rejects.toMatchObject({
		hint: `Run: chmod go-w ${open}`,
	});
	const long = sandbox.path("x".repeat(108));
	await expect(listenOnSocket(server(), { path: long, ...MINE })).rejects.toThrow("more than 107 bytes");
});

test("a socket that another daemon has put in its place is not removed", async () => {
	const path = new Sandbox().path("t.sock");
	const remove = await listenOnSocket(server(), { path, ...MINE });
	rmSync(path);
	await listenOnSocket(server(), { path, ...MINE });
	remove();
	expect(existsSync(path)).toBe(true);
});
