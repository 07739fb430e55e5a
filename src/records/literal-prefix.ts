/**
 * The text that every match of a pattern must begin with, so that a search for `^user_` need not read all keys; empty
 * where the pattern is not anchored, or too rich to tell.
 */
export function literalPrefix({ source, flags }: RegExp): string {
	if (!source.startsWith("^") || /[im]/.test(flags) || source.includes("|")) return "";
	const [literal = ""] = /^[\w:/@-]*/.exec(source.slice(1)) ?? [];
	const next = source[1 + literal.length] ?? "";
	// A quantifier makes the last character optional, or not the last.
	return "*?+{".includes(next) && next !== "" ? literal.slice(0, -1) : literal;
}
