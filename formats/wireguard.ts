import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import * as v from "valibot";
import { type Format, FormatError } from "./format.js";

// The names that stand before the keys: ours, and those under which the Ruby trocla stores them.
const PRIVATE_LINE = /^(?:wg_)?priv: *(["']?)(?<key>[A-Za-z0-9+/]{43}=)\1\r?$/m;
const PUBLIC_LINE = /^(?:wg_)?pub: *(["']?)(?<key>[A-Za-z0-9+/]{43}=)\1\r?$/m;

// RFC 8410: what stands before the 32 bytes of an X25519 key in PKCS #8.
const PKCS8_X25519 = Buffer.from("302e020100300506032b656e04220420", "hex");
const KEY_BYTES = 32;

/**
 * A key pair of WireGuard, of two lines: `pub: ` and `priv: `, each with the base64 of 32 bytes as wg(8) has it.
 *
 * These are what the Ruby trocla prints; the lines `wg_priv: ` and `wg_pub: ` that it stores are understood too. A
 * private key that was made elsewhere is taken in as it is, alone or in such lines.
 */
export const wireguard: Format = {
	options: v.strictObject({}),

	async derive(plain) {
		const given = plain.trim();
		const privateKey = PRIVATE_LINE.exec(given)?.groups?.key ?? given;
		const value = pair(privateKey);
		const publicKey = PUBLIC_LINE.exec(given)?.groups?.key;
		if (publicKey !== undefined && publicKey !== publicKeyOf(value)) {
			throw new FormatError(
				"does not take a public key that is not the private key's",
				"Give the private key alone: the public one is computed from it",
			);
		}
		return value;
	},

	async generate() {
		const secret = randomBytes(KEY_BYTES);
		// RFC 7748, section 5, as `wg genkey` does: X25519 reads any key as if these bits were set so.
		secret[0] = (secret[0] ?? 0) & 248;
		secret[31] = ((secret[31] ?? 0) & 127) | 64;
		return pair(secret.toString("base64"));
	},

	render: {
		pubonly: publicKeyOf,
		privonly: (value) => find(PRIVATE_LINE, value),
	},
};

function pair(privateKey: string): string {
	const secret = Buffer.from(privateKey, "base64");
	if (secret.length !== KEY_BYTES || secret.toString("base64") !== privateKey) {
		throw new FormatError(
			`takes a private key, the base64 of ${KEY_BYTES} bytes, and this is not one`,
			"Give what `wg genkey` prints, or `wg show INTERFACE private-key`",
		);
	}
	const key = createPrivateKey({ key: Buffer.concat([PKCS8_X25519, secret]), format: "der", type: "pkcs8" });
	const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-KEY_BYTES);
	return `pub: ${publicKey.toString("base64")}\npriv: ${privateKey}`;
}

function publicKeyOf(value: string): string {
	return find(PUBLIC_LINE, value);
}

function find(line: RegExp, value: string): string {
	const key = line.exec(value)?.groups?.key;
	if (key !== undefined) return key;
	throw new FormatError("has no key pair in this value", "It must have the lines `pub: KEY` and `priv: KEY`");
}
