import { quoteValue } from "../value.js";
import type { Check } from "./entry.js";

/** A text that can be part of a line: well-formed, so that it has a UTF-8, and without control characters. */
export const lineText: Check<string> = (value, at) => {
	if (typeof value !== "string") return at.fault(`must be a text, not ${quoteValue(value)}`, "Put it in quotes");
	if (!value.isWellFormed()) return at.fault("is not well-formed Unicode", "Save the file as UTF-8");
	if (/\p{Cc}/u.test(value)) {
		return at.fault(
			"has a newline, a tab or another control character",
			"Take it out: a newline would begin another line",
		);
	}
	return value;
};

/** The same without blanks at its ends, as YAML's `|` leaves a newline there. */
export const trimmedText: Check<string> = (value, at) => lineText(typeof value === "string" ? value.trim() : value, at);

/** A text that can stand between the colons of passwd(5), and is the same for all who read it there. */
export const fieldText: Check<string> = (value, at) => {
	const text = lineText(value, at);
	if (text?.includes(":")) {
		return at.fault(`has a colon: ${quoteValue(text)}`, "Take it out: a colon ends the field in passwd(5)");
	}
	if (text !== undefined && /^ | $/.test(text)) {
		return at.fault(`begins or ends with a space: ${quoteValue(text)}`, "Take it out: some readers of passwd(5) do");
	}
	return text;
};

/** A path that begins at the root; as a field it has no colon. */
export const absolutePath: Check<string> = (value, at) => {
	const text = fieldText(value, at);
	if (text === undefined || text.startsWith("/")) return text;
	return at.fault(`must be an absolute path, not ${quoteValue(text)}`, "Begin it with /");
};

export function wholeNumber(min: number, max: number): Check<number> {
	return (value, at) => {
		const isWhole = typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
		return isWhole ? value : at.fault(`must be a whole number from ${min} to ${max}, not ${quoteValue(value)}`);
	};
}

export const boolean: Check<boolean> = (value, at) =>
	typeof value === "boolean" ? value : at.fault(`must be true or false, not ${quoteValue(value)}`);

/** One of some words. */
export function oneOf<const Words extends readonly string[]>(words: Words): Check<Words[number]> {
	return (value, at) => {
		const word = words.find((known) => known === value);
		return word ?? at.fault(`must be ${words.join(", ")}, not ${quoteValue(value)}`);
	};
}

/** A list of texts, or one text by itself; each once, in the order given. */
export const textList: Check<readonly string[]> = (value, at) => {
	const list = typeof value === "string" ? [value] : value;
	if (!Array.isArray(list)) return at.fault(`must be a list of names, not ${quoteValue(value)}`);
	const texts = list.map((item, index) => {
		return typeof item === "string" ? item : at.in(String(index)).fault(`must be a text, not ${quoteValue(item)}`);
	});
	const given = texts.filter((text) => text !== undefined);
	return given.length === texts.length ? [...new Set(given)] : undefined;
};
