import * as fc from "fast-check";

/** Passwords that users choose and generators don't: each is hard on some program in its own way. */
export const awkward = {
	"one character": "x",
	"quotes and blanks": ` '"\`\\ $(id) `,
	"two-byte letters": "Füße, smørbrød",
	"three-byte letters": "パスワード密码",
	"an emoji of several code points": "👩‍👩‍👧‍👦 🔑",
	"a combining accent": "cafe\u0301",
	"32 bytes": "0123456789abcdefghijklmnopqrstuv",
	"64 bytes": "0123456789abcdef".repeat(4),
	"65 bytes": `${"0123456789abcdef".repeat(4)}é`.slice(0, 65),
	"72 bytes": "paßwort!".repeat(8),
	"255 bytes": "ö1".repeat(85),
	"511 bytes": `${"é".repeat(255)}x`,
};

/** Well-formed text without NUL of at most so many bytes in UTF-8. */
export function passwords({ maxBytes }: { maxBytes: number }): fc.Arbitrary<string> {
	return fc
		.string({ unit: "binary", minLength: 1, maxLength: Math.floor(maxBytes / 4) })
		.filter((text) => text.isWellFormed() && !text.includes("\0"));
}
