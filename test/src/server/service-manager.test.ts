import { expect, test } from "vitest";
import { loadLibc } from "../../../src/server/libc.js";
import { inheritedSockets, ServiceManager } from "../../../src/server/service-manager.js";
import { Sandbox } from "../../support/sandbox.js";

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
