import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
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
`;

/** A PostgreSQL of a test's own, on a loopback port, that keeps everything in a temporary directory. */
export class Postgres {
	static async start(): Promise<Postgres> {
		const account = unprivileged();
		const directory = serverDirectory(account);
		try {
			const data = join(directory.path, "data");
			const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"];
			execFileSync(pathOf("initdb"), initdb, { ...account, cwd: directory.path, stdio: "pipe" });
			writeFileSync(join(data, "pg_hba.conf"), HBA);
			const port = await freePort();
			const args = ["-D", data, "-k", directory.path, "-h", "127.0.0.1", "-p", String(port), "-c", "fsync=off"];
			const ready = /database system is ready to accept connections/;
			const start = () => startServer(pathOf("postgres"), args, ready, { ...account, cwd: directory.path });
			return new Postgres(await start(), start, directory, port);
		} catch (error) {
			directory.remove();
			throw error;
		}
	}

	readonly port: number;
	private server: Server;
	private readonly start: () => Promise<Server>;
	private readonly directory: ReturnType<typeof serverDirectory>;

	private constructor(
		server: Server,
		start: () => Promise<Server>,
		directory: ReturnType<typeof serverDirectory>,
		port: number,
	) {
		this.server = server;
		this.start = start;
		this.directory = directory;
		this.port = port;
	}

	/** Runs SQL as the administrator and gives the lines of its answer. */
	async sql(text: string): Promise<string[]> {
		const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres"];
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

	/** Kills it with all its processes. */
	kill(): Promise<void> {
		return this.server.kill();
	}

	/** Starts it again on the files and the port that it had. */
	async again(): Promise<void> {
		this.server = await this.start();
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
function unprivileged(): Account | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
	return { uid: id("-u"), gid: id("-g") };
}
