import { createHash } from "node:crypto";
import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import type { Format } from "./format.js";
import { oneOf } from "./schema.js";

const options = v.strictObject({
	plugin: v.optional(oneOf(["mysql_native_password", "ed25519"]), "mysql_native_password"),
});

/**
 * What `IDENTIFIED BY PASSWORD`, or `IDENTIFIED VIA ed25519 USING`, takes in MySQL and MariaDB.
 *
 * `mysql_native_password`: `*` and the upper-case hex of SHA1(SHA1(password)), 41 characters.
 * `ed25519` (MariaDB only): the base64, without its padding, of the Ed25519 public key whose secret is the
 * password, 43 characters. Neither has a salt, so equal passwords have equal values; both are the databases' own
 * definitions, see "Authentication Plugin" in the MariaDB knowledge base.
 */
export const mysql: Format<typeof options> = {
	options,

	async derive(plain, { plugin }) {
		return plugin === "ed25519" ? await ed25519(plain) : nativePassword(plain);
	},

	async verify(plain, value) {
		return equalInConstantTime(value.startsWith("*") ? nativePassword(plain) : await ed25519(plain), value);
	},
};

function nativePassword(plain: string): string {
	const once = createHash("sha1").update(plain).digest();
	return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
}

/** RFC 8032, section 5.1.5, with a secret of any length, which node:crypto's 32-byte keys can't express. */
async function ed25519(plain: string): Promise<string> {
	const { ed25519: curve } = await import("@noble/curves/ed25519.js");
	const secret = createHash("sha512").update(plain).digest().subarray(0, 32);
	secret[0] = (secret[0] ?? 0) & 248;
	secret[31] = ((secret[31] ?? 0) & 127) | 64;
	const scalar = BigInt(`0x${Buffer.from(secret).reverse().toString("hex")}`) % curve.Point.Fn.ORDER;
	const publicKey = curve.Point.BASE.multiply(scalar).toBytes();
	return Buffer.from(publicKey).toString("base64").replace(/=+$/, "");
}
