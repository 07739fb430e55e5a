import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathOf } from "./peers.js";
import { type Outcome, run, type Sandbox } from "./sandbox.js";

/** A copy of /etc, in which a program changes accounts without anybody else seeing it. */
export class OwnEtc {
	readonly #sandbox: Sandbox;

	private constructor(sandbox: Sandbox) {
		this.#sandbox = sandbox;
	}

	static async copy(sandbox: Sandbox): Promise<OwnEtc> {
		await run("cp", ["-a", "/etc", sandbox.path("etc")]);
		return new OwnEtc(sandbox);
	}

	/** Runs a program that has the copy for its /etc. */
	run(command: readonly string[], env: NodeJS.ProcessEnv = this.#sandbox.env): Promise<Outcome> {
		const mount = ["sh", "-c", 'mount --bind "$0" /etc && exec "$@"', this.#sandbox.path("etc")];
		return run(pathOf("unshare"), ["-m", "--propagation", "private", ...mount, ...command], {
			env: { ...env, PATH: `/usr/sbin:/sbin:${env.PATH}` },
			cwd: this.#sandbox.directory,
		});
	}

	read(file: string): string {
		return readFileSync(join(this.#sandbox.path("etc"), file), "utf8");
	}

	/** A user's hash in /etc/shadow. */
	hashOf(user: string): string {
		const line = this.read("shadow")
			.split("\n")
			.find((line) => line.startsWith(`${user}:`));
		return line?.split(":")[1] ?? "";
	}
}
