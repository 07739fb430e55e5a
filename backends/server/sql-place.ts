import { isIP } from "node:net";
import { userInfo } from "node:os";
import { BackendError } from "../backend.js";
import type { OptionsOf, sqlOptions } from "../options.js";
import { serverName } from "./server-name.js";
import { readTlsFiles, type TlsTexts } from "./tls-files.js";

export type SqlOptions = OptionsOf<typeof sqlOptions>;

/** A table's name where none is configured: Keyv's own. */
export const DEFAULT_TABLE = "keyv";

export const DEFAULT_CONNECTIONS = 10;

/** Where a database is, who asks it, and how. */
export interface SqlPlace {
	readonly host: string;
	readonly port: number;
	readonly socket: string | undefined;
	readonly user: string;
	readonly password: string | undefined;
	readonly database: string;
	readonly tls: TlsTexts | undefined;
	/** Its URL, without who uses it. */
	readonly server: string;
}

/**
 * @param defaultPort - of this kind of database
 * @throws {BackendError} where the options don't say which database, contradict each other, or name files of no use
 */
export async function sqlPlace(options: SqlOptions, defaultPort: number): Promise<SqlPlace> {
	const { url = "", socket, password } = options;
	const { protocol, hostname, port, username, pathname } = new URL(url);
	const database = decoded(pathname.slice(1));
	if (database === "" || database.includes("/")) {
		throw refused("names no database", `As in: ${protocol}//trocla@db.example.com/trocla`);
	}
	const host = hostname.replace(/^\[(.*)\]$/, "$1") || "localhost";
	return {
		host,
		port: Number(port) || defaultPort,
		socket,
		user: decoded(username) || userInfo().username,
		password,
		database,
		tls: await tlsOf(options, socket !== undefined, isLoopback(host)),
		server: serverName([url]),
	};
}

async function tlsOf(options: SqlOptions, isSocket: boolean, isLoopback: boolean): Promise<TlsTexts | undefined> {
	const { ca, certificate, key } = options;
	const named = [ca, certificate, key].some((file) => file !== undefined);
	if (named && (options.tls === false || isSocket)) {
		throw new BackendError(
			"unavailable",
			`store_options names files for TLS, and ${isSocket ? "a socket, which has no TLS" : "tls: false"}`,
			"Take one of them out",
		);
	}
	if (isSocket || !(options.tls ?? (named || !isLoopback))) return undefined;
	return await readTlsFiles({ ca, certificate, key });
}

const isLoopback = (host: string) =>
	host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

function decoded(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		throw refused("has a % that is not of %XX", "Write % as %25");
	}
}

function refused(what: string, hint: string): BackendError {
	return new BackendError("unavailable", `store_options.url ${what}`, hint);
}
