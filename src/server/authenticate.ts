import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { unauthenticated } from "./api-error.js";
import { certname } from "./certname.js";
import { peerUid } from "./peer.js";
import type { Subject } from "./subject.js";
import { TOKEN_COOKIE, type Tokens } from "./tokens.js";

/**
 * Who sends a request: by the socket that it comes through, its certificate, or its token, which `Authorization: Bearer`
 * has, or troclapi's `X-Token`, or the cookie of a login.
 *
 * @throws {ApiError} `unauthenticated` for a certificate or a token that is not valid
 */
export function authenticate({ socket, headers }: IncomingMessage, tokens: Tokens): Subject {
	const name = socket instanceof TLSSocket ? certname(socket) : undefined;
	const token = tokenOf(headers);
	if (token !== undefined) {
		const owner = tokens.nameOf(token);
		if (owner === undefined) throw unauthenticated("the token is not known");
		return { kind: "token", name: owner };
	}
	if (name !== undefined) return { kind: "certificate", name };
	if (socket instanceof TLSSocket) return { kind: "anyone", address: socket.remoteAddress ?? "unknown" };
	return { kind: "socket", uid: peerUid(socket) };
}

/** @throws {ApiError} */
function tokenOf(headers: IncomingMessage["headers"]): string | undefined {
	const { authorization, "x-token": token, cookie = "" } = headers;
	if (authorization !== undefined) {
		const [, bearer] = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
		if (bearer === undefined) throw unauthenticated("the header Authorization has no bearer token");
		return bearer;
	}
	if (token !== undefined) return Array.isArray(token) ? token[0] : token;
	return cookie
		.split(/; */)
		.find((pair) => pair.startsWith(`${TOKEN_COOKIE}=`))
		?.slice(TOKEN_COOKIE.length + 1);
}
