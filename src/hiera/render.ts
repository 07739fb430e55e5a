import { psychScalar } from "./psych-scalar.js";
import { floatText, rubyText } from "./ruby-text.js";
import { type Hash, isArray, isHash, RubySymbol, Sensitive, type Value } from "./value.js";

export const RENDERINGS = ["s", "json", "yaml"] as const;
export type Rendering = (typeof RENDERINGS)[number];

/**
 * A value as `puppet lookup --render-as` prints it, without the newline that ends it: `s` is Ruby's text, `json` one line, `yaml`
 * a document in Psych's style. What is sensitive shows itself in none of them.
 */
export function render(value: Value, as: Rendering): string {
	if (as === "s") return rubyText(value);
	return as === "json" ? json(value) : yamlDocument(value);
}

const REDACTED = "Sensitive [value redacted]";

/** Not JavaScript's own, which would write 1.0 as 1, know no big integers, and sort keys that are numbers. */
function json(value: Value): string {
	if (typeof value === "number") return Number.isFinite(value) ? floatText(value) : "null";
	if (typeof value === "bigint") return String(value);
	if (isArray(value)) return `[${value.map(json).join(",")}]`;
	if (isHash(value)) {
		return `{${[...value].map(([key, member]) => `${JSON.stringify(rubyText(key))}:${json(member)}`).join(",")}}`;
	}
	if (value instanceof Sensitive) return JSON.stringify(REDACTED);
	return JSON.stringify(value instanceof RubySymbol ? value.name : value);
}

function yamlDocument(value: Value): string {
	const isBlock = (isArray(value) && value.length > 0) || (isHash(value) && value.size > 0);
	if (isBlock) return `---\n${block(value, "").join("\n")}`;
	return value === null ? "---" : `--- ${inline(value, "")}`;
}

/** The lines of a list or a map, the first without its indent. */
function block(value: readonly Value[] | Hash, indent: string): string[] {
	const items = isArray(value)
		? value.map((item) => `- ${nested(item, `${indent}  `, true)}`)
		: [...value].map(
				([key, member]) => `${keyText(key)}:${after(nested(member, isArray(member) ? indent : `${indent}  `, false))}`,
			);
	return items.map((item, index) => (index === 0 ? item : indent + item));
}

/** What stands behind a key: on its line, or below it. */
const after = (text: string) => (text === "" || text.startsWith("\n") ? text : ` ${text}`);

function nested(value: Value, indent: string, isItem: boolean): string {
	const isBlock = (isArray(value) && value.length > 0) || (isHash(value) && value.size > 0);
	if (!isBlock) return inline(value, indent);
	const lines = block(value, indent).join("\n");
	return isItem ? lines : `\n${indent}${lines}`;
}

function inline(value: Value, indent: string): string {
	if (value === null) return "";
	if (typeof value === "number") return number(value);
	if (typeof value === "string") return value.includes("\n") ? lines(value, indent) : quoted(value);
	if (isArray(value)) return "[]";
	if (isHash(value)) return "{}";
	if (value instanceof Sensitive) return quoted(REDACTED);
	return value instanceof RubySymbol ? `:${value.name}` : String(value);
}

function number(value: number): string {
	if (Number.isNaN(value)) return ".nan";
	return Number.isFinite(value) ? floatText(value) : `${value < 0 ? "-" : ""}.inf`;
}

/** A key on one line, whatever it is. */
function keyText(key: Value): string {
	if (key === null) return "~";
	// Ruby merges what stands under this name, in quotes too, unless it is said to be a text.
	if (key === "<<") return "!!str '<<'";
	return typeof key === "string" && key.includes("\n") ? JSON.stringify(key) : inline(key, "");
}

/** A text of several lines as a literal block, where it can be one. */
function lines(text: string, indent: string): string {
	const isLiteral = /^[^\s]/.test(text) && !/[^\n\P{Cc}]|[\u2028\u2029\ufeff]/u.test(text);
	if (!isLiteral) return JSON.stringify(text);
	const chomping = text.endsWith("\n\n") ? "+" : text.endsWith("\n") ? "" : "-";
	const body = text.replace(/\n$/, "").split("\n");
	return [`|${chomping}`, ...body.map((line) => (line === "" ? "" : `${indent || "  "}${line}`))].join("\n");
}

/** Plain where that is read as the same text, else in quotes. */
function quoted(text: string): string {
	const isPlain = /^[\p{L}_/.(][\p{L}\p{N}\p{M} _/.,'@+%=()$;~-]*(?:[:][\p{L}\p{N}_/.@+%=()$;~-]+)*$/u.test(text);
	if (isPlain && !/\s$|^[yYnN]$|^=$/.test(text) && psychScalar(text) === text) return text;
	return /[\p{Cc}\u2028\u2029\ufeff]/u.test(text) ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`;
}
