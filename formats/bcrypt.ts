import * as v from "valibot";
import { cryptDerive, cryptVerify } from "./crypt3.js";
import { type Format, FormatError } from "./format.js";
import { wholeNumber } from "./schema.js";

const options = v.strictObject({
	cost: v.optional(wholeNumber(4, 31), 12),
});

const MAX_BYTES = 72;

export const bcryptMethod = {
	prefix: "$2b$",
	// crypt(5): `$2y$` and `$2a$` are older names under which other programs wrote the same hash.
	shape: /^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/,
	portable: {
		gensalt: async (cost: number) => (await import("bcryptjs")).genSalt(cost),
		crypt: async (phrase: string, setting: string) => (await import("bcryptjs")).hash(phrase, setting.slice(0, 29)),
	},
} as const;

/**
 * Blowfish crypt: `$2b$cost$salt+hash`, 60 characters, crypt(5) "bcrypt".
 *
 * `cost` is the base-2 logarithm of the rounds, 4 to 31, 12 unless told. bcrypt reads 72 bytes, so a longer
 * plaintext is refused instead of being cut.
 */
export const bcrypt: Format<typeof options> = {
	options,

	async derive(plain, { cost }) {
		const bytes = Buffer.byteLength(plain);
		if (bytes > MAX_BYTES) {
			throw new FormatError(
				`reads ${MAX_BYTES} bytes of password, and this one has ${bytes}: what follows would not count`,
				"Choose a shorter password, or another format: sha512crypt, yescrypt",
			);
		}
		return await cryptDerive(bcryptMethod, plain, cost);
	},

	async verify(plain, value) {
		return Buffer.byteLength(plain) <= MAX_BYTES && (await cryptVerify(bcryptMethod, plain, value));
	},
};
