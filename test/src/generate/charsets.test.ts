import { expect, test } from "vitest";
import { charsetNames, charsets } from "../../../src/generate/charsets.js";

const range = (from: string, to: string) =>
	Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, n) =>
		String.fromCharCode(from.charCodeAt(0) + n),
	).join("");

const letters = range("a", "z") + range("A", "Z");
const but = (all: string, ...without: string[]) =>
	[...all].filter((character) => !without.includes(character)).join("");

// The Ruby trocla's, as its manual lists them.
const RUBY: Record<string, string> = {
	alphanumeric: `${letters}${range("0", "9")}`,
	shellsafe: `${letters}${range("0", "9")}+%/@=?_.,:`,
	default: `${letters}${range("0", "9")}+%/@=?_.,:*()&![]{}-`,
	windowssafe: `${letters}${range("0", "9")}+%/@=?_.,`,
	consolesafe: `${letters}${range("0", "9")}+.-,_`,
	typesafe: but(range("a", "x"), "i", "l") + but(range("A", "X"), "I", "L") + range("1", "9"),
	numeric: range("0", "9"),
	hexadecimal: range("0", "9") + range("a", "f"),
};

test("there are the charsets of the Ruby trocla, and no other", () => {
	expect([...charsetNames].sort()).toEqual(Object.keys(RUBY).sort());
});

test.each(charsetNames)("%s has the characters that the Ruby trocla's has, each once", (name) => {
	expect([...charsets[name]].sort()).toEqual([...(RUBY[name] ?? "")].sort());
	expect(new Set(charsets[name]).size).toBe(charsets[name].length);
});
