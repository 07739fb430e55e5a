import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { loadLibc } from "../../../src/server/libc.js";
import { inheritedSockets, ServiceManager } from "../../../src/server/service-manager.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";

/** Python's socket hears datagrams, and prints each with the pid that sent it. */
const LISTENER = `
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1].replace("@", "\\0", 1))
print("bound", flush=True)
while True:
    text, ancillary, _, _ = s.recvmsg(4096, 64)
    pid, uid, gid = struct.unpack("3i", ancillary[0][2])
    print(repr((text.decode(), pid)), flush=True)
`;

async function listener(path: string): Promise<string[]> {
	const child = spawn("python3", ["-c", LISTENER, path]);
	cleanUp(() => child.kill("SIGKILL"));
	const heard: string[] = [];
	child.stdout.on("data", (chunk: Buffer) => heard.push(...chunk.toString().split("\n").filter(Boolean)));
	await once(child.stdout, "data");
	return heard;
}

test.each(["a path", "an abstract name"])(
	"systemd is told through a socket that has %s, and by this very process",
	async (what) => {
		const path = what === "a path" ? new Sandbox().path("notify") : `@trocla-test-${process.pid}`;
		const heard = await listener(path);
		const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "40000" };
		const manager = new ServiceManager(await loadLibc(), env);
		expect(env).toEqual({});
		manager.ready();
		await expect.poll(() => heard.filter((line) => line.includes("WATCHDOG=1")).length).toBeGreaterThan(2);
		manager.reloading();
		manager.stopping();
		await expect.poll(() => heard).toContain(`('STOPPING=1', ${process.pid})`);
		expect(heard[1]).toBe(`('READY=1\\nMAINPID=${process.pid}', ${process.pid})`);
		expect(heard.some((line) => /RELOADING=1\\nMONOTONIC_USEC=\d+/.test(line))).toBe(true);
	},
);

test("nobody is told where nobody asked, and a socket that is gone is no fault", async () => {
	const libc = await loadLibc();
	new ServiceManager(libc, {}).ready();
	new ServiceManager(libc, { NOTIFY_SOCKET: new Sandbox().path("missing") }).ready();
	expect(new ServiceManager(undefined, { NOTIFY_SOCKET: "/x" }).isDeaf).toBe(true);
});

test("sockets are inherited by the process that they are for, once", () => {
	const env = { LISTEN_PID: "7", LISTEN_FDS: "2", LISTEN_FDNAMES: "https:trocla.socket" };
	expect(inheritedSockets(env, 7)).toEqual({ socket: 4, https: 3 });
	expect(env).toEqual({});
	expect(inheritedSockets(env, 7)).toEqual({});
	expect(inheritedSockets({ LISTEN_PID: "8", LISTEN_FDS: "1" }, 7)).toEqual({});
	expect(inheritedSockets({ LISTEN_PID: "7", LISTEN_FDS: "1" }, 7)).toEqual({ socket: 3, https: undefined });
	expect(inheritedSockets({ LISTEN_PID: "7", LISTEN_FDS: "x" }, 7)).toEqual({});
});
