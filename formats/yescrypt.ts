import * as v from "valibot";
import { cryptDerive, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";
import { wholeNumber } from "./schema.js";

const options = v.strictObject({
	cost: v.optional(wholeNumber(1, 11), 5),
});

export const yescryptMethod = {
	prefix: "$y$",
	shape: /^\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{0,86}\$[./A-Za-z0-9]{43}$/,
} as const;

/**
 * The default of today's `/etc/shadow`: `$y$parameters$salt$hash`, crypt(5) "yescrypt".
 *
 * `cost` is 1 to 11, 5 unless told; each step doubles time and memory (5 takes 16 MiB). Needs libcrypt.
 */
export const yescrypt: Format<typeof options> = {
	options,
	derive: (plain, { cost }) => cryptDerive(yescryptMethod, plain, cost),
	verify: (plain, value) => cryptVerify(yescryptMethod, plain, value),
};
