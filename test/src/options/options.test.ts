import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtinFormats, type FormatName } from "../../../formats/index.js";
import { TroclaError } from "../../../src/errors.js";
import { resolveOptions } from "../../../src/options/options.js";
import { optionNames } from "../../../src/options/rules.js";
import type { Options } from "../../../src/records/record.js";

const site = (options: Options = {}, profiles: { [name: string]: Options } = {}) => ({
	formats: builtinFormats,
	options,
	profiles,
});

const recipe = (policy: ReturnType<typeof site>, call: Options, format: FormatName = "plain") =>
	resolveOptions(policy, format, call).recipe;

describe("precedence", () => {
	test("nothing said is 16 characters of default, at random, without an end", () => {
		expect(resolveOptions(site(), "plain", {})).toMatchObject({
			recipe: { length: 16, charset: "default" },
			random: true,
			expires: 0,
			expiresAsked: undefined,
		});
	});

	test("built-in < options < profiles < the call", () => {
		const policy = site({ length: 20, charset: "numeric", profiles: "p" }, { p: { length: 30, charset: "typesafe" } });
		expect(recipe(site({ length: 20 }), {})).toEqual({ length: 20, charset: "default" });
		expect(recipe(policy, {})).toEqual({ length: 30, charset: "typesafe" });
		expect(recipe(policy, { length: 40 })).toEqual({ length: 40, charset: "typesafe" });
	});

	test("the first named of several profiles wins, in a list or with commas", () => {
		const policy = site({}, { short: { length: 5 }, odd: { length: 7, charset: "numeric" } });
		for (const profiles of [["short", "odd"], "short,odd", "short, odd"]) {
			expect(recipe(policy, { profiles })).toEqual({ length: 5, charset: "numeric" });
		}
		expect(recipe(policy, { profiles: ["odd", "short"] })).toEqual({ length: 7, charset: "numeric" });
	});

	test("the profiles of a call take the place of the configuration's default ones", () => {
		const policy = site({ profiles: "odd" }, { short: { length: 5 }, odd: { length: 7, charset: "numeric" } });
		expect(recipe(policy, { profiles: "short" })).toEqual({ length: 5, charset: "default" });
		expect(recipe(policy, { profiles: [] })).toEqual({ length: 16, charset: "default" });
	});

	test("an own profile replaces the built-in one of its name", () => {
		expect(recipe(site(), { profiles: "rootpw" })).toEqual({ length: 32, charset: "consolesafe" });
		expect(recipe(site({}, { rootpw: { length: 50 } }), { profiles: "rootpw" })).toEqual({
			length: 50,
			charset: "default",
		});
	});

	// The Ruby trocla's table.
	test.each([
		["rootpw", "consolesafe", 32],
		["mysql", "shellsafe", 32],
		["login", "consolesafe", 16],
	])("the built-in profile %s is %s, %i", (profiles, charset, length) => {
		expect(recipe(site(), { profiles })).toEqual({ charset, length });
	});

	test.each([
		["x509veryverylong", 466_560_000],
		["x509verylong", 311_040_000],
		["x509long", 155_520_000],
		["x509auto", 2_592_000],
		["x509short", 86_400],
	])("the built-in profile %s expires after %i seconds", (profiles, expires) => {
		expect(resolveOptions(site(), "plain", { profiles })).toMatchObject({ expires, expiresAsked: expires });
	});
});

