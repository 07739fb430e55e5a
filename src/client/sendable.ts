import { TroclaError } from "../errors.js";
import type { Options } from "../records/record.js";
import { isMap, quoteValue } from "../value.js";

/** Deeper than any option is, and than a daemon reads in a batch; a YAML alias may make a map hold itself. */
const MAX_DEPTH = 28;

/**
 * Makes sure that options arrive at a daemon as they are.
 *
 * @param taken - names that mean something else there
 * @throws {TroclaError} `invalid` for what JSON has not
 */
export function checkSendable(options: Options, taken: readonly string[]): void {
	if (!isMap(options)) {
		throw new TroclaError("invalid", `options must be a map of names to values, not ${quoteValue(options)}`);
	}
	for (const [name, value] of Object.entries(options)) {
		if (taken.includes(name)) {
			const hint = "The daemon's interface has another use for that name";
			throw new TroclaError("invalid", `option ${quoteValue(name)} is not known`, hint);
		}
		if (isJson(value, 0)) continue;
		const hint = "Texts, finite numbers, true, false, lists and maps can be";
		throw new TroclaError("invalid", `option ${name} has a value that can't be sent to the daemon`, hint);
	}
}

function isJson(value: unknown, depth: number): boolean {
	if (depth > MAX_DEPTH) return false;
	if (typeof value === "number") return Number.isFinite(value);
	if (value === undefined || value === null || typeof value === "string" || typeof value === "boolean") return true;
	if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
	return isMap(value) && Object.values(value).every((item) => isJson(item, depth + 1));
}
