import * as v from "valibot";

/** An option that is a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number) {
	const rule = `must be a whole number from ${min} to ${max}`;
	return v.pipe(
		v.number(rule),
		v.check((value) => Number.isInteger(value) && value >= min && value <= max, rule),
	);
}

/** An option that is one of some words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
	return v.picklist(words, `must be one of ${words.join(", ")}`);
}

/** An option that is a text of at least one character. To YAML, NO (Norway) is false and 123 a number. */
export function text() {
	return v.pipe(
		v.string("must be a text, in quotes where YAML reads it as something else"),
		v.nonEmpty("must be a text of at least one character"),
	);
}
