import { encrypt } from "unixcrypt";
import { cryptDerive, cryptSalt, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";
import { roundsCost, shaCryptOptions } from "./sha-crypt.js";

const method = {
	prefixes: ["$5$"],
	portable: {
		gensalt: (rounds: number) => `$5$${rounds ? `rounds=${rounds}$` : ""}${cryptSalt(16)}`,
		crypt: (phrase: string, setting: string) => encrypt(phrase, setting),
	},
} as const;

/**
 * `/etc/shadow`'s SHA-256: `$5$[rounds=N$]salt$hash` with 16 characters of salt, crypt(5) "sha256crypt".
 *
 * `rounds` is 1000 to 999999999, 5000 unless told.
 */
export const sha256crypt: Format<typeof shaCryptOptions> = {
	options: shaCryptOptions,
	derive: (plain, { rounds }) => cryptDerive(method, plain, roundsCost(rounds)),
	verify: (plain, value) => cryptVerify(method, plain, value),
};
