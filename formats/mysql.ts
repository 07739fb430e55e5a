import { createHash } from "node:crypto";
import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import { cryptSalt } from "./crypt3.js";
import type { Format } from "./format.js";
import { oneOf } from "./schema.js";

const options = v.strictObject({
	plugin: v.optional(oneOf(["mysql_native_password", "caching_sha2_password", "ed25519"]), "mysql_native_password"),
});

/**
 * What `CREATE USER ... IDENTIFIED WITH plugin AS`, or MariaDB's `IDENTIFIED VIA plugin USING`, takes.
 *
 * `mysql_native_password`: `*` and the upper-case hex of SHA1(SHA1(password)), 41 characters.
 * `caching_sha2_password` (MySQL 8 and newer): `$A$005$`, 20 characters of salt, and the 43 of SHA-crypt's SHA-256 in
 * 5000 rounds.
 * `ed25519` (MariaDB only): the base64, without its padding, of the Ed25519 public key whose secret is the
 * password, 43 characters.
 * All are the databases' own definitions: MySQL manual, "Authentication Plugins"; MariaDB knowledge base, the same.
 * Only the second has a salt, so equal passwords have equal values under the others.
 */
export const mysql: Format<typeof options> = {
	options,

	async derive(plain, { plugin }) {
		if (plugin === "caching_sha2_password") return await cachingSha2(plain, Buffer.from(cryptSalt(SALT_BYTES)), 5);
		return plugin === "ed25519" ? await ed25519(plain) : nativePassword(plain);
	},

	async verify(plain, value) {
		if (value.startsWith("*")) return equalInConstantTime(nativePassword(plain), value);
		const { thousands, salt } = CACHING_SHA2.exec(value)?.groups ?? {};
		if (thousands === undefined || salt === undefined) return equalInConstantTime(await ed25519(plain), value);
		return equalInConstantTime(
			await cachingSha2(plain, Buffer.from(salt, "latin1"), Number.parseInt(thousands, 16)),
			value,
		);
	},
};

const SALT_BYTES = 20;

// The rounds are in thousands, three digits in base 16. MySQL draws its own salts from all of ASCII but NUL and "$".
const CACHING_SHA2 = /^\$A\$(?<thousands>(?!000)[0-9A-F]{3})\$(?<salt>[^\0$\u0080-\uffff]{20})[./0-9A-Za-z]{43}$/;

async function cachingSha2(plain: string, salt: Buffer, thousands: number): Promise<string> {
	const { sha256CryptDigest } = await import("./sha256crypt-portable.js");
	const digest = await sha256CryptDigest(Buffer.from(plain), salt, thousands * 1000);
	return `$A$${thousands.toString(16).toUpperCase().padStart(3, "0")}$${salt.toString("latin1")}${digest}`;
}

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
