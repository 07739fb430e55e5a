/** The calls of Linux that Node has not. */
export interface Libc {
	/** The user id behind a connection of a Unix socket; `undefined` where the kernel does not tell. */
	peerUid(fd: number): number | undefined;
	/** Sends a datagram to a Unix socket; false where that fails. `path` begins with `@` for an abstract one. */
	sendTo(path: string, text: string): boolean;
	/** Ends the process at once: `process.exit` waits for whatever a thread is just working at. */
	exit(code: number): void;
}

/** Where the constants below are those of asm-generic; MIPS, SPARC and others have their own. */
const ARCHITECTURES = ["x64", "arm64", "arm", "ia32", "riscv64", "loong64", "s390x"];
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_NOSIGNAL = 0x4000;

/** `undefined` on other systems, and where koffi can't be loaded. */
export async function loadLibc(): Promise<Libc | undefined> {
	if (process.platform !== "linux" || !ARCHITECTURES.includes(process.arch)) return undefined;
	try {
		const koffi = (await import("koffi")).default;
		const libc = koffi.load(null);
		const getsockopt = libc.func(
			"int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)",
		);
		const socket = libc.func("int socket(int domain, int type, int protocol)");
		const sendto = libc.func(
			"long sendto(int fd, const uint8_t *text, size_t length, int flags, const uint8_t *address, uint32_t size)",
		);
		const close = libc.func("int close(int fd)");
		const exit = libc.func("void _exit(int status)");
		return {
			exit(code) {
				exit(code);
			},
			peerUid(fd) {
				// struct ucred: pid, uid and gid, each 32 bits.
				const credentials = Buffer.alloc(12);
				const failed = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, [credentials.length]);
				return failed === 0 ? credentials.readUInt32LE(4) : undefined;
			},
			sendTo(path, text) {
				const fd = Number(socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
				if (fd < 0) return false;
				try {
					const bytes = Buffer.from(text);
					const address = socketAddress(path);
					return Number(sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length)) === bytes.length;
				} finally {
					close(fd);
				}
			},
		};
	} catch {
		return undefined;
	}
}

/** sockaddr_un (unix(7)): the family, then the path; of an abstract one's name a NUL takes the place of the `@`. */
function socketAddress(path: string): Buffer {
	const family = Buffer.alloc(2);
	if (process.arch === "s390x") family.writeUInt16BE(AF_UNIX);
	else family.writeUInt16LE(AF_UNIX);
	return Buffer.concat([family, Buffer.from(path.startsWith("@") ? `\0${path.slice(1)}` : `${path}\0`)]);
}
