import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TroclaError } from "../../../src/errors.js";
import { type CharacterClass, characterClasses, charsetNames, charsets } from "../../../src/generate/charsets.js";
import { generate } from "../../../src/generate/generate.js";
import { TOO_UNEVEN, unevenness } from "../../support/statistics.js";

const CLASSES = { upper: /[A-Z]/g, lower: /[a-z]/g, digit: /[0-9]/g, symbol: /[^A-Za-z0-9]/gu };

const count = (text: string, pattern: RegExp) => (text.match(pattern) ?? []).length;

test.each(charsetNames)("a password of %s has its characters only, all of them in the end, evenly", async (charset) => {
	const text = await generate({ length: 4096, charset });
	expect(text).toHaveLength(4096);
	const counts = new Map([...charsets[charset]].map((character) => [character, 0]));
	for (const character of text) counts.set(character, (counts.get(character) ?? Number.NaN) + 1);
	expect(counts.size).toBe(charsets[charset].length);
	expect(unevenness([...counts.values()])).toBeLessThan(TOO_UNEVEN);
});

test("each place of a password is drawn by itself", async () => {
	// Pairs of neighbours over 10 digits: 100 equally likely ones.
	const text = await generate({ length: 4000, charset: "numeric" });
	const counts = new Array<number>(100).fill(0);
	for (let n = 0; n < text.length; n += 2) {
		const pair = Number(text.slice(n, n + 2));
		counts[pair] = (counts[pair] ?? Number.NaN) + 1;
	}
	expect(unevenness(counts)).toBeLessThan(TOO_UNEVEN);
});

test("a password has any length from 1 to 4096", async () => {
	for (const length of [1, 2, 16, 255, 4096])
		expect(await generate({ length, charset: "default" })).toHaveLength(length);
});

test("two passwords differ", async () => {
	const passwords = await Promise.all(Array.from({ length: 1000 }, () => generate({ length: 16, charset: "default" })));
	expect(new Set(passwords).size).toBe(1000);
});

describe("a custom charset", () => {
	test("counts a character that stands in it twice once", async () => {
		const text = await generate({ length: 4096, charset: { custom: "aaaaaaab" } });
		expect(unevenness([count(text, /a/g), count(text, /b/g)])).toBeLessThan(TOO_UNEVEN);
	});

	test("may have characters beyond the basic plane, and length counts characters", async () => {
		const text = await generate({ length: 100, charset: { custom: "🔑🗝é" } });
		expect([...text]).toHaveLength(100);
		expect(text).toMatch(/^[🔑🗝é]+$/u);
	});

	test.each(["a", "aaa", "🔑🔑"])("of one character is refused: %s", async (custom) => {
		await expect(generate({ length: 8, charset: { custom } })).rejects.toMatchObject({ code: "invalid" });
	});
});

