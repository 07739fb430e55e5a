import { cryptDerive, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";
import { roundsCost, shaCryptMethod, shaCryptOptions } from "./sha-crypt.js";

export const sha256cryptMethod = shaCryptMethod({ prefix: "$5$", algorithm: "sha256" });

/**
 * `/etc/shadow`'s SHA-256: `$5$[rounds=N$]salt$hash` with 16 characters of salt, crypt(5) "sha256crypt".
 *
 * `rounds` is 1000 to 999999999, 5000 unless told.
 */
export const sha256crypt: Format<typeof shaCryptOptions> = {
	options: shaCryptOptions,
	derive: (plain, { rounds }) => cryptDerive(sha256cryptMethod, plain, roundsCost(rounds)),
	verify: (plain, value) => cryptVerify(sha256cryptMethod, plain, value),
};
