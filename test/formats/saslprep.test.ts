import { saslprep as reference } from "@mongodb-js/saslprep";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { saslprep } from "../../formats/saslprep.js";

/** What an implementation of RFC 4013 makes of a text; the text itself where it refuses it, as PostgreSQL does. */
function prepared(text: string): string {
	try {
		return reference(text);
	} catch {
		return text;
	}
}

const isStable = (text: string) => text.normalize("NFKC") === text;

describe("saslprep", () => {
	// RFC 4013, section 3; PostgreSQL takes the last two as they are.
	it.each([
		["I\u00adX", "IX"],
		["user", "user"],
		["USER", "USER"],
		["\u00aa", "a"],
		["\u2168", "IX"],
		["\u0007", "\u0007"],
		["\u0627\u0031", "\u0627\u0031"],
	])("makes of %j what RFC 4013 says", (text, expected) => {
		expect(saslprep(text)).toBe(expected);
	});

	it("judges every code point that normalization leaves alone as another implementation does", () => {
		const differing: string[] = [];
		for (let codePoint = 0x80; codePoint < 0x11_0000; codePoint++) {
			// These planes are of one kind but for their last two code points.
			if (codePoint >= 0x3_0000 && codePoint < 0xe_0000 && (codePoint & 0xffff) < 0xfff0) continue;
			if (codePoint >= 0xe_1000 && (codePoint & 0xffff) < 0xfff0) continue;
			const character = String.fromCodePoint(codePoint);
			// Beside a letter, one that is mapped to nothing or written from right to left shows.
			const text = `a${character}`;
			if (character.isWellFormed() && isStable(text) && saslprep(text) !== prepared(text)) {
				differing.push(codePoint.toString(16));
			}
		}
		expect(differing).toEqual([]);
	});

	it("makes of any text that normalization leaves alone what another implementation does", () => {
		const character = fc.oneof(
			fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
			fc.constantFrom("a", "é", "1", "ا", "ש", "\u00a0", "\u00ad", "\u200b", "\u3000", "-", " "),
		);
		fc.assert(
			fc.property(fc.array(character, { minLength: 1, maxLength: 6 }), (characters) => {
				fc.pre(isStable(characters.join("").replaceAll(/[\u00a0\u3000]/g, "")));
				expect(saslprep(characters.join(""))).toBe(prepared(characters.join("")));
			}),
			{ numRuns: 2000 },
		);
	});

	it("takes a text of a mebibyte", () => {
		const text = "é".repeat(2 ** 19);
		expect(saslprep(text)).toBe(text);
	});
});
