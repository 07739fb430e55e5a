import { literal, Postgres } from "../postgres.js";
import { passwordFile } from "./password-file.js";
import type { StoreServer } from "./store-server.js";

const PASSWORD = "a store's own password";

/** A PostgreSQL with a user who may make tables. */
export async function postgresStore(): Promise<StoreServer> {
	const server = await Postgres.start();
	await server.sql(`CREATE ROLE trocla LOGIN PASSWORD ${literal(PASSWORD)}; GRANT CREATE ON SCHEMA public TO trocla`);
	const password = passwordFile(PASSWORD);
	return {
		port: server.port,
		config: (host, port) => ({
			store: "postgres",
			store_options: { url: `postgres://trocla@${host}:${port}/postgres`, password_file: password.path, tls: false },
		}),
		kill: () => server.kill(),
		again: () => server.resume(),
		async stop() {
			await server.stop();
			password.remove();
		},
	};
}
