import * as v from "valibot";
import { cryptDerive, cryptVerify } from "./crypt3.js";
import type { Format } from "./format.js";

export const md5cryptMethod = { prefix: "$1$", shape: /^\$1\$[^$:\n]{0,8}\$[./0-9A-Za-z]{22}$/ } as const;

/**
 * The MD5 hash of old `/etc/shadow` files and network gear: `$1$salt$hash`, crypt(5) "md5crypt".
 *
 * Broken as protection; it is here for the devices that take nothing better. Needs libcrypt.
 */
export const md5crypt: Format = {
	options: v.strictObject({}),
	derive: (plain) => cryptDerive(md5cryptMethod, plain, 0),
	verify: (plain, value) => cryptVerify(md5cryptMethod, plain, value),
};
