const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const digits = "0123456789";
const alphanumeric = lower + upper + digits;
const shellsafe = `${alphanumeric}+%/@=?_.,:`;

/** The named charsets, each character once; those of the Ruby trocla. */
export const charsets = {
	default: `${shellsafe}*()&![]{}-`,
	alphanumeric,
	shellsafe,
	windowssafe: `${alphanumeric}+%/@=?_.,`,
	consolesafe: `${alphanumeric}+.-,_`,
	typesafe: "abcdefghjkmnopqrstuvwxABCDEFGHJKMNOPQRSTUVWX123456789",
	numeric: digits,
	hexadecimal: `${digits}abcdef`,
} as const;

export type CharsetName = keyof typeof charsets;

export const charsetNames = Object.keys(charsets) as readonly CharsetName[];

/** The classes that `require` counts: ASCII letters and digits, and `symbol` for every other character. */
export const characterClasses = ["upper", "lower", "digit", "symbol"] as const;

export type CharacterClass = (typeof characterClasses)[number];
