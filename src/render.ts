import type { FormatName, Formats } from "../formats/index.js";
import { explain } from "./derive.js";
import { TroclaError } from "./errors.js";
import { didYouMean } from "./nearest.js";
import { quoteValue } from "./value.js";

/**
 * How to take a part out of a key's value.
 *
 * @throws {TroclaError} `invalid` where the format has no such part
 */
export async function renderer(
	formats: Formats,
	{ key, name, part }: { key: string; name: FormatName; part: string },
): Promise<(value: string) => string | Promise<string>> {
	const { render = {} } = await formats.load(name);
	const take = Object.hasOwn(render, part) ? render[part] : undefined;
	if (!take) throw noPart(name, part, Object.keys(render));
	return async (value) => {
		try {
			return await take(value);
		} catch (error) {
			throw explain(error, key, name);
		}
	};
}

function noPart(name: string, part: string, parts: readonly string[]): TroclaError {
	return new TroclaError(
		"invalid",
		`${name} has no part ${quoteValue(part)} to render`,
		parts.length > 0 ? didYouMean(part, parts) : `${name} is always given whole: leave render out`,
	);
}
