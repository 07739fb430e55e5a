/** Values as YAML or a caller gives them, before they are checked. */

/** Whether this is a map of names to values, and not a list, a date, a set, or bytes. */
export function isMap(value: unknown): value is { readonly [name: string]: unknown } {
	if (typeof value !== "object" || value === null) return false;
	const prototype: unknown = Object.getPrototypeOf(value);
	// Another realm's Object (a test's, a vm's) is as good as this one's.
	return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A value as it stands in a message: on one line, and short. */
export function quoteValue(value: unknown): string {
	const text = json(value);
	return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function json(value: unknown): string {
	// JSON has no such numbers, and writes null.
	if (typeof value === "number") return String(value);
	try {
		return JSON.stringify(value) ?? (value === undefined ? "undefined" : `a ${typeof value}`);
	} catch {
		// A bigint, or a map that holds itself.
		return typeof value === "bigint" ? String(value) : "a value that JSON can't hold";
	}
}

/** Whether this is a map of nothing. */
export const isEmpty = (value: unknown) => isMap(value) && Object.keys(value).length === 0;
