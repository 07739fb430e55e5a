import type { Format } from "./format.js";
import { options } from "./x509/options.js";
import { certificateTexts, keyText, readCertificate, validityOf } from "./x509/value.js";

/**
 * A private key and its certificate (RFC 5280), for TLS and for CAs.
 *
 * The value is PEM: the private key in PKCS#8, its certificate, and where a CA signed it that is no root, that CA's
 * certificate and those above it, without the root's. With the option `ca` another key of the store signs it, else it
 * signs itself. What is imported is a private key and certificates in PEM, see `importValue`.
 */
export const x509: Format<typeof options> = {
	options,
	onceOptions: ["serial"],

	async derive(plain) {
		return (await import("./x509/import.js")).importValue(plain);
	},

	async generate(options, keys) {
		return await (await import("./x509/issue.js")).issue(options, keys);
	},

	render: {
		keyonly: keyText,
		certonly: (value) => certificateTexts(value)[0],
		fullchain: (value) => certificateTexts(value).join(""),
		publickeyonly(value) {
			const { publicKey } = readCertificate(certificateTexts(value)[0]);
			return publicKey.export({ type: "spki", format: "pem" }).toString();
		},
	},

	lifetime: {
		async end(value) {
			try {
				return validityOf(readCertificate(certificateTexts(value)[0])).end;
			} catch {
				return undefined;
			}
		},

		async renew(value, options, keys) {
			return await (await import("./x509/issue.js")).reissue(value, options, keys);
		},
	},
};
