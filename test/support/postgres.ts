import { execFileSync } from "node:child_process";
import { chownSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathOf } from "./peers.js";
import { type Outcome, run } from "./sandbox.js";
import { type Account, freePort, type Server, serverDirectory, startServer } from "./server.js";

// Over TCP, one database asks for SCRAM and the other for md5; the socket, in a directory of its own, is the
// administrator's.
const HBA = `
local all       all              trust
host  postgres  all 127.0.0.1/32 scram-sha-256
host  template1 all 127.0.0.1/32 md5
host  all       all 127.0.0.1/32 scram-sha-256
`;

/** What a server is started with, where a test is about it. */
export interface PostgresSettings {
	/** As the configuration file has them: `fsync=on`. */
	readonly settings?: readonly string[];
	/** Paths of the files that it has for TLS. */
	readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A PostgreSQL of a test's own, on a loopback port, that keeps everything in a temporary directory. */
export class Postgres {
	static async start({ settings = ["fsync=off"], tls }: PostgresSettings = {}): Promise<Postgres> {
		const account = unprivileged();
		const directory = serverDirectory(account);
		try {
			const data = join(directory.path, "data");
			const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"];
			execFileSync(pathOf("initdb"), initdb, { ...account, cwd: directory.path, stdio: "pipe" });
			writeFileSync(join(data, "pg_hba.conf"), HBA);
			const own = [...settings, ...(tls ? ["ssl=on"] : [])];
			if (tls) {
				give(tls.certificate, join(data, "server.crt"), account);
				give(tls.key, join(data, "server.key"), account);
			}
			const port = await freePort();
			const args = ["-D", data, "-k", directory.path, "-h", "127.0.0.1", "-p", String(port)];
			for (const setting of own) args.push("-c", setting);
			const ready = /database system is ready to accept connections/;
			const begin = () => startServer(pathOf("postgres"), args, ready, { ...account, cwd: directory.path });
			return new Postgres(begin, await begin(), directory, port);
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

	/** Where its socket is. */
	get socket(): string {
		return this.directory.path;
	}

	/** Ends it at once, as a crash does: nothing more is written. */
	crash(): Promise<void> {
		return this.server.stop("SIGQUIT");
	}

	/** Kills it with all its processes. */
	kill(): Promise<void> {
		return this.server.kill();
	}

	/** Stops it as an administrator does, without waiting for who is connected. */
	async pause(): Promise<void> {
		await this.server.stop("SIGINT");
	}

	/** Starts it once more, on the same port. */
	async resume(): Promise<void> {
		this.server = await this.begin();
	}

	/** Runs SQL as the administrator and gives the lines of its answer. */
	async sql(text: string, database = "postgres"): Promise<string[]> {
		const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database];
		const { code, stdout, stderr } = await this.psql([...args, "-h", this.directory.path], {}, text);
		if (code !== 0) throw new Error(`psql: ${stderr}`);
		return stdout.split("\n").slice(0, -1);
	}

	/** Logs in over TCP with a password, as a user does. */
	login(role: string, password: string, { method }: { method: "scram-sha-256" | "md5" }): Promise<Outcome> {
		const database = method === "md5" ? "template1" : "postgres";
		const args = ["-X", "-w", "-A", "-t", "-U", role, "-d", database, "-h", "127.0.0.1", "-c", "SELECT current_user"];
		return this.psql(args, { PGPASSWORD: password });
	}

	async stop(): Promise<void> {
		await this.server.stop();
		this.directory.remove();
	}

	private psql(args: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Outcome> {
		const { PATH } = process.env;
		return run(
			pathOf("psql"),
			[...args, "-p", String(this.port)],
			{ env: { PATH, HOME: this.directory.path, PGCLIENTENCODING: "UTF8", ...env } },
			input,
		);
	}
}

/** A text as an SQL literal. */
export function literal(text: string): string {
	return `'${text.replaceAll("'", "''")}'`;
}

/** PostgreSQL refuses to be root, so root starts it as the package's own user. */
export function unprivileged(): Account | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
	return { uid: id("-u"), gid: id("-g") };
}

/** Copies a file to one that only the server's account may read. */
function give(from: string, to: string, account: Account | undefined): void {
	copyFileSync(from, to);
	if (account) chownSync(to, account.uid, account.gid);
}
