import * as v from "valibot";
import { cryptSalt } from "./crypt3.js";
import { wholeNumber } from "./schema.js";

/** What crypt(5) gives to sha256crypt and sha512crypt: the number of rounds, and what it is when it is not written out. */
export const DEFAULT_ROUNDS = 5000;

export const MIN_ROUNDS = 1000;
export const MAX_ROUNDS = 999_999_999;
export const SALT_LENGTH = 16;

export const shaCryptOptions = v.strictObject({
	rounds: v.optional(wholeNumber(MIN_ROUNDS, MAX_ROUNDS), DEFAULT_ROUNDS),
});

/** crypt_gensalt(3)'s count: 0 leaves `rounds=` out of the hash, as mkpasswd(1) and passwd(1) do. */
export const roundsCost = (rounds: number) => (rounds === DEFAULT_ROUNDS ? 0 : rounds);

/** A new setting for the portable code, as crypt_gensalt(3) makes it: `$6$[rounds=N$]salt`. */
export const shaCryptSetting = (prefix: "$5$" | "$6$", cost: number) =>
	`${prefix}${cost ? `rounds=${cost}$` : ""}${cryptSalt(SALT_LENGTH)}`;
