import { sha512crypt as portableCrypt } from "sha512crypt-node";
import { cryptDerive, cryptSalt, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";
import { roundsCost, shaCryptOptions } from "./sha-crypt.js";

const method = {
	prefixes: ["$6$"],
	portable: {
		gensalt: (rounds: number) => `$6$${rounds ? `rounds=${rounds}$` : ""}${cryptSalt(16)}`,
		// It reads one byte from each character, so a text beyond ASCII goes in as the bytes of its UTF-8.
		crypt: (phrase: string, setting: string) => portableCrypt(Buffer.from(phrase).toString("latin1"), setting),
	},
} as const;

/**
 * `/etc/shadow`'s SHA-512: `$6$[rounds=N$]salt$hash` with 16 characters of salt, crypt(5) "sha512crypt".
 *
 * `rounds` is 1000 to 999999999, 5000 unless told.
 */
export const sha512crypt: Format<typeof shaCryptOptions> = {
	options: shaCryptOptions,
	derive: (plain, { rounds }) => cryptDerive(method, plain, roundsCost(rounds)),
	verify: (plain, value) => cryptVerify(method, plain, value),
};
