import * as v from "valibot";
import { cryptDerive, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";

const method = { prefixes: ["$1$"] } as const;

/**
 * The MD5 hash of old `/etc/shadow` files and network gear: `$1$salt$hash`, crypt(5) "md5crypt".
 *
 * Broken as protection; it is here for the devices that take nothing better. Needs libcrypt.
 */
export const md5crypt: Format = {
	options: v.strictObject({}),
	derive: (plain) => cryptDerive(method, plain, 0),
	verify: (plain, value) => cryptVerify(method, plain, value),
};
