import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { missing } from "../support/peers.js";
import { Puppet } from "../support/puppet.js";
import { COMMON, expectSame, keys } from "../support/same-as-puppet.js";

describe.skipIf(missing("puppet", "ruby"))("Puppet's types (needs puppet-agent)", () => {
	let puppet: Puppet;

	beforeAll(() => {
		puppet = new Puppet();
	});
	afterAll(() => puppet?.stop());

	describe("convert_to and --type", () => {
		const number = [
			"0x1F",
			"010",
			"09",
			"0b11",
			"1.5",
			"1e3",
			"-5",
			"+ 5",
			"- 0x1f",
			"1_000",
			" 1",
			"12",
			"1.",
			".5",
			"1e-2",
		];
		const words = ["yes", "No", "y", "TRUE", "on", "abc", "", "it's", "a\\\\b", "tab\\t", "é"];
		const quoted = fc.constantFrom(...number, ...words).map((word) => `"${word}"`);
		const value = fc.oneof(
			quoted,
			fc.constantFrom("1", "0", "-3", "4", "1.5", "-1.9", "0.0", "1.0e+30", ".inf", "true", "false", "~"),
			fc.constantFrom("[]", "[1, 2]", "[a, 1, b, 2]", "[[a, 1], [b, 2]]", "{}", "{a: 1}", "{a: {b: [1, ~]}, 1: 2.0}"),
			fc.constantFrom("{from: '0x10'}", "{from: '10', radix: 16, abs: true}", "{from: -3.5, abs: true}", "{a: ~}"),
		);
		const simple = [
			"Any",
			"Data",
			"Scalar",
			"Numeric",
			"Integer",
			"Float",
			"Boolean",
			"String",
			"Undef",
			"Array",
			"Hash",
		];
		const type = fc.oneof(
			fc.constantFrom(...simple, "RichData", "ScalarData", "Collection", "NotUndef", "Sensitive"),
			fc.constantFrom("Integer[0]", "Integer[default, 10]", "Integer[2, 5]", "Float[0.0, 2.0]", "Boolean[true]"),
			fc.constantFrom("String[1]", "String[0, 2]", "Enum[abc, 'x']", "Enum['ABC', true]", "Pattern[/^a/, /\\A1/]"),
			fc.constantFrom(
				"Array[Integer]",
				"Array[Integer, 1]",
				"Array[Data, 0, 1]",
				"Array[String[1], 2]",
				"Collection[1]",
			),
			fc.constantFrom(
				"Hash[String, Integer]",
				"Hash[String, Data, 1]",
				"Hash[Integer, Any]",
				"Hash[String, Any, 1, 1]",
			),
			fc.constantFrom("Tuple[Integer, Integer]", "Tuple[String, Integer, 1]", "Tuple[Integer, 0, 3]", "Tuple[Any]"),
			fc.constantFrom(
				"Struct[{a => Integer}]",
				"Struct[{'a' => Any, Optional[b] => String}]",
				"Struct[{NotUndef[a] => Any}]",
			),
			fc.constantFrom("Optional[Integer]", "Variant[Integer, String]", "Sensitive[String]", "NotUndef[Integer]"),
			fc.constantFrom("Struct[{a => Optional[Integer]}]", "integer", "Array[", "Integer]", "Hash[String]", "Nope", ""),
		);
		const args = fc.oneof(
			{ weight: 4, arbitrary: fc.constant([]) },
			fc.constantFrom<unknown[]>([16], [8], [2], [10], [3], [true], [false], [16, true], [true, 1]),
		);

		it("converts as Puppet does", async () => {
			const conversion = fc.tuple(value, type, args);
			await fc.assert(
				fc.asyncProperty(fc.array(conversion, { minLength: 1, maxLength: 20 }), async (conversions) => {
					const data = conversions.map(([text], index) => `k${index}: ${text}\n`).join("");
					const options = conversions.map(([, name, more], index) => [`k${index}`, { convert_to: [name, ...more] }]);
					const files = {
						"data/common.yaml": `${data}lookup_options: ${JSON.stringify(Object.fromEntries(options))}\n`,
					};
					await expectSame(
						puppet,
						{ "hiera.yaml": COMMON, ...files },
						keys(...conversions.map((_, index) => `k${index}`)),
					);
				}),
				{ numRuns: 60 },
			);
		});

		it("takes a value for the types that Puppet takes it for", async () => {
			await fc.assert(
				fc.asyncProperty(fc.array(fc.tuple(value, type), { minLength: 1, maxLength: 20 }), async (pairs) => {
					const data = pairs.map(([text], index) => `k${index}: ${text}\n`).join("");
					const lookups = pairs.map(([, name], index) => ({ keys: [`k${index}`], type: name }));
					await expectSame(puppet, { "hiera.yaml": COMMON, "data/common.yaml": data }, lookups);
				}),
				{ numRuns: 60 },
			);
		});
	});
});
