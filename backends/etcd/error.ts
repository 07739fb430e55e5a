import { BackendError, type BackendFault } from "../backend.js";
import type { HttpAnswer } from "../server/http.js";

/** gRPC's codes: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** An error that etcd answered. */
export class EtcdError extends Error {
	override name = "EtcdError";
	readonly code: number;

	constructor(code: number, message: string) {
		super(message);
		this.code = code;
	}

	/** Whether it may be done all the same, or be possible in a moment: no leader, or one that changes. */
	get isPassing(): boolean {
		return this.code === UNAVAILABLE || this.code === DEADLINE_EXCEEDED;
	}

	/** Whether nothing was done, since a new token is needed. */
	get wantsToken(): boolean {
		return this.code === UNAUTHENTICATED || /revision of auth store is old/.test(this.message);
	}

	get isTooLarge(): boolean {
		return /request is too large|message larger than max/.test(this.message);
	}
}

/**
 * The error in an answer of etcd's gateway.
 *
 * @throws {BackendError} where it is not etcd's
 */
export function errorIn({ status, body }: HttpAnswer, server: string): EtcdError {
	const { code, message, error } = (body ?? {}) as { code?: unknown; message?: unknown; error?: unknown };
	const text = message ?? error;
	if (typeof code === "number" && typeof text === "string") return new EtcdError(code, text);
	throw new BackendError(
		"unavailable",
		`${server} answers with status ${status}, and not as etcd does`,
		"Check that store_options.url is that of etcd 3.4 or newer, and that its gateway is on: --enable-grpc-gateway",
	);
}

/** What an error of etcd's means for who configured the store. */
export function explain({ message }: EtcdError, server: string): BackendError {
	const known = KNOWN.find(([pattern]) => pattern.test(message));
	if (!known) return new BackendError("unavailable", `${server}: ${message}`, "Look into the server's log");
	const [, fault, words, hint] = known;
	return new BackendError(fault, `${server}: ${words}`, hint);
}

const KNOWN: readonly (readonly [pattern: RegExp, fault: BackendFault, words: string, hint: string])[] = [
	[
		/authentication failed|user name is empty|invalid auth token/,
		"unavailable",
		"the server does not take this user and password",
		"Check the user in store_options.url and the password, and on the server: etcdctl user get NAME",
	],
	[
		/authentication is not enabled/,
		"unavailable",
		"the server has no users, but store_options names a password",
		"Take the password out, or on the server: etcdctl auth enable",
	],
	[
		/permission denied/,
		"full",
		"the user may not do what trocla needs",
		"On the server: etcdctl role grant-permission ROLE readwrite --prefix=true trocla:",
	],
	[
		/database space exceeded/,
		"full",
		"the server has used all the space that it may use (--quota-backend-bytes)",
		"On the server: etcdctl compact, etcdctl defrag, and then etcdctl alarm disarm",
	],
	[
		/no leader|leader|request timed out|stopped/,
		"unavailable",
		"the cluster can't agree on anything: too few of its members are there",
		"Check the members: etcdctl endpoint status --cluster",
	],
	[
		/too many operations/,
		"unavailable",
		"the server takes fewer than 128 operations at once",
		"Start it with --max-txn-ops 128 or more",
	],
];
