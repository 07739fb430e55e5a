import { cryptDerive, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";
import { roundsCost, shaCryptOptions, shaCryptSetting } from "./sha-crypt.js";

export const sha512cryptMethod = {
	prefix: "$6$",
	// crypt(5), and the empty salt that crypt(3) takes besides.
	shape: /^\$6\$(rounds=[1-9][0-9]{0,8}\$)?[^$:\n]{0,16}\$[./0-9A-Za-z]{86}$/,
	portable: {
		gensalt: (cost: number) => shaCryptSetting("$6$", cost),
		async crypt(phrase: string, setting: string): Promise<string | undefined> {
			// It takes an empty salt, or one with an equals sign, for something else; nobody's crypt_gensalt makes such.
			if (!/^\$6\$(rounds=\d+\$)?[./0-9A-Za-z]+(\$|$)/.test(setting)) return undefined;
			// It reads one byte of each character, so a text beyond ASCII goes in as the bytes of its UTF-8.
			return (await import("sha512crypt-node")).sha512crypt(Buffer.from(phrase).toString("latin1"), setting);
		},
	},
} as const;

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
