import { cryptDerive, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";
import { roundsCost, shaCryptMethod, shaCryptOptions } from "./sha-crypt.js";

export const sha512cryptMethod = shaCryptMethod({ prefix: "$6$", algorithm: "sha512" });

/**
 * `/etc/shadow`'s SHA-512: `$6$[rounds=N$]salt$hash` with 16 characters of salt, crypt(5) "sha512crypt".
 *
 * `rounds` is 1000 to 999999999, 5000 unless told.
 */
export const sha512crypt: Format<typeof shaCryptOptions> = {
	options: shaCryptOptions,
	derive: (plain, { rounds }) => cryptDerive(sha512cryptMethod, plain, roundsCost(rounds)),
	verify: (plain, value) => cryptVerify(sha512cryptMethod, plain, value),
};
