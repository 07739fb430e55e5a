import { createHash, randomBytes } from "node:crypto";
import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import type { Format } from "./format.js";

const SHA1_BYTES = 20;
const SALT_BYTES = 8;

const digest = (plain: string, salt: Buffer) =>
	`{SSHA}${Buffer.concat([createHash("sha1").update(plain).update(salt).digest(), salt]).toString("base64")}`;

/**
 * LDAP's salted SHA-1: `{SSHA}` and the base64 of SHA1(password + salt) + salt, as slapd's `{SSHA}` scheme
 * (slappasswd(8)). The salt has 8 bytes; one of any length is verified.
 */
export const ssha: Format = {
	options: v.strictObject({}),

	async derive(plain) {
		return digest(plain, randomBytes(SALT_BYTES));
	},

	async verify(plain, value) {
		if (!value.startsWith("{SSHA}")) return false;
		const salt = Buffer.from(value.slice("{SSHA}".length), "base64").subarray(SHA1_BYTES);
		return equalInConstantTime(digest(plain, salt), value);
	},
};
