import { BackendError } from "../backend.js";

/** A server that did not answer in time; whether it did what it was asked is not known. */
export class NoAnswer extends Error {
	override name = "NoAnswer";

	constructor(seconds: number) {
		super(`no answer in ${Number(seconds.toFixed(1))} seconds`);
	}
}

/** Node's codes of a connection that could not be made, or broke, and that may be made again a moment later. */
const LOST = new Set([
	"EAI_AGAIN",
	"ECONNABORTED",
	"ECONNREFUSED",
	"ECONNRESET",
	"EHOSTDOWN",
	"EHOSTUNREACH",
	"ENETDOWN",
	"ENETUNREACH",
	"ENOENT",
	"EPIPE",
	"ETIMEDOUT",
]);

/** Whether a server could not be reached, or was lost before it answered, so that it may be back in a moment. */
export function isConnectionLost(error: unknown): boolean {
	return error instanceof NoAnswer || LOST.has(codeOf(error));
}

/** Those of a connection that could not be made; Linux ends one that was made with some of them too. */
const NOT_CONNECTED = new Set([
	"EAI_AGAIN",
	"ECONNREFUSED",
	"EHOSTDOWN",
	"EHOSTUNREACH",
	"ENETUNREACH",
	"ENOENT",
	"ENOTFOUND",
]);

/** Whether there was no connection, so that nothing can have been done over it. */
export function isNotConnected(error: unknown): boolean {
	const { syscall } = Object(error) as { readonly syscall?: unknown };
	return NOT_CONNECTED.has(codeOf(error)) && syscall !== "read" && syscall !== "write";
}

/**
 * What an error of Node's sockets or of TLS means for who configured the store.
 *
 * @param server - the store's URL, without who uses it
 */
export function connectionError(error: unknown, server: string): BackendError {
	const { message, hint } = explain(error);
	return new BackendError("unavailable", `${server}: ${message}`, hint);
}

function explain(error: unknown): { readonly message: string; readonly hint: string } {
	const code = codeOf(error);
	const text = (error as Error).message || code;
	if (error instanceof NoAnswer)
		return { message: text, hint: "Check that the server is well, and what is in between" };
	switch (code) {
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return { message: "there is no such host", hint: "Check the host in store_options.url, and the name servers" };
		case "ECONNREFUSED":
		case "ENOENT":
			return { message: "nobody listens there", hint: "Check that the server runs, and store_options.url" };
		case "ERR_TLS_CERT_ALTNAME_INVALID":
			return {
				message: "the server's certificate is for another name",
				hint: "Use a name that is in the certificate in store_options.url, or give the server one for this name",
			};
		case "CERT_HAS_EXPIRED":
			return { message: "the server's certificate has expired", hint: "Renew it on the server" };
		case "DEPTH_ZERO_SELF_SIGNED_CERT":
		case "SELF_SIGNED_CERT_IN_CHAIN":
		case "UNABLE_TO_GET_ISSUER_CERT":
		case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
		case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
			return {
				message: "the server's certificate is signed by a CA that is not trusted here",
				hint: "Name the file of that CA's certificate with store_options.ca",
			};
	}
	if (/^(EPROTO|ERR_SSL|HPE_)/.test(code)) {
		return { message: `TLS failed: ${text}`, hint: "Check whether the port in store_options.url is one for TLS" };
	}
	return { message: text, hint: "Check that the server runs, and store_options.url" };
}

/** Of several addresses that were tried, Node's error has the code too. */
const codeOf = (error: unknown) => String((error as { code?: unknown } | undefined)?.code ?? "");
