import type { BackendFault } from "../backend.js";
import { connectionError } from "../server/connection-error.js";
import { fateOf, ServerError, type StatementFate } from "../server/server-error.js";

/** What the library says, which has no code, of a connection that broke or was not made in time. */
const BROKEN = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;
const TIME_IS_OVER =
	/^(Query read timeout|timeout exceeded when trying to connect|Connection terminated due to connection timeout)/;

/**
 * What PostgreSQL, or the way to it, refused.
 *
 * @param error - its codes are those of Appendix A of PostgreSQL's manual, or Node's
 * @param server - its URL, without who uses it
 */
export function postgresError(error: unknown, server: string): ServerError {
	if (error instanceof ServerError) return error;
	const { code = "", message } = error as NodeJS.ErrnoException;
	const made = (fate: StatementFate, fault: BackendFault, what: string, hint: string) =>
		new ServerError(fate, fault, `${server}: ${what}`, hint);
	if (TIME_IS_OVER.test(message)) {
		const hint =
			"Check that the server is well and not overloaded, and what is in between; store_options.seconds is how long trocla waits";
		return made("lost", "unavailable", "no answer in time", hint);
	}
	if (BROKEN.test(message)) return made("lost", "unavailable", "the connection was lost", "Check that the server runs");
	const known = explain(code, message);
	if (known) return made(...known);
	const { message: what, hint } = connectionError(error, server);
	return new ServerError(fateOf(error), "unavailable", what, hint);
}

type Explained = [fate: StatementFate, fault: BackendFault, what: string, hint: string];

function explain(code: string, message: string): Explained | undefined {
	switch (code) {
		case "28P01":
		case "28000":
			return [
				"failed",
				"unavailable",
				`not let in: ${message}`,
				"Check the user in store_options.url, its password, and the server's pg_hba.conf",
			];
		case "3D000":
			return [
				"failed",
				"unavailable",
				message,
				"Create it as an administrator: CREATE DATABASE trocla OWNER trocla ENCODING 'UTF8' TEMPLATE template0",
			];
		case "42501":
			return [
				"failed",
				"unavailable",
				`not allowed: ${message}`,
				"The user needs SELECT, INSERT, UPDATE and DELETE on the table, and CREATE on the schema to make it",
			];
		case "42P01":
			return [
				"failed",
				"unavailable",
				`the table is gone: ${message}`,
				"Restore it from a backup; or open the store again, to begin with an empty one",
			];
		case "25006":
			return [
				"failed",
				"full",
				`it can only be read: ${message}`,
				"Name the primary server in store_options.url, not a replica",
			];
		case "53100":
			return [
				"failed",
				"full",
				`no space left on its disk: ${message}`,
				"This change was not stored. Make room there and run it again",
			];
		case "55P03":
		case "57014":
			return [
				"failed",
				"busy",
				"others kept the row or the table locked",
				"Nothing was changed. See in pg_stat_activity who, then run it again",
			];
		case "53300":
			return [
				"unsent",
				"busy",
				message,
				"Let it take more connections (max_connections), or lower store_options.connections",
			];
		case "42P07":
		case "42710":
			// Two that make a table at once: IF NOT EXISTS keeps neither from finding the other's half-made.
			return ["undone", "busy", `another one is making the same: ${message}`, "Nothing was changed. Run it again"];
		case "40001":
		case "40P01":
			return [
				"undone",
				"busy",
				`another change was in the way, again and again: ${message}`,
				"Nothing was changed. Run it again",
			];
		case "23514":
			return [
				"refused",
				"refused",
				`it does not take this record: ${message}`,
				"If the store was sealed just now, run it again",
			];
	}
	if (code === "57P03") return ["unsent", "unavailable", message, "Check that the server runs"]; // it is not ready yet
	// A server that ends.
	if (/^(57P0|08)/.test(code)) return ["lost", "unavailable", message, "Check that the server runs"];
	if (/^(22|23|54)/.test(code))
		return ["refused", "unavailable", `it does not take this record: ${message}`, "Nothing was changed"];
	if (/^[0-9A-Z]{5}$/.test(code))
		return ["failed", "unavailable", message, "Nothing was changed. See the server's log"];
	if (message.startsWith("The server does not support SSL")) {
		return [
			"failed",
			"unavailable",
			"the server has no TLS",
			"Set it up there (ssl = on); or, where nobody else is on the network in between, write tls: false into store_options",
		];
	}
	if (message.startsWith("SASL:") || message.includes("password must be a string")) {
		return [
			"failed",
			"unavailable",
			"the server asks for a password",
			"Name where it is with store_options.password_file, or another one of its kind",
		];
	}
	return undefined;
}
