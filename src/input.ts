import { shellQuote } from "../backends/shell-quote.js";
import type { FormatName, Formats } from "../formats/index.js";
import { TroclaError } from "./errors.js";

/** The longest key, in bytes of UTF-8: what every store takes with room to spare. */
export const MAX_KEY_BYTES = 512;
/** The longest password, in bytes of UTF-8. */
export const MAX_PASSWORD_BYTES = 1024 * 1024;

/** @throws {TroclaError} `invalid` where this can't be a key */
export function checkKey(key: unknown): asserts key is string {
	const refuse = (why: string) =>
		new TroclaError(
			"invalid",
			`a key ${why}`,
			`A key is 1 to ${MAX_KEY_BYTES} bytes of text without control characters`,
		);
	if (typeof key !== "string") throw refuse(`must be a text, not ${typeof key}`);
	if (key === "") throw refuse("must not be empty");
	const bytes = Buffer.byteLength(key);
	if (bytes > MAX_KEY_BYTES) throw refuse(`of ${bytes} bytes is too long`);
	if (!key.isWellFormed()) throw refuse("must be well-formed Unicode");
	if (hasControlCharacter(key)) throw refuse("must not have a newline, a NUL or another control character");
}

/** Whether a text has one of Unicode's control characters; to compile `/\p{Cc}/u` takes 0.1 ms, and every run would. */
function hasControlCharacter(text: string): boolean {
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code <= 0x1f || (code >= 0x7f && code <= 0x9f)) return true;
	}
	return false;
}

/** @throws {TroclaError} `invalid` where there is no such format; the hint names the nearest */
export async function checkFormat(format: unknown, formats: Formats): Promise<FormatName> {
	if (typeof format === "string" && formats.has(format)) return format;
	const { didYouMean } = await import("./nearest.js");
	const { quoteValue } = await import("./value.js");
	const name = typeof format === "string" ? format : "";
	throw new TroclaError("invalid", `unknown format ${quoteValue(format)}`, didYouMean(name, formats.names));
}

/** @throws {TroclaError} `invalid` where this can't be a password */
export function checkPassword(password: unknown): asserts password is string {
	const refuse = (why: string, hint?: string) => new TroclaError("invalid", `the password ${why}`, hint);
	if (typeof password !== "string") throw refuse(`must be a text, not ${typeof password}`);
	if (password === "") throw refuse("is empty", "Nothing was stored: type one, or pipe one in");
	const bytes = Buffer.byteLength(password);
	if (bytes > MAX_PASSWORD_BYTES) throw refuse(`has ${bytes} bytes`, `At most ${MAX_PASSWORD_BYTES} are stored`);
	if (!password.isWellFormed()) throw refuse("is not well-formed Unicode", "It must be UTF-8");
}

/**
 * A key as a POSIX shell and trocla take it literally, for the commands in hints. Behind it no flags may stand: a key
 * that begins with `-` comes with the `--` that puts an end to them.
 */
export function shellWord(word: string): string {
	const quoted = shellQuote(word);
	return word.startsWith("-") ? `-- ${quoted}` : quoted;
}
