import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathOf } from "./peers.js";
import { type Postgres, unprivileged } from "./postgres.js";
import { freePort, type Server, serverDirectory, startServer } from "./server.js";

/** A PgBouncer in transaction mode, with fewer connections to its server than clients have to it. */
export class PgBouncer {
	static async start(postgres: Postgres, { user, password }: { user: string; password: string }): Promise<PgBouncer> {
		const account = unprivileged();
		const directory = serverDirectory(account);
		const port = await freePort();
		const file = (name: string, text: string) => {
			const path = join(directory.path, name);
			writeFileSync(path, text, { mode: 0o600 });
			if (account) chownSync(path, account.uid, account.gid);
			return path;
		};
		const users = file("users.txt", `"${user}" "${password}"\n`);
		const configuration = `
			[databases]
			* = host=127.0.0.1 port=${postgres.port}
			[pgbouncer]
			listen_addr = 127.0.0.1
			listen_port = ${port}
			unix_socket_dir =
			auth_type = scram-sha-256
			auth_file = ${users}
			pool_mode = transaction
			default_pool_size = 3
		`;
		const path = file("pgbouncer.ini", configuration.replace(/^\s+/gm, ""));
		const server = await startServer(pathOf("pgbouncer"), [path], /process up/, { ...account, cwd: directory.path });
		return new PgBouncer(server, directory, port);
	}

	readonly port: number;
	private readonly server: Server;
	private readonly directory: ReturnType<typeof serverDirectory>;

	private constructor(server: Server, directory: ReturnType<typeof serverDirectory>, port: number) {
		this.server = server;
		this.directory = directory;
		this.port = port;
	}

	async stop(): Promise<void> {
		await this.server.stop();
		this.directory.remove();
	}
}
