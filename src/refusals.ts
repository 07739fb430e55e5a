import { TroclaError } from "./errors.js";
import { shellWord } from "./input.js";
import type { KeyRecord } from "./records/record.js";

/** A key as it stands in a message. */
export const quote = (key: string) => JSON.stringify(key);

export function notFound(key: string, format: string | undefined): TroclaError {
	if (format === undefined) return new TroclaError("not_found", `${quote(key)} is not stored`);
	return new TroclaError(
		"not_found",
		`${quote(key)} has no ${format} stored`,
		`See what it has with: trocla show ${shellWord(key)}`,
	);
}

/** What a caller may not expect who sets a hash beside a plaintext. */
export function notOfThePlaintext(key: string, format: string): string {
	return `the ${format} of ${quote(key)} now is of another password than its stored plaintext`;
}

/** A new plaintext would silently part the hashes that are in use from the password that people know. */
export function noPlaintext(
	key: string,
	format: string,
	{ handedOut }: KeyRecord,
	hashes: readonly string[],
): TroclaError {
	const others = hashes.join(", ");
	return new TroclaError(
		"no_plaintext",
		handedOut === undefined
			? `${quote(key)} has ${others}, but no plaintext was ever stored that ${format} could come from`
			: `the plaintext of ${quote(key)} was handed out on ${handedOut.slice(0, 10)}`,
		`trocla reset ${shellWord(key)} plain makes a new password, which changes its ${others}`,
	);
}
