import type { Socket } from "node:net";

/** SOL_SOCKET and SO_PEERCRED of Linux (asm-generic/socket.h), which MIPS, SPARC and others number otherwise. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const ARCHITECTURES = ["x64", "arm64", "arm", "ia32", "riscv64", "loong64", "s390x"];

type GetPeer = (fd: number) => number | undefined;

let getPeer: GetPeer | undefined;
const known = new WeakMap<Socket, number>();

/** Gets ready to tell who is on the other side of a Unix socket, where this system and koffi can. */
export async function loadPeer(): Promise<void> {
	if (process.platform !== "linux" || !ARCHITECTURES.includes(process.arch)) return;
	try {
		const koffi = (await import("koffi")).default;
		const getsockopt = koffi
			.load("libc.so.6")
			.func("int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)");
		getPeer = (fd) => {
			// struct ucred: pid, uid and gid, each 32 bits.
			const credentials = Buffer.alloc(12);
			const failed = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, [credentials.length]);
			return failed === 0 ? credentials.readUInt32LE(4) : undefined;
		};
	} catch {
		// Then the audit has the socket alone.
	}
}

/** The user id of the process that connected through a Unix socket; `undefined` where that can't be told. */
export function peerUid(socket: Socket): number | undefined {
	if (!getPeer) return undefined;
	const before = known.get(socket);
	if (before !== undefined) return before;
	// Node keeps the descriptor to itself; another one's handle has none, and nothing is told then.
	const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
	const uid = typeof handle?.fd === "number" && handle.fd >= 0 ? getPeer(handle.fd) : undefined;
	if (uid !== undefined) known.set(socket, uid);
	return uid;
}