describe("require", () => {
	test("gives at least so many of each class, in exactly the length", async () => {
		const recipe = fc.record({
			length: fc.integer({ min: 1, max: 40 }),
			charset: fc.constantFrom(...charsetNames),
			require: fc.dictionary(fc.constantFrom(...characterClasses), fc.integer({ min: 0, max: 12 })),
		});
		await fc.assert(
			fc.asyncProperty(recipe, async ({ length, charset, require }) => {
				const wanted = characterClasses.filter((name) => (require[name] ?? 0) > 0);
				const possible =
					wanted.every((name) => count(charsets[charset], CLASSES[name]) > 0) &&
					wanted.reduce((sum, name) => sum + (require[name] ?? 0), 0) <= length;
				const text = await generate({ length, charset, require }).catch((error: unknown) => error);
				if (!possible) {
					expect(text).toMatchObject({ name: "TroclaError", code: "invalid", hint: expect.any(String) });
					return;
				}
				if (typeof text !== "string") throw text;
				expect(text).toHaveLength(length);
				for (const character of text) expect(charsets[charset]).toContain(character);
				for (const name of wanted) expect(count(text, CLASSES[name])).toBeGreaterThanOrEqual(require[name] ?? 0);
			}),
			{ numRuns: 500 },
		);
	});

	// 2 + 2 + 2 characters: few enough strings to list them all.
	const alphabet = "abAB12";
	const strings = (length: number): string[] =>
		length === 0 ? [""] : strings(length - 1).flatMap((text) => [...alphabet].map((character) => text + character));

	const recipes: [how: string, length: number, require: { [Name in CharacterClass]?: number }][] = [
		["drawn until it fits", 4, { upper: 1, digit: 1 }],
		["drawn until it fits, which a half does", 3, { digit: 1 }],
		["counted, since only one in 2,187 fits", 7, { upper: 7 }],
		["now drawn, now counted", 7, { upper: 6, lower: 1 }],
	];
	test.each(recipes)("makes every password that it allows equally likely: %s", async (_, length, require) => {
		const allowed = strings(length).filter((text) =>
			characterClasses.every((name) => count(text, CLASSES[name]) >= (require[name] ?? 0)),
		);
		const draws = Math.max(3000, allowed.length * 6);
		const counts = new Map(allowed.map((text) => [text, 0]));
		for (let n = 0; n < draws; n++) {
			const text = await generate({ length, charset: { custom: alphabet }, require });
			counts.set(text, (counts.get(text) ?? Number.NaN) + 1);
		}
		expect(counts.size).toBe(allowed.length);
		expect(unevenness([...counts.values()])).toBeLessThan(TOO_UNEVEN);
	});

	test("that hardly any password meets is met within a second", async () => {
		const start = performance.now();
		const text = await generate({ length: 256, charset: "alphanumeric", require: { digit: 99, upper: 99, lower: 58 } });
		expect([count(text, CLASSES.digit), count(text, CLASSES.upper), count(text, CLASSES.lower)]).toEqual([99, 99, 58]);
		expect(performance.now() - start).toBeLessThan(1000);
	});

	test("that is out of reach for a long password is refused", async () => {
		const recipe = { length: 4096, charset: { custom: `1${cjk(4000)}` } };
		await expect(generate({ ...recipe, require: { digit: 99 } })).rejects.toMatchObject({
			code: "invalid",
			message: expect.stringContaining("hardly any"),
		});
	});

	test("names the class that the charset lacks, and the sum that the length can't hold", async () => {
		await expect(generate({ length: 8, charset: "numeric", require: { upper: 1 } })).rejects.toThrow(
			"require asks for 1 upper, and the charset has none",
		);
		await expect(generate({ length: 8, charset: "default", require: { upper: 5, digit: 4 } })).rejects.toThrow(
			"require asks for 9 characters, and length is 8",
		);
		await expect(generate({ length: 8, charset: "numeric", require: { upper: 1 } })).rejects.toBeInstanceOf(
			TroclaError,
		);
	});
});

/** So many different characters, none of them a letter or digit of ASCII. */
function cjk(size: number): string {
	return Array.from({ length: size }, (_, n) => String.fromCodePoint(0x4e00 + n)).join("");
}

describe("words", () => {
	test("come from a list of 7,776, joined with hyphens", async () => {
		for (const words of [1, 6, 64]) {
			const text = await generate({ words });
			// The EFF's large list has four words with a hyphen in them, which make more parts than words.
			expect(text.split("-").length).toBeGreaterThanOrEqual(words);
			expect(text).toMatch(/^[a-z]+(-[a-z]+)*$/);
		}
	});

	test("are drawn evenly from the whole list", async () => {
		const counts = new Map<string, number>();
		for (let n = 0; n < 1250; n++) {
			for (const word of (await generate({ words: 64 })).split("-")) counts.set(word, (counts.get(word) ?? 0) + 1);
		}
		// The words with a hyphen, of which only the parts were seen.
		for (const part of "drop down felt tip t shirt yo".split(" ")) counts.delete(part);
		// The EFF's list has 7,776 words. One is missed in 80,000 draws with a likelihood of e^-10.
		expect(counts.size).toBeGreaterThan(7772 - 20);
		expect(counts.size).toBeLessThanOrEqual(7772);
		const missed = new Array<number>(7772 - counts.size).fill(0);
		expect(unevenness([...counts.values(), ...missed])).toBeLessThan(TOO_UNEVEN);
	});
});