describe("a map under a format's name", () => {
	test("goes over the other options of its layer, for that format only", () => {
		const call = { length: 10, mysql: { length: 20, plugin: "ed25519" } };
		expect(recipe(site(), call, "mysql")).toEqual({ length: 20, charset: "default" });
		expect(resolveOptions(site(), "mysql", call).own).toEqual({ plugin: "ed25519" });
		expect(recipe(site(), call, "pgsql")).toEqual({ length: 10, charset: "default" });
		expect(resolveOptions(site(), "pgsql", call).own).toEqual({});
	});

	test("stays under a later layer's", () => {
		const policy = site({ sha512crypt: { rounds: 9000 } }, { p: { sha512crypt: { rounds: 8000 }, rounds: 1 } });
		expect(resolveOptions(policy, "sha512crypt", {}).own).toEqual({ rounds: 9000 });
		expect(resolveOptions(policy, "sha512crypt", { profiles: "p" }).own).toEqual({ rounds: 8000 });
		expect(resolveOptions(policy, "sha512crypt", { profiles: "p", rounds: 7000 }).own).toEqual({ rounds: 7000 });
	});

	test("may name profiles", () => {
		const policy = site({ mysql: { profiles: "mysql" } });
		expect(recipe(policy, {}, "mysql")).toEqual({ length: 32, charset: "shellsafe" });
		expect(recipe(policy, {}, "pgsql")).toEqual({ length: 16, charset: "default" });
	});

	test("ends the words, or the characters, that its layer asks for", () => {
		expect(recipe(site({ words: 6, mysql: { length: 20 } }), {}, "mysql")).toEqual({ length: 20, charset: "default" });
		expect(recipe(site({ length: 20, charset: "numeric", plain: { words: 6 } }), {})).toEqual({ words: 6 });
	});
});

describe("words and characters", () => {
	test("a later layer's words end what was said of characters", () => {
		expect(recipe(site({ length: 20, require: { upper: 1 } }), { words: 6 })).toEqual({ words: 6 });
		expect(recipe(site({ length: 20 }, { phrase: { words: 5 } }), { profiles: "phrase" })).toEqual({ words: 5 });
	});

	test("a later layer's characters end its words", () => {
		expect(recipe(site({ words: 6 }), { length: 20 })).toEqual({ length: 20, charset: "default" });
		expect(recipe(site({ words: 6 }, { p: { charset: "numeric" } }), { profiles: "p" })).toEqual({
			length: 16,
			charset: "numeric",
		});
	});

	test("can't stand in one layer", () => {
		expect(() => recipe(site(), { words: 6, length: 20 })).toThrow("option words can't go with length");
		expect(() => recipe(site(), { plain: { words: 6, charset: "numeric" } })).toThrow(
			"option plain: words can't go with charset",
		);
	});
});

test("what the call asked for, itself or by a profile, is told from what the configuration says", () => {
	const policy = site({ length: 20, rounds: 5000, expires: 60 });
	expect(resolveOptions(policy, "sha512crypt", {})).toMatchObject({
		askedRecipe: {},
		askedOwn: {},
		expires: 60,
		expiresAsked: undefined,
	});
	expect(resolveOptions(policy, "sha512crypt", { profiles: "login", rounds: 6000, expires: false })).toMatchObject({
		askedRecipe: { length: 16, charset: "consolesafe" },
		askedOwn: { rounds: 6000 },
		expires: 0,
		expiresAsked: 0,
	});
});

test("options that mean nothing to a format are told", () => {
	expect(resolveOptions(site({ cost: 12 }), "mysql", { rounds: 5000, length: 5 }).unused).toEqual(["rounds"]);
});

describe("a name that is not known", () => {
	test.each([
		[{ lenght: 12 }, '"lenght"', "length"],
		[{ chraset: "default" }, '"chraset"', "charset"],
		[{ mysql: { plugni: "x" } }, 'mysql: "plugni"', "plugin"],
		[{ charset: "shelsafe" }, '"shelsafe"', "shellsafe"],
		[{ charset: "Default" }, '"Default"', "default"],
		[{ profiles: "rootpwd" }, '"rootpwd"', "rootpw"],
		[{ profiles: ["login", "mysq"] }, '"mysq"', "mysql"],
		[{ require: { uper: 1 } }, '"uper"', "upper"],
		[{ mysqll: { length: 1 } }, '"mysqll"', "mysql"],
	])("is refused with the nearest one: %j", (call, name, nearest) => {
		expect(() => resolveOptions(site(), "plain", call)).toThrow(
			expect.objectContaining({
				code: "invalid",
				message: expect.stringContaining(name),
				hint: `Did you mean ${nearest}?`,
			}),
		);
	});

	test("is refused with all known ones where it is like none of them", () => {
		expect(() => resolveOptions(site(), "plain", { charset: "qqqqqqqqqqqq" })).toThrow(
			expect.objectContaining({ hint: expect.stringContaining("shellsafe") }),
		);
	});

	test("of an object's prototype is not known either", () => {
		for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
			expect(() => resolveOptions(site(), "plain", Object.fromEntries([[name, {}]]))).toThrow("is not known");
			expect(() => resolveOptions(site(), "plain", { profiles: name })).toThrow("is not known");
			expect(() => resolveOptions(site(), "plain", { charset: name })).toThrow("is not known");
		}
	});
});

