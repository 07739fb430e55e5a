import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Postgres } from "../postgres.js";
import { serverDirectory } from "../server.js";
import type { StoreServer } from "./store-server.js";

const PASSWORD = "a store's own password";

/** Keeps the password where configurations can name it. */
function passwordFile() {
	const directory = serverDirectory();
	const file = join(directory.path, "password");
	writeFileSync(file, PASSWORD, { mode: 0o600 });
	return { file, remove: directory.remove };
}

export async function postgresStore(): Promise<StoreServer> {
	const server = await Postgres.start();
	await server.sql(`CREATE ROLE trocla LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
	await server.sql("GRANT CREATE ON SCHEMA public TO trocla");
	const password = passwordFile();
	return {
		port: server.port,
		config: (host, port) => ({
			store: "postgres",
			store_options: { url: `postgres://trocla@${host}:${port}/postgres`, password_file: password.file, tls: false },
		}),
		kill: () => server.kill(),
		again: () => server.again(),
		async stop() {
			await server.stop();
			password.remove();
		},
	};
}
