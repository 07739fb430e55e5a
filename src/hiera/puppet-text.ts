import { floatText } from "./ruby-text.js";
import { isArray, isHash, RubySymbol, Sensitive, type Value } from "./value.js";

/** A value as `String.new(value)` writes it in Puppet's language: `['a', 1]`, `{'x' => undef}`; a text is itself. */
export function puppetText(value: Value): string {
	if (value === null) return "";
	if (typeof value === "number") return fixed(value);
	return typeof value === "string" ? value : literal(value);
}

function literal(value: Value): string {
	if (value === null) return "undef";
	if (typeof value === "string") return quoted(value);
	if (typeof value === "number") return floatText(value);
	if (isArray(value)) return `[${value.map(literal).join(", ")}]`;
	if (isHash(value))
		return `{${[...value].map(([key, member]) => `${literal(key)} => ${literal(member)}`).join(", ")}}`;
	if (value instanceof Sensitive) return "Sensitive [value redacted]";
	return value instanceof RubySymbol ? value.name : String(value);
}

/** Six digits behind the point, as C's `%f`; Puppet writes a float by itself so, and one in a list as it is. */
function fixed(value: number): string {
	if (!Number.isFinite(value)) return String(value).replace("Infinity", "Inf");
	return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

/** In single quotes, in which a backslash before any character stays; control characters need double quotes. */
function quoted(text: string): string {
	if (!/[\p{Cc}]/u.test(text)) return `'${text.replace(/\\[\s\S]|'/gu, (found) => (found === "'" ? "\\'" : found))}'`;
	const escapes: { readonly [character: string]: string } = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };
	const escaped = text.replace(/["\\$\p{Cc}]/gu, (character) => {
		if (character === '"' || character === "\\" || character === "$") return `\\${character}`;
		return escapes[character] ?? `\\u{${character.charCodeAt(0).toString(16).toUpperCase()}}`;
	});
	return `"${escaped}"`;
}
