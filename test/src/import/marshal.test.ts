import { dump, RubyHash, RubyObject } from "@hyrious/marshal";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMarshal, Rational, RubySymbol } from "../../../src/import/marshal.js";

const bytes = (text: string) => Buffer.from(text, "latin1");
const text = (value: unknown) => Buffer.from(value as Uint8Array).toString();

// The bytes are what "Marshal Format" in Ruby's documentation gives for these values, or follow from it.
test.each<[what: string, marshal: string, value: unknown]>([
	["nil", "\x04\b0", null],
	["true", "\x04\bT", true],
	["false", "\x04\bF", false],
	["0", "\x04\bi\0", 0n],
	["1", "\x04\bi\x06", 1n],
	["122", "\x04\bi\x7f", 122n],
	["123", "\x04\bi\x01{", 123n],
	["-1", "\x04\bi\xfa", -1n],
	["-123", "\x04\bi\x80", -123n],
	["-124", "\x04\bi\xff\x84", -124n],
	["255", "\x04\bi\x01\xff", 255n],
	["256", "\x04\bi\x02\x00\x01", 256n],
	["-256", "\x04\bi\xff\x00", -256n],
	["-257", "\x04\bi\xfe\xff\xfe", -257n],
	["86400", "\x04\bi\x03\x80\x51\x01", 86400n],
	["2**30 - 1", "\x04\bi\x04\xff\xff\xff\x3f", 2n ** 30n - 1n],
	["-(2**30)", "\x04\bi\xfc\x00\x00\x00\xc0", -(2n ** 30n)],
	["2**64", "\x04\bl+\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00", 2n ** 64n],
	["-(2**31)", "\x04\bl-\x07\x00\x00\x00\x80", -(2n ** 31n)],
	["1.5", "\x04\bf\b1.5", 1.5],
	["[nil, true]", "\x04\b[\x070T", [null, true]],
])("%s is read as Ruby wrote it", (_, marshal, value) => {
	expect(parseMarshal(bytes(marshal))).toEqual(value);
});

test("a Rational is its two numbers, however large", () => {
	const value = parseMarshal(bytes("\x04\bU:\rRational[\x07l+\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00i\x08"));
	expect(value).toEqual(new Rational(2n ** 64n, 3n));
});

test("a string is its bytes, and says nothing of how it was encoded", () => {
	for (const marshal of [
		'\x04\b"\x07\xc3\xa9',
		'\x04\bI"\x07\xc3\xa9\x06:\x06ET',
		'\x04\bI"\x07\xc3\xa9\x06:\rencoding"\x06X',
	]) {
		expect(parseMarshal(bytes(marshal))).toEqual(bytes("\xc3\xa9"));
	}
});

test("links and symbols that stand for earlier ones are found, behind strings with encodings and Rationals too", () => {
	// ["a", Rational(1, 2), "b", "a", :E, Rational(1, 2)], in which the last three are links
	const marshal = '\x04\b[\x0bI"\x06a\x06:\x06ETU:\rRational[\x07i\x06i\x07I"\x06b\x06;\x00T@\x06;\x00@\x07';
	const half = new Rational(1n, 2n);
	expect(parseMarshal(bytes(marshal))).toEqual([bytes("a"), half, bytes("b"), bytes("a"), new RubySymbol("E"), half]);
});

const plain = fc.string({ unit: "binary", maxLength: 300 }).filter((value) => value.isWellFormed());

test("another program's Marshal of any map of texts comes back equal", () => {
	fc.assert(
		fc.property(fc.uniqueArray(fc.tuple(plain, plain), { selector: ([key]) => key, maxLength: 20 }), (entries) => {
			const value = parseMarshal(dump(new RubyHash(entries)));
			expect([...(value as Map<unknown, unknown>)].map((pair) => pair.map(text))).toEqual(entries);
		}),
		{ numRuns: 200 },
	);
});

describe("what is not Marshal, or not a password's, is refused", () => {
	const entry = bytes(
		'\x04\b[\x07{\x07I"\nplain\x06:\x06ETI"\babc\x06;\x00TI"\r_expires\x06;\x00Ti\x02\x10\x0eU:\rRational[\x07i\x06i\x06',
	);

	test("cut anywhere", () => {
		expect(parseMarshal(entry)).toHaveLength(2);
		for (let end = 0; end < entry.length; end++) {
			expect(() => parseMarshal(entry.subarray(0, end)), `cut at ${end}`).toThrow(SyntaxError);
		}
	});

	test("with something behind its end", () => {
		expect(() => parseMarshal(Buffer.concat([entry, bytes("\0")]))).toThrow("it goes on behind its end");
	});

	test.each([
		["another version", "\x04\x09T", "it is not Ruby's Marshal 4.8"],
		["an object", dump(new RubyObject(Symbol.for("Object"))), "a Ruby object of a kind"],
		["an object that marshals itself, but is no Rational", "\x04\bU:\x0cComplex[\x07i\x06i\x06", "not a Rational"],
		["a Rational of one half", "\x04\bU:\rRational[\x06i\x06", "a Rational that is none"],
		["a division by 0", "\x04\bU:\rRational[\x07i\x06i\x00", "a Rational that is none"],
		["a link to nothing", "\x04\b[\x06@\x0a", "refers to a value"],
		["a symbol link to nothing", "\x04\b;\x00", "refers to a value"],
		["a list of more than there is", "\x04\b[\x04\xff\xff\xff\x3f", "it is cut off"],
		["a string of less than nothing", '\x04\b"\xfa', "it is cut off"],
		["lists in lists without end", `\x04\b${"[\x06".repeat(1000)}0`, "nested too deep"],
	])("%s", (_, marshal, message) => {
		const input = typeof marshal === "string" ? bytes(marshal) : marshal;
		expect(() => parseMarshal(input)).toThrow(SyntaxError);
		expect(() => parseMarshal(input)).toThrow(message);
	});

	test("anything at all is a value or a SyntaxError", () => {
		const wild = fc.oneof(
			fc.uint8Array({ maxLength: 60 }).map((tail) => Buffer.concat([bytes("\x04\b"), tail])),
			fc.tuple(fc.nat(entry.length - 1), fc.nat(255)).map(([at, by]) => {
				const changed = Buffer.from(entry);
				changed[at] = by;
				return changed;
			}),
		);
		fc.assert(
			fc.property(wild, (input) => {
				try {
					parseMarshal(input);
				} catch (error) {
					expect(error).toBeInstanceOf(SyntaxError);
				}
			}),
			{ numRuns: 5000 },
		);
	});
});
