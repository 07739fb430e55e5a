import { BackendError } from "../backend.js";
import { connectionError, isConnectionLost, isNotConnected } from "../server/connection-error.js";
import { damagedRow } from "../server/keyv-rows.js";

/** Servers that start, look for their primary, or move a key elsewhere: they will answer in a moment. */
const PASSING = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY) |^ERR max number of clients reached/;

/** What an error that the server answered begins with; the client's own errors begin with words. */
const REPLY = /^[A-Z]{2,} /;

/** Whether the server could not be reached, or was lost before it answered. */
export function isLost(error: unknown): boolean {
	if (error instanceof BackendError || error instanceof TypeError) return false;
	if (isConnectionLost(error)) return true;
	const { code, message } = error as { readonly code?: unknown; readonly message: string };
	return code === undefined && (PASSING.test(message) || !REPLY.test(message));
}

/** Whether the server can't have done what it was asked, but may do it in a moment. */
export function isUnsent(error: unknown): boolean {
	return isNotConnected(error) || (isLost(error) && PASSING.test((error as Error).message));
}

/**
 * What an error of the client's, or of the server's, means for who configured the store.
 *
 * @param server - the store's URL, without who uses it
 * @param key - what was asked for
 */
export function redisError(error: unknown, server: string, key?: string): BackendError {
	if (error instanceof BackendError) return error;
	const { message } = error as Error;
	if (!REPLY.test(message)) return connectionError(error, server);
	if (key !== undefined && /^WRONGTYPE /.test(message)) return damagedRow(key, server);
	const known = REPLIES.find(({ reply }) => reply.test(message));
	if (!known) return new BackendError("unavailable", `${server}: ${message}`, "Look into the server's log");
	return new BackendError(known.fault, `${server}: ${known.message}`, known.hint);
}

const REPLIES = [
	{
		reply: /^(WRONGPASS|NOAUTH|ERR AUTH|ERR Client sent AUTH)/,
		fault: "unavailable",
		message: "the server does not take this user and password",
		hint: "Check the user in store_options.url and the password, and on the server: ACL LIST",
	},
	{
		reply: /^NOPERM/,
		fault: "full",
		message: "the user may not do what trocla needs",
		hint: "On the server: ACL SETUSER NAME +get +mget +set +del +scan +eval +evalsha +info +config|get ~trocla::*",
	},
	{
		// The server's own words have what was sent in them, the password too.
		reply: /^ERR unknown/,
		fault: "unavailable",
		message: "the server does not know a command that trocla needs",
		hint: "It must be Redis 7, Valkey, or newer, with none of these renamed: GET, MGET, SCAN, EVAL, EVALSHA, INFO, CONFIG",
	},
	{
		reply: /^OOM/,
		fault: "full",
		message: "the server has used all the memory that it may use",
		hint: "Raise maxmemory on the server",
	},
	{
		reply: /^MISCONF/,
		fault: "full",
		message: "the server can't write to its disk, and so takes no changes",
		hint: "Look into the server's log, and for space on its disk",
	},
	{
		reply: /^NOREPLICAS/,
		fault: "full",
		message: "the server has fewer replicas than min-replicas-to-write, and so takes no changes",
		hint: "Check the replicas: INFO replication",
	},
	{
		reply: /^READONLY/,
		fault: "full",
		message: "the server is a replica, which takes no changes",
		hint: "Name the primary in store_options.url",
	},
	{
		reply: /^BUSY /,
		fault: "busy",
		message: "the server is busy with a script of somebody's",
		hint: "Wait for it, or end it with: SCRIPT KILL",
	},
] as const;
