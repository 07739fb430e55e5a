import type { Socket } from "node:net";
import type { Libc } from "./libc.js";

const known = new WeakMap<Socket, number>();

/** The user id of the process that connected through a Unix socket; `undefined` where that can't be told. */
export function peerUid(socket: Socket): number | undefined {
	return known.get(socket);
}

/** Finds out who has connected, as long as the connection is open. */
export function rememberPeer(socket: Socket, libc: Libc | undefined): void {
	// Node keeps the descriptor to itself; a handle without one tells nothing.
	const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
	const uid = typeof handle?.fd === "number" && handle.fd >= 0 ? libc?.peerUid(handle.fd) : undefined;
	if (uid !== undefined) known.set(socket, uid);
}
