import { isDeepStrictEqual } from "node:util";
import { shellWord } from "./input.js";
import type { KeyRecord, Options, StoredFormat } from "./records/record.js";
import { quote } from "./refusals.js";

/** What a call asked for, of the plaintext, the format and the expiry. */
interface Asked {
	readonly askedRecipe: Options;
	readonly askedOwn?: Options;
	readonly expiresAsked?: number | undefined;
}

/** A warning where a key is stored with other options than were asked for, and stays so. */
export function storedOtherwise(
	key: string,
	format: string,
	record: KeyRecord,
	{ askedRecipe, askedOwn = {}, expiresAsked }: Asked,
): string | undefined {
	const recipe = otherOptions(record.formats.plain, askedRecipe);
	const others = [...recipe, ...(format === "plain" ? [] : otherOptions(record.formats[format], askedOwn))];
	const seconds = record.expires?.seconds ?? 0;
	if (expiresAsked !== undefined && expiresAsked !== seconds) {
		others.push(`expires ${seconds || "never"}, not ${expiresAsked || "never"}`);
	}
	if (others.length === 0) return undefined;
	const command = `trocla reset ${shellWord(key)} ${recipe.length > 0 ? "plain" : format}`;
	return `${quote(key)} is stored with ${others.join("; ")}. It stays as it is; ${command} with these options makes it anew`;
}

/** As `length 16, not 32`; nothing where it is not known how it was made. */
function otherOptions(stored: StoredFormat | undefined, asked: Options): string[] {
	const { options } = stored ?? {};
	if (!options) return [];
	return Object.entries(asked)
		.filter(([name, value]) => !isDeepStrictEqual(unordered(options[name]), unordered(value)))
		.map(([name, value]) => `${name} ${JSON.stringify(options[name]) ?? "unset"}, not ${JSON.stringify(value)}`);
}

/** All options that are lists (altnames, usages) are sets, which come in any order from a query of hosts. */
const unordered = (value: unknown) => (Array.isArray(value) ? value.map(String).sort() : value);
