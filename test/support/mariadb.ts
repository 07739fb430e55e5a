import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathOf } from "./peers.js";
import { type Outcome, run } from "./sandbox.js";
import { freePort, type Server, serverDirectory, startServer } from "./server.js";

/** A MariaDB of a test's own, on a loopback port, that keeps everything in a temporary directory. */
export class MariaDb {
	/** @param settings - as the configuration file has them: `ssl-cert=FILE` */
	static async start(settings: readonly string[] = []): Promise<MariaDb> {
		const directory = serverDirectory();
		try {
			const own = ["--no-defaults", `--datadir=${join(directory.path, "data")}`];
			if (process.getuid?.() === 0) own.push("--user=root");
			const install = [...own, "--auth-root-authentication-method=normal", "--skip-test-db"];
			execFileSync(pathOf("mariadb-install-db"), install, { cwd: directory.path, stdio: "pipe" });
			const port = await freePort();
			const socket = join(directory.path, "mariadb.sock");
			const args = [...own, `--socket=${socket}`, "--bind-address=127.0.0.1", `--port=${port}`, "--skip-name-resolve"];
			args.push(...settings.map((setting) => `--${setting}`));
			const begin = () => startServer(pathOf("mariadbd"), args, /ready for connections/, { cwd: directory.path });
			return new MariaDb(begin, await begin(), directory, port);
		} catch (error) {
			directory.remove();
			throw error;
		}
	}

	readonly port: number;
	private readonly begin: () => Promise<Server>;
	private server: Server;
	private readonly directory: ReturnType<typeof serverDirectory>;

	private constructor(
		begin: () => Promise<Server>,
		server: Server,
		directory: ReturnType<typeof serverDirectory>,
		port: number,
	) {
		this.begin = begin;
		this.server = server;
		this.directory = directory;
		this.port = port;
	}

	/** Its socket. */
	get socket(): string {
		return join(this.directory.path, "mariadb.sock");
	}

	/** Ends it at once, as a crash does: nothing more is written. */
	crash(): Promise<void> {
		return this.server.stop("SIGKILL");
	}

	/** Stops it as an administrator does. */
	async pause(): Promise<void> {
		await this.server.stop();
	}

	/** Starts it once more, on the same port. */
	async resume(): Promise<void> {
		this.server = await this.begin();
	}

	/** Runs SQL as the administrator and gives the lines of its answer. */
	async sql(text: string): Promise<string[]> {
		const socket = `--socket=${this.socket}`;
		const { code, stdout, stderr } = await this.client([socket, "--user=root"], {}, text);
		if (code !== 0) throw new Error(`mariadb: ${stderr}`);
		return stdout.split("\n").slice(0, -1);
	}

	/** Logs in over TCP with a password, as a user does. */
	login(user: string, password: string): Promise<Outcome> {
		const server = ["--protocol=tcp", "--host=127.0.0.1", `--port=${this.port}`];
		return this.client([...server, `--user=${user}`, "--execute=SELECT USER()"], { MYSQL_PWD: password });
	}

	async stop(): Promise<void> {
		await this.server.stop();
		this.directory.remove();
	}

	private client(args: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Outcome> {
		const { PATH } = process.env;
		const common = ["--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4"];
		const options = { env: { PATH, HOME: this.directory.path, ...env } };
		return run(pathOf("mariadb"), [...common, ...args], options, input);
	}
}
