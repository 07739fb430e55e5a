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
});
