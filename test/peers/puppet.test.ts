import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookup, site } from "../support/hiera-arbitraries.js";
import { HieraSite, HOST } from "../support/hiera-site.js";
import { missing } from "../support/peers.js";
import { Puppet, type PuppetAnswer, type PuppetLookup } from "../support/puppet.js";

describe.skipIf(missing("puppet"))("Puppet (needs puppet-agent)", () => {
	let puppet: Puppet;

	beforeAll(() => {
		puppet = new Puppet();
	});
	afterAll(() => puppet?.stop());

	/** Expects the same answers of both, or that both fail. */
	async function expectSame(files: { [path: string]: string | object }, lookups: PuppetLookup[], host = HOST) {
		const site = new HieraSite(files);
		try {
			const [ours, theirs] = [await site.ours(lookups, host), await site.theirs(puppet, lookups, host)];
			const shown = (answers: PuppetAnswer[], other: PuppetAnswer[]) =>
				answers.map((answer, index) => {
					const isFailure = "error" in answer && "error" in (other[index] ?? {});
					return { ...lookups[index], ...(isFailure ? { error: "both" } : answer) };
				});
			expect(shown(ours, theirs)).toEqual(shown(theirs, ours));
			return theirs;
		} finally {
			site.remove();
		}
	}

	const COMMON = "version: 5\nhierarchy:\n  - {name: Common, data_hash: yaml_data, path: common.yaml}\n";
	const keys = (...names: string[]) => names.map((name) => ({ keys: [name] }));

	describe("YAML", () => {
		const word = fc.oneof(
			{
				weight: 3,
				arbitrary: fc.string({ unit: fc.constantFrom(..."0123456789:-+._,eExXob aAfFyYnN~tTruls=<"), maxLength: 12 }),
			},
			fc.constantFrom("yes", "Yes", "no", "on", "OFF", "y", "n", "~", "null", "NULL", "true", "True"),
			fc.constantFrom("0644", "0o14", "08", "0x1F", "0b101", "1_000", "1,000", "1:30", "12:30:45", "-1:30", "12:30.5"),
			fc.constantFrom("1.5e3", "1e3", "1.5e+3", "1.", ".5", ".", "1_0.5", ".inf", "-.INF", ".nan", "+.inf", "-0"),
			fc.constantFrom("2001-01-01", "2001-13-01", "2001-02-30", "2001-1-1", "2001-01-01 10:00:00", ":sym", "<<", "="),
		);

		it("is typed by trocla as by Puppet", async () => {
			await fc.assert(
				fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 3 }), async (words) => {
					const text = words.map((word, index) => `k${index}: ${word}\n`).join("");
					await expectSame({ "hiera.yaml": COMMON, "data/common.yaml": text }, keys("k0", "k1", "k2"));
				}),
				{ numRuns: 1500 },
			);
		});
	});

	it("gives the same as trocla for any hierarchy, data and merge", async () => {
		await fc.assert(
			fc.asyncProperty(site, fc.array(lookup, { minLength: 1, maxLength: 12 }), async (files, lookups) => {
				await expectSame(files, lookups);
			}),
			{ numRuns: 1000 },
		);
	});

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
					await expectSame({ "hiera.yaml": COMMON, ...files }, keys(...conversions.map((_, index) => `k${index}`)));
				}),
				{ numRuns: 200 },
			);
		});

		it("takes a value for the types that Puppet takes it for", async () => {
			await fc.assert(
				fc.asyncProperty(fc.array(fc.tuple(value, type), { minLength: 1, maxLength: 20 }), async (pairs) => {
					const data = pairs.map(([text], index) => `k${index}: ${text}\n`).join("");
					const lookups = pairs.map(([, name], index) => ({ keys: [`k${index}`], type: name }));
					await expectSame({ "hiera.yaml": COMMON, "data/common.yaml": data }, lookups);
				}),
				{ numRuns: 200 },
			);
		});
	});
});
