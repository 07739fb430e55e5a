import { constants } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { IncomingMessage, ServerOptions, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { createSecureContext } from "node:tls";
import type { ServeInput } from "../config/input.js";
import { TroclaError } from "../errors.js";
import { shellWord } from "../input.js";

export type HttpsInput = NonNullable<ServeInput["https"]>;

/** Those of TLS 1.3, and of TLS 1.2 those with forward secrecy (ECDHE) and authenticated encryption. */
const CIPHERS = [
	"TLS_AES_256_GCM_SHA384",
	"TLS_CHACHA20_POLY1305_SHA256",
	"TLS_AES_128_GCM_SHA256",
	...["AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256"].flatMap((cipher) => [
		`ECDHE-ECDSA-${cipher}`,
		`ECDHE-RSA-${cipher}`,
	]),
].join(":");

const HANDSHAKE_MS = 10_000;

/**
 * The files that HTTPS needs, read.
 *
 * @throws {TroclaError} `config` where one can't be read, or is not what it should be
 */
export function readTls({ certificate, key, ca, crl }: HttpsInput): SecureContextOptions {
	refuseShown(key);
	const options: SecureContextOptions = {
		cert: read("certificate", certificate),
		key: read("key", key),
		...(ca !== undefined && { ca: read("ca", ca) }),
		...(crl !== undefined && { crl: read("crl", crl) }),
		minVersion: "TLSv1.2",
		ciphers: CIPHERS,
		honorCipherOrder: true,
		// A session that is resumed keeps what was found out of its certificate, also when that is revoked.
		secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
	};
	try {
		createSecureContext(options);
	} catch (error) {
		throw new TroclaError(
			"config",
			`serve.https: OpenSSL does not take these files: ${(error as Error).message}`,
			"certificate, key, ca and crl are PEM files, and the key is the certificate's",
		);
	}
	return options;
}

/** A server of HTTPS. A client may send a certificate; whether that is valid is looked at when it asks for something. */
export function httpsServer(
	tls: SecureContextOptions,
	options: ServerOptions,
	answer: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
	const more: TlsOptions = {
		requestCert: tls.ca !== undefined,
		rejectUnauthorized: false,
		handshakeTimeout: HANDSHAKE_MS,
		ALPNProtocols: ["http/1.1"],
	};
	return createServer({ ...tls, ...more, ...options }, answer);
}

function read(name: string, path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		throw new TroclaError("config", `serve.https.${name}: ${(error as Error).message}`, "Name another file there");
	}
}

function refuseShown(key: string): void {
	const mode = statSync(key, { throwIfNoEntry: false })?.mode ?? 0;
	if ((mode & 0o007) === 0) return;
	throw new TroclaError("config", `serve.https.key: others can read ${key}`, `Run: chmod o-rwx ${shellWord(key)}`);
}
