import { MariaDb } from "../mariadb.js";
import { literal } from "../postgres.js";
import { passwordFile } from "./password-file.js";
import type { StoreServer } from "./store-server.js";

const PASSWORD = "a store's own password";

/** A MariaDB with a user who has a database. */
export async function mysqlStore(): Promise<StoreServer> {
	const server = await MariaDb.start();
	await server.sql(
		`CREATE DATABASE trocla; CREATE USER trocla@'%' IDENTIFIED BY ${literal(PASSWORD)}; GRANT ALL ON trocla.* TO trocla@'%'`,
	);
	const password = passwordFile(PASSWORD);
	return {
		port: server.port,
		config: (host, port) => ({
			store: "mysql",
			store_options: { url: `mysql://trocla@${host}:${port}/trocla`, password_file: password.path, tls: false },
		}),
		kill: () => server.crash(),
		again: () => server.resume(),
		async stop() {
			await server.stop();
			password.remove();
		},
	};
}
