import {
	commonlyMappedToNothing,
	leftToRight,
	nonAsciiSpaces,
	prohibited,
	rightToLeft,
	unassigned,
} from "./stringprep.js";

/**
 * SASLprep (RFC 4013) as PostgreSQL does it, at both ends: what a password becomes before it is hashed or proved.
 *
 * Two things are PostgreSQL's own (src/common/saslprep.c): a password that SASLprep prohibits, or leaves nothing of,
 * is taken as it is; and what is prohibited, unassigned, or of mixed direction is judged before normalization, where
 * RFC 3454 judges after it. So "\u2150", which Unicode 3.2 did not know, stays itself instead of becoming "1\u20447".
 */
export function saslprep(password: string): string {
	if (/^\p{ASCII}*$/u.test(password)) return password;
	const mapped = Array.from(password, (character) => character.codePointAt(0) ?? 0)
		.map((codePoint) => (nonAsciiSpaces.has(codePoint) ? SPACE : codePoint))
		.filter((codePoint) => !commonlyMappedToNothing.has(codePoint));
	const refused = mapped.length === 0 || mapped.some(isRefused) || isMixedInDirection(mapped);
	return refused
		? password
		: mapped
				.map((codePoint) => String.fromCodePoint(codePoint))
				.join("")
				.normalize("NFKC");
}

const SPACE = 0x20;

function isRefused(codePoint: number): boolean {
	return prohibited.has(codePoint) || unassigned.has(codePoint);
}

/** RFC 3454, section 6: right-to-left text must begin and end as such, with no left-to-right letter within. */
function isMixedInDirection(text: readonly number[]): boolean {
	return (
		text.some(rightToLeft.has) &&
		(text.some(leftToRight.has) || [text.at(0), text.at(-1)].some((edge) => !rightToLeft.has(edge ?? 0)))
	);
}
