import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { pathOf } from "./peers.js";
import { type Outcome, run } from "./sandbox.js";
import { freePort, type Server, serverDirectory, startServer } from "./server.js";

/** Where Debian's sshd, started by root, goes to be without privileges; its unit makes it, and nobody else. */
const EMPTY_DIRECTORY = "/run/sshd";

/** A key pair as files have it. */
interface Pair {
	readonly privateKey: string;
	readonly publicLine: string;
}

/** An OpenSSH server of a test's own, on a loopback port, that lets the user in who runs the tests. */
export class Sshd {
	/**
	 * @param host - the server's own key
	 * @param config - options of sshd_config(5) that it has instead of, or besides, its own
	 */
	static async start(host: Pair, config: { readonly [option: string]: string } = {}): Promise<Sshd> {
		const directory = serverDirectory();
		const made = process.getuid?.() === 0 && !existsSync(EMPTY_DIRECTORY);
		if (made) mkdirSync(EMPTY_DIRECTORY, { mode: 0o755 });
		const remove = () => {
			directory.remove();
			if (made) rmdirSync(EMPTY_DIRECTORY);
		};
		try {
			const port = await freePort();
			const file = (name: string) => join(directory.path, name);
			writeFileSync(file("host"), host.privateKey, { mode: 0o600 });
			writeFileSync(file("known_hosts"), `[127.0.0.1]:${port} ${host.publicLine}\n`);
			const options = {
				ListenAddress: `127.0.0.1:${port}`,
				HostKey: file("host"),
				AuthorizedKeysFile: file("authorized_keys"),
				PidFile: "none",
				AuthenticationMethods: "publickey",
				PermitRootLogin: "prohibit-password",
				StrictModes: "no",
				UsePAM: "no",
				...config,
			};
			writeFileSync(file("sshd_config"), lines(options));
			const ready = /Server listening on 127\.0\.0\.1/;
			// OpenSSH 9.8 and newer turn away for a while whoever failed to log in; older ones don't know the option.
			const lenient = ["-o", "PerSourcePenalties=no"];
			const check = await run(pathOf("sshd"), ["-t", "-f", file("sshd_config"), ...lenient]);
			const args = ["-D", "-e", "-f", file("sshd_config"), ...(check.code === 0 ? lenient : [])];
			const server = await startServer(pathOf("sshd"), args, ready, { cwd: directory.path });
			return new Sshd(server, directory.path, port, remove);
		} catch (error) {
			remove();
			throw error;
		}
	}

	private readonly server: Server;
	private readonly directory: string;
	private readonly port: number;
	private readonly remove: () => void;

	private constructor(server: Server, directory: string, port: number, remove: () => void) {
		this.server = server;
		this.directory = directory;
		this.port = port;
		this.remove = remove;
	}

	/** Lets in who has one of these keys, and nobody else. */
	authorize(...publicLines: readonly string[]): void {
		writeFileSync(join(this.directory, "authorized_keys"), publicLines.map((line) => `${line}\n`).join(""));
	}

	/** Logs in with a private key, and says "in" from there; `passphrase` is what ssh is told when it asks. */
	login(privateKey: string, passphrase = ""): Promise<Outcome> {
		const identity = join(this.directory, "identity");
		const ask = join(this.directory, "ask");
		writeFileSync(identity, privateKey, { mode: 0o600 });
		writeFileSync(ask, `#!/bin/sh\nprintf '%s\\n' "$PASSPHRASE"\n`, { mode: 0o700 });
		const options = {
			IdentityFile: identity,
			IdentitiesOnly: "yes",
			IdentityAgent: "none",
			PreferredAuthentications: "publickey",
			NumberOfPasswordPrompts: "1",
			StrictHostKeyChecking: "yes",
			UserKnownHostsFile: join(this.directory, "known_hosts"),
			GlobalKnownHostsFile: "none",
		};
		const config = join(this.directory, "ssh_config");
		writeFileSync(config, lines(options));
		const place = ["-p", String(this.port), "-l", userInfo().username, "127.0.0.1"];
		const env = {
			PATH: process.env.PATH,
			HOME: this.directory,
			SSH_ASKPASS: ask,
			SSH_ASKPASS_REQUIRE: "force",
			PASSPHRASE: passphrase,
		};
		return run(pathOf("ssh"), ["-T", "-F", config, ...place, "echo in"], { env });
	}

	async stop(): Promise<void> {
		await this.server.stop();
		this.remove();
	}
}

function lines(options: { readonly [name: string]: string }): string {
	return Object.entries(options)
		.map(([name, value]) => `${name} ${value}\n`)
		.join("");
}
