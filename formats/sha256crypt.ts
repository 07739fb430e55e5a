import { cryptDerive, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";
import { roundsCost, shaCryptOptions, shaCryptSetting } from "./sha-crypt.js";

export const sha256cryptMethod = {
	prefix: "$5$",
	// crypt(5), and the empty salt that crypt(3) takes besides.
	shape: /^\$5\$(rounds=[1-9][0-9]{0,8}\$)?[^$:\n]{0,16}\$[./0-9A-Za-z]{43}$/,
	portable: {
		gensalt: (cost: number) => shaCryptSetting("$5$", cost),
		crypt: async (phrase: string, setting: string) =>
			(await import("./sha256crypt-portable.js")).portableSha256Crypt(phrase, setting),
	},
} as const;

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
