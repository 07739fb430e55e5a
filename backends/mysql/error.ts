import type { BackendFault } from "../backend.js";
import { connectionError } from "../server/connection-error.js";
import { fateOf, ServerError, type StatementFate } from "../server/server-error.js";

/** The number of a duplicate key's error. */
const DUPLICATE = 1062;

/** A row that was not written because there is one with its key. */
export class DuplicateKey extends ServerError {}

interface MysqlError extends NodeJS.ErrnoException {
	readonly sqlMessage?: string;
}

/**
 * What MySQL or MariaDB, or the way to it, refused.
 *
 * @param error - its numbers are those of the server error reference of both, its codes the library's, or Node's
 * @param server - its URL, without who uses it
 */
export function mysqlError(error: unknown, server: string): ServerError {
	if (error instanceof ServerError) return error;
	const { code = "", errno = 0, sqlMessage, message } = error as MysqlError;
	const known = errno > 0 ? answered(errno, sqlMessage ?? message) : broken(code);
	if (known) {
		const [fate, fault, what, hint] = known;
		const Kind = errno === DUPLICATE ? DuplicateKey : ServerError;
		return new Kind(fate, fault, `${server}: ${what}`, hint);
	}
	const cause = code === "HANDSHAKE_SSL_ERROR" ? tlsError(message) : error;
	const { message: what, hint } = connectionError(cause, server);
	return new ServerError(fateOf(cause), "unavailable", what, hint);
}

type Explained = [fate: StatementFate, fault: BackendFault, what: string, hint: string];

function broken(code: string): Explained | undefined {
	switch (code) {
		case "PROTOCOL_CONNECTION_LOST":
			return ["lost", "unavailable", "the connection was lost", "Check that the server runs"];
		case "ETIMEDOUT":
			return [
				"lost",
				"unavailable",
				"no answer in time",
				"Check that the server is well and not overloaded, and what is in between",
			];
		case "HANDSHAKE_NO_SSL_SUPPORT":
			return [
				"failed",
				"unavailable",
				"the server has no TLS",
				"Set it up there (ssl_cert, ssl_key); or, where nobody else is on the network in between, write tls: false into store_options",
			];
	}
	return undefined;
}

function answered(errno: number, message: string): Explained {
	switch (errno) {
		case 1044: // on a database
		case 1045: // wrong password
		case 1130: // not from this host
		case 1698: // not by this way
			return [
				"failed",
				"unavailable",
				`not let in: ${message}`,
				"Check the user in store_options.url, from which hosts it may come, its password, and its rights on the database",
			];
		case 1049:
			return [
				"failed",
				"unavailable",
				message,
				"Create it as an administrator: CREATE DATABASE trocla CHARACTER SET utf8mb4",
			];
		case 1142:
		case 1143:
		case 1227:
			return [
				"failed",
				"unavailable",
				`not allowed: ${message}`,
				"The user needs SELECT, INSERT, UPDATE and DELETE on the table, and CREATE on the database to make it",
			];
		case 1146:
			return [
				"failed",
				"unavailable",
				`the table is gone: ${message}`,
				"Restore it from a backup; or open the store again, to begin with an empty one",
			];
		case 1290: // --read-only
		case 1792: // a transaction that only reads
		case 1836:
			return [
				"failed",
				"full",
				`it can only be read: ${message}`,
				"Name the primary server in store_options.url, not a replica",
			];
		case 1021:
		case 1030:
		case 1114:
			return [
				"failed",
				"full",
				`no space left: ${message}`,
				"This change was not stored. Make room there and run it again",
			];
		case 1205:
		case 1317:
		case 1969:
		case 3024:
			return [
				"failed",
				"busy",
				"others kept the row or the table locked",
				"Nothing was changed. See who with SHOW FULL PROCESSLIST, then run it again",
			];
		case 1020: // changed since it was read, with innodb_snapshot_isolation
		case 1180: // a commit that a cluster refused
		case 1213:
			return [
				"undone",
				"busy",
				`another change was in the way, again and again: ${message}`,
				"Nothing was changed. Run it again",
			];
		case 1040:
		case 1203:
		case 1226:
			return [
				"unsent",
				"busy",
				message,
				"Let it take more connections (max_connections), or lower store_options.connections",
			];
		case 1047: // a node of a cluster that is not ready
		case 1053:
		case 1077:
		case 1079:
		case 1080:
		case 1927:
			return ["lost", "unavailable", message, "Check that the server runs"];
		case DUPLICATE:
		case 1153: // max_allowed_packet
		case 1366: // not a text of the character set
		case 1406: // too long
		case 3819: // CHECK, MySQL
		case 4025: // CHECK, MariaDB
			return ["refused", "unavailable", `it does not take this record: ${message}`, "Nothing was changed"];
	}
	return ["failed", "unavailable", message, "Nothing was changed. See the server's log"];
}

/** The library puts its own code in the place of Node's. */
function tlsError(message: string): NodeJS.ErrnoException {
	const code = message.includes("does not match certificate")
		? "ERR_TLS_CERT_ALTNAME_INVALID"
		: message.includes("has expired")
			? "CERT_HAS_EXPIRED"
			: /self-signed|unable to (get|verify)/.test(message)
				? "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
				: "EPROTO";
	return Object.assign(new Error(message), { code });
}
