import { createHash } from "node:crypto";
import * as v from "valibot";
import { equalInConstantTime } from "./compare.js";
import type { Format } from "./format.js";

const digest = (plain: string) => `{SHA}${createHash("sha1").update(plain).digest("base64")}`;

/**
 * LDAP's unsalted SHA-1: `{SHA}` and the base64 of SHA1(password), as slapd's `{SHA}` scheme (slappasswd(8)).
 *
 * Equal passwords have equal hashes and a GPU tries billions a second; it is here for the servers that know
 * nothing better.
 */
export const sha1: Format = {
	options: v.strictObject({}),

	async derive(plain) {
		return digest(plain);
	},

	async verify(plain, value) {
		return equalInConstantTime(digest(plain), value);
	},
};
