import { TroclaError } from "../errors.js";
import { checkKey } from "../input.js";
import { didYouMean } from "../nearest.js";
import { isMap, quoteValue } from "../value.js";
import { type Check, complete, Entry, kindOf } from "./entry.js";

/** Formats of the store whose values /etc/shadow can have: those of crypt(3). */
const SHADOW_FORMATS = ["sha512crypt", "yescrypt", "bcrypt", "sha256crypt", "md5crypt"] as const;

/** A hash in the store. */
export interface StoredPassword {
	readonly key: string;
	readonly format: (typeof SHADOW_FORMATS)[number];
}

/** Where a user's hash comes from: the store, or the data; there `*` is one that no password has. */
export type Password = StoredPassword | { readonly hash: string };

export const NO_PASSWORD = "*";

/** Printable ASCII without what crypt(3) refuses in a setting. */
const SALT = String.raw`["#%-)+-9<-[\]-~]`;

/** Whole hashes as crypt(5) has them; DES and its kin are left out, which any word of 13 letters could be. */
const SHAPES = [
	/^\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{0,86}\$[./A-Za-z0-9]{43}$/,
	/^\$gy\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{0,86}\$[./A-Za-z0-9]{43}$/,
	/^\$7\$[./A-Za-z0-9]{11,97}\$[./A-Za-z0-9]{43}$/,
	/^\$2[abxy]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/,
	new RegExp(String.raw`^\$6\$(rounds=[1-9][0-9]{0,8}\$)?${SALT}{0,16}\$[./A-Za-z0-9]{86}$`),
	new RegExp(String.raw`^\$5\$(rounds=[1-9][0-9]{0,8}\$)?${SALT}{0,16}\$[./A-Za-z0-9]{43}$`),
	new RegExp(String.raw`^\$1\$${SALT}{0,8}\$[./A-Za-z0-9]{22}$`),
];

/** Whether this is a whole hash of crypt(5). */
export function isCryptHash(text: string): boolean {
	return SHAPES.some((shape) => shape.test(text));
}

/** The member `password` of a user; no fault shows what may be a password. */
export function password(user: string): Check<Password> {
	return (value, at) => {
		if (typeof value === "string") {
			if (value === NO_PASSWORD || isCryptHash(value)) return { hash: value };
			return at.fault("must be a whole hash of crypt(5), '*', or a map of key and format", hintFor(value));
		}
		if (!isMap(value)) return at.fault(`must be a map of key and format, a hash, or '*', not ${kindOf(value)}`);
		const entry = Entry.read(value, at, ["key", "format"]);
		return (
			entry &&
			complete<StoredPassword>({
				key: entry.optional("key", storeKey, `user_${user}`),
				format: entry.optional("format", shadowFormat, "sha512crypt"),
			})
		);
	};
}

function hintFor(value: string): string {
	if (value === "") return "An empty one would let anybody in: '*' lets nobody in with a password";
	if (value.startsWith("!")) return "Lock an account with ensure: locked, which puts the ! there";
	return "Put no plaintext into the data: {key: KEY, format: sha512crypt} takes the hash out of the store";
}

const storeKey: Check<string> = (value, at) => {
	try {
		checkKey(value);
		return value;
	} catch (error) {
		if (error instanceof TroclaError) return at.fault(`can't be one: ${error.message}`, error.hint);
		throw error;
	}
};

const shadowFormat: Check<StoredPassword["format"]> = (value, at) => {
	const format = SHADOW_FORMATS.find((known) => known === value);
	if (format !== undefined) return format;
	const hint = typeof value === "string" ? didYouMean(value, SHADOW_FORMATS) : `Known: ${SHADOW_FORMATS.join(", ")}`;
	return at.fault(`is no format that /etc/shadow takes: ${quoteValue(value)}`, hint);
};