describe("a wrong value", () => {
	const anything = [null, true, "", "x", "12", 0, -1, 1.5, 1e9, Number.NaN, Number.POSITIVE_INFINITY, 10n, [], [1], {}];
	const wrong: [name: string, values: unknown[]][] = [
		["length", [...anything, 4097, 10_000_000]],
		["words", [...anything, 65]],
		[
			"charset",
			[...anything, { custom: "" }, { custom: 1 }, { custom: "a\nb" }, { custom: "\ud800" }, { other: "ab" }],
		],
		["require", [...anything.slice(0, -1), { upper: -1 }, { upper: "1" }, { upper: 100 }, new Date(0), new Set()]],
		["random", anything.filter((value) => value !== true)],
		["expires", [...anything.filter((value) => ![0, 1e9].some((right) => right === value)), true, 3_155_760_001]],
		["profiles", [null, true, "", " ", 0, {}, [1], [""], "login,"]],
		["mysql", [null, true, "", 0, [], new Date(0)]],
	];
	test.each(wrong.flatMap(([name, values]) => values.map((value) => ({ name, value }))))(
		"is refused by the option's name: $name $value",
		({ name, value }) => {
			expect(() => resolveOptions(site(), "plain", { [name]: value })).toThrow(
				expect.objectContaining({ name: "TroclaError", code: "invalid" }),
			);
			expect(() => resolveOptions(site(), "plain", { [name]: value })).toThrow(
				new RegExp(name === "profiles" ? "profile" : name),
			);
		},
	);

	test("in place of all options is refused", () => {
		for (const call of [null, 1, "length: 5", [], new Date(0), 10n]) {
			// A caller without types.
			expect(() => resolveOptions(site(), "plain", call as unknown as Options)).toThrow("options must be a map");
		}
	});

	test("is cut short in the message", () => {
		for (const call of [
			{ length: "x".repeat(100_000) },
			{ ["x".repeat(100_000)]: 1 },
			{ charset: "x".repeat(100_000) },
		]) {
			expect(() => resolveOptions(site(), "plain", call)).toThrow(
				expect.objectContaining({ message: expect.stringMatching(/^.{1,200}$/) }),
			);
		}
	});
});

test("any options are resolved or refused, as a call and as a configuration's profile", () => {
	const name = fc.oneof(
		{ weight: 4, arbitrary: fc.constantFrom(...optionNames(builtinFormats), ...builtinFormats.names) },
		fc.string(),
	);
	const value = fc.oneof(
		fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withSet: true, withMap: true }),
		fc.constantFrom<unknown>("login", "typesafe", 8, 0, true, false, { custom: "abc" }, { upper: 2 }, ["mysql"]),
		fc.dictionary(fc.constantFrom("upper", "digit", "custom", "length", "words", "rounds"), fc.integer({ max: 40 })),
	);
	const options = fc.oneof(
		{ weight: 9, arbitrary: fc.dictionary(name, value, { maxKeys: 4 }) },
		fc.anything().map((value) => value as Options),
	);
	fc.assert(
		fc.property(fc.constantFrom(...builtinFormats.names), options, (format, call) => {
			try {
				const { recipe, random, expires } = resolveOptions(site(), format, call);
				expect([random, "words" in recipe !== "length" in recipe, Number.isInteger(expires)]).toEqual([
					expect.any(Boolean),
					true,
					true,
				]);
			} catch (error) {
				if (!(error instanceof TroclaError)) throw error;
				expect(error.code).toBe("invalid");
			}
		}),
		{ numRuns: 3000 },
	);
});
