import type { TLSSocket } from "node:tls";
import { unauthenticated } from "./api-error.js";

const names = new WeakMap<TLSSocket, string>();

/**
 * The name (CN) of the client's certificate; `undefined` where it has sent none.
 *
 * @throws {ApiError} `unauthenticated` for a certificate that is not valid, or whose name is none
 */
export function certname(socket: TLSSocket): string | undefined {
	const known = names.get(socket);
	if (known !== undefined) return known;
	const certificate = socket.getPeerCertificate();
	if (Object.keys(certificate).length === 0) return undefined;
	if (!socket.authorized) throw unauthenticated(`the client's certificate is not valid: ${reason(socket)}`);
	const name: unknown = certificate.subject?.CN;
	// With a `/` it would reach into other hosts' keys; several names come as a list.
	if (typeof name !== "string" || !/^[^\p{Cc}/]{1,255}$/u.test(name)) {
		throw unauthenticated("the client's certificate has no name (CN) that can be used");
	}
	names.set(socket, name);
	return name;
}

/** OpenSSL's word for it, which Node gives in place of an error: `CERT_REVOKED`. */
const reason = ({ authorizationError }: TLSSocket) =>
	String((authorizationError as { code?: unknown } | undefined)?.code ?? authorizationError);
