/**
 * A text as it stands in a line for people: a word as it is, and anything else in quotes, with an escape for each character
 * that a terminal does not show, or takes for a command.
 */
export function shown(text: string): string {
	if (/^[^\s"'\\\p{C}]+$/u.test(text)) return text;
	return JSON.stringify(text).replace(/[\p{C}\u2028\u2029]/gu, (character) => {
		return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
	});
}

/** Some names after a word for them: `group staff`, `groups deploy, staff`. */
export function counted(word: string, names: readonly string[]): string {
	return `${names.length === 1 ? word : `${word}s`} ${names.map(shown).join(", ")}`;
}
