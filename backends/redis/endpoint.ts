import { BackendError } from "../backend.js";

/** Where a server is, as its URL says. */
export interface Endpoint {
	readonly username: string | undefined;
	readonly database: number;
	readonly socket:
		| { readonly host: string; readonly port: number; readonly tls: boolean }
		| { readonly path: string; readonly tls: false };
}

const PORT = 6379;

/**
 * Reads `redis://USER@HOST:PORT/DATABASE`, `rediss://` of the same kind for TLS, or `unix:/PATH?db=DATABASE`.
 *
 * @throws {BackendError} where the database is no number
 */
export function endpoint(url: string): Endpoint {
	const { protocol, hostname, port, username, pathname, searchParams } = new URL(url);
	const isPath = protocol === "unix:";
	const database = (isPath ? searchParams.get("db") : pathname.slice(1)) || "0";
	if (!/^\d+$/.test(database)) {
		throw new BackendError(
			"unavailable",
			`store_options.url: ${JSON.stringify(database)} is no database of Redis`,
			"They are numbers, as in: redis://db.example.com/0",
		);
	}
	return {
		username: username === "" ? undefined : decodeURIComponent(username),
		database: Number(database),
		socket: isPath
			? { path: decodeURIComponent(pathname), tls: false }
			: {
					host: hostname.replace(/^\[|\]$/g, ""),
					port: port === "" ? PORT : Number(port),
					tls: protocol === "rediss:",
				},
	};
}
