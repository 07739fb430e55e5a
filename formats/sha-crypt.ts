import * as v from "valibot";
import { wholeNumber } from "./schema.js";

/** What crypt(5) gives to sha256crypt and sha512crypt: the number of rounds, and what it is when it is not written out. */
export const DEFAULT_ROUNDS = 5000;

export const shaCryptOptions = v.strictObject({
	rounds: v.optional(wholeNumber(1000, 999_999_999), DEFAULT_ROUNDS),
});

/** crypt_gensalt(3)'s count: 0 leaves `rounds=` out of the hash, as mkpasswd(1) and passwd(1) do. */
export const roundsCost = (rounds: number) => (rounds === DEFAULT_ROUNDS ? 0 : rounds);
