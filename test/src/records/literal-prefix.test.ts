import fc from "fast-check";
import { expect, test } from "vitest";
import { openMemory } from "../../../backends/memory.js";
import { literalPrefix } from "../../../src/records/literal-prefix.js";
import { RecordStore } from "../../../src/records/store.js";
import { Trocla } from "../../../src/trocla.js";
import { all } from "../../backends/conformance.js";
import { RECORDS, SETTINGS } from "../../support/store.js";

const stored = [
	..."abcABC-_:/@.é🔑|^$".split(/(?:)/u),
	...[
		"aa",
		"ab",
		"aab",
		"abc",
		"abcd",
		"ab/c",
		"a|b",
		"user",
		"user_a",
		"user_b",
		"users",
		"User_a",
		"use",
		"user_",
		"é_a",
	],
];

const parts = [
	"a",
	"b",
	"c",
	"ab",
	"user",
	"user_",
	"_",
	"/",
	"\\/",
	":",
	"@",
	"-",
	".",
	"\\.",
	"\\w",
	"\\d",
	"[ab]",
	"[^a]",
];
const glue = [
	"",
	"",
	"",
	"?",
	"*",
	"+",
	"{0}",
	"{1,2}",
	"+?",
	"*?",
	"|",
	"|^",
	"$",
	"(?:",
	"(",
	")",
	")?",
	")*",
	"^",
	"é",
	"🔑",
	"\\b",
	"(?=a)",
	"(?!a)",
];

/** Patterns, most of them anchored; those that are none are left out. */
const patterns = fc
	.tuple(
		fc.constantFrom("^", "^", "^", "", "(?:^", "^^", "(?!^"),
		fc.array(fc.oneof(fc.constantFrom(...parts), fc.constantFrom(...glue)), { maxLength: 6 }),
		fc.constantFrom("", "u", "i", "m", "s", "g", "y", "gu", "v", "iu"),
	)
	.map(([start, middle, flags]) => {
		try {
			return new RegExp(start + middle.join(""), flags);
		} catch {
			return /^a/;
		}
	});

test("a search finds the keys that the pattern matches, whatever it begins with", async () => {
	const trocla = new Trocla(new RecordStore(openMemory(), RECORDS), SETTINGS);
	for (const key of stored) await trocla.set(key, "plain", "x");
	const everything = await all(trocla.search(/(?:)/));
	expect(new Set(everything)).toEqual(new Set(stored));
	await fc.assert(
		fc.asyncProperty(patterns, async (pattern) => {
			const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
			expect(await all(trocla.search(pattern))).toEqual(everything.filter((key) => stateless.test(key)));
		}),
		{ numRuns: 3000 },
	);
});

test("what every match of a pattern begins with is known where it says so plainly", () => {
	expect(literalPrefix(/^user_/)).toBe("user_");
	expect(literalPrefix(/^hiera\/x/)).toBe("hiera");
	expect(literalPrefix(/^user_.*$/u)).toBe("user_");
	expect(literalPrefix(/^users?$/)).toBe("user");
	for (const rich of [/user/, /^a|^b/, /^user/i, /^(user)/, /^\w/, /^a*/]) expect(literalPrefix(rich)).toBe("");
});
