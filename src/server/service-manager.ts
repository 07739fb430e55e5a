import type { Libc } from "./libc.js";

/** What systemd gives to a service, by the names of its environment. */
export interface Inherited {
	/** The descriptor of a Unix socket that is listened on. */
	readonly socket: number | undefined;
	/** That of a TCP socket, which is named `https` (FileDescriptorName=). */
	readonly https: number | undefined;
}

const FIRST_FD = 3;

/** The sockets that systemd opened for this process (sd_listen_fds(3)); a child must not take them for its own. */
export function inheritedSockets(env: NodeJS.ProcessEnv = process.env, pid = process.pid): Inherited {
	const { LISTEN_PID, LISTEN_FDS = "", LISTEN_FDNAMES = "" } = env;
	for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete env[name];
	if (LISTEN_PID !== String(pid) || !/^[1-9]\d?$/.test(LISTEN_FDS)) return { socket: undefined, https: undefined };
	const names = LISTEN_FDNAMES.split(":");
	const fds = Array.from({ length: Number(LISTEN_FDS) }, (_, index) => index);
	const fdOf = (isMeant: (name: string | undefined) => boolean) => {
		const index = fds.find((index) => isMeant(names[index]));
		return index === undefined ? undefined : FIRST_FD + index;
	};
	return { socket: fdOf((name) => name !== "https"), https: fdOf((name) => name === "https") };
}

/** Tells systemd how the service is (sd_notify(3)); does nothing where nobody asked for it. */
export class ServiceManager {
	readonly #path: string | undefined;
	readonly #libc: Libc | undefined;
	readonly #watchdogMs: number | undefined;
	#watchdog: NodeJS.Timeout | undefined;

	/** Takes what concerns it out of the environment: a child is not the service. */
	constructor(libc: Libc | undefined, env: NodeJS.ProcessEnv = process.env, pid = process.pid) {
		const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID = String(pid) } = env;
		for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
		this.#libc = libc;
		this.#path = NOTIFY_SOCKET || undefined;
		const isWatched = WATCHDOG_PID === String(pid) && /^[1-9]\d*$/.test(WATCHDOG_USEC ?? "");
		this.#watchdogMs = isWatched ? Number(WATCHDOG_USEC) / 1000 : undefined;
	}

	/** Whether somebody wants to hear of it who can't be told. */
	get isDeaf(): boolean {
		return this.#path !== undefined && this.#libc === undefined;
	}

	ready(): void {
		this.#tell(`READY=1\nMAINPID=${process.pid}`);
		// Half of it, as sd_watchdog_enabled(3) recommends.
		if (this.#watchdogMs !== undefined) {
			this.#watchdog ??= setInterval(() => this.#tell("WATCHDOG=1"), this.#watchdogMs / 2).unref();
		}
	}

	reloading(): void {
		// CLOCK_MONOTONIC, which Node's hrtime is on Linux.
		this.#tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
	}

	stopping(): void {
		this.#tell("STOPPING=1");
	}

	#tell(state: string): void {
		if (this.#path !== undefined) this.#libc?.sendTo(this.#path, state);
	}
}
