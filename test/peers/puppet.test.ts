import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { render } from "../../src/hiera/render.js";
import { anyValue, lookup, site } from "../support/hiera-arbitraries.js";
import { HieraSite, HOST } from "../support/hiera-site.js";
import { missing, pathOf } from "../support/peers.js";
import { mark, Puppet } from "../support/puppet.js";
import { COMMON, expectSame, keys } from "../support/same-as-puppet.js";

import { cleanUp, run, Sandbox } from "../support/sandbox.js";

describe.skipIf(missing("puppet", "ruby"))("Puppet (needs puppet-agent)", () => {
	let puppet: Puppet;

	beforeAll(() => {
		puppet = new Puppet();
	});
	afterAll(() => puppet?.stop());

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
					await expectSame(puppet, { "hiera.yaml": COMMON, "data/common.yaml": text }, keys("k0", "k1", "k2"));
				}),
				{ numRuns: 300 },
			);
		});
	});

	it("gives the same as trocla for any hierarchy, data and merge", async () => {
		await fc.assert(
			fc.asyncProperty(site, fc.array(lookup, { minLength: 1, maxLength: 12 }), async (files, lookups) => {
				await expectSame(puppet, files, lookups);
			}),
			{ numRuns: 250 },
		);
	});

	it("gives the same as trocla where the environment has a hierarchy of its own", async () => {
		// Puppet takes a lookup inside of an environment's lookup_options for a loop; trocla for one without options.
		const isLoop = (text: string) => /^lookup_options:.*%\{/m.test(text);
		const layers = fc.tuple(site, site).filter((both) => !both.flatMap(Object.values<string>).some(isLoop));
		await fc.assert(
			fc.asyncProperty(layers, fc.array(lookup, { minLength: 1, maxLength: 12 }), async ([above, below], lookups) => {
				const under = Object.entries(below).map(([path, text]) => [`environments/production/${path}`, text]);
				await expectSame(puppet, { ...above, ...Object.fromEntries(under) }, lookups);
			}),
			{ numRuns: 40 },
		);
	});

	it("matches the patterns of lookup_options as trocla does", async () => {
		const part = fc.constantFrom(
			"a",
			"b",
			"::",
			".",
			"\\w+",
			"\\d*",
			"[a-c]",
			"[^a]",
			"[[:alpha:]]",
			"(a|b)",
			"$",
			"\\z",
			"\\A",
		);
		const more = fc.constantFrom(
			"\\h",
			"(?:x)?",
			"a{2}",
			"+",
			"*",
			"(?=a)",
			"\\b",
			"\\.",
			"(",
			"[",
			"\\Z",
			"\\s",
			"é",
			"-",
		);
		const pattern = fc
			.array(fc.oneof(part, more), { maxLength: 4 })
			.map((parts) => `^${parts.join("")}`.replace("^é", "^(?i)"))
			// What repeats a place instead of characters is an error in JavaScript, and for Ruby a warning.
			.filter((source) => !/(?:\^|\$|\\[AzZb]|\))[*+{]|[*+}?][*+{]/.test(source));
		const names = ["a", "ab", "abc", "b::a", "aa1", "a.b", "A", "x", "-", "a\nb"];
		const data = Object.fromEntries(names.map((name) => [name, 5]));
		await fc.assert(
			fc.asyncProperty(pattern, async (source) => {
				const files = { "data/common.yaml": { ...data, lookup_options: { [source]: { convert_to: "String" } } } };
				await expectSame(
					puppet,
					{ "hiera.yaml": COMMON, ...files },
					keys(...names.map((name) => JSON.stringify(name))),
				);
			}),
			{ numRuns: 120 },
		);
	});

	it("reads JSON as trocla does", async () => {
		const broken = fc.tuple(
			fc.json(),
			fc.nat(),
			fc.constantFrom("", ",", "]", "}", '"', "01", "-", "//x\n", "/*x*/", "\\", "1.", "e5"),
		);
		const text = fc.oneof(
			fc.json(),
			broken.map(
				([json, at, piece]) => json.slice(0, at % (json.length + 1)) + piece + json.slice(at % (json.length + 1)),
			),
		);
		const file = fc.oneof(
			text.map((json) => `{"k": ${json}}`),
			text,
			fc.constantFrom("", " ", "NaN", "[]", '{"k":1,"k":2.0}'),
		);
		const config = COMMON.replace("yaml_data", "json_data").replace("common.yaml", "common.json");
		await fc.assert(
			fc.asyncProperty(file, async (json) => {
				await expectSame(puppet, { "hiera.yaml": config, "data/common.json": json }, keys("k"));
			}),
			{ numRuns: 200 },
		);
	});

	const level = (text: string) => `version: 5\nhierarchy:\n  - {name: a, ${text}}\n`;

	it.each([
		"version: 5\n",
		"version: 5\nhierarchy: []\n",
		"version: 5\nhierarchy: ~\ndefaults: ~\n",
		"version: 5\ndefaults: {datadir: other}\n",
		"version: 5\ndefaults: {datadir: other, data_hash: yaml_data}\nhierarchy: [{name: a, path: common.yaml}]\n",
		"version: 5\ndefaults: {data_hash: yaml_data, lookup_key: eyaml_lookup_key}\n",
		"version: 5\nunknown: 1\n",
		"version: '5'\n",
		"version: 4\n",
		"version: 6\n",
		"version: 5\nhierarchy: [{name: a, path: common.yaml}, {name: a, path: other.yaml}]\n",
		"version: 5\nhierarchy: [{path: common.yaml}]\n",
		"version: 5\nhierarchy: {name: a}\n",
		"version: 5\ndefault_hierarchy: [{name: a, path: common.yaml}]\n",
		"version: 5\nplan_hierarchy: [{name: a, path: common.yaml}]\n",
		"version: 5\nplan_hierarchy: [{name: a, pth: common.yaml}]\n",
		level("path: common.yaml"),
		level("path: common"),
		level("path: ''"),
		level("path: 1"),
		level("path: '%{nope}'"),
		level(`path: '%{lookup("k")}.yaml'`),
		level("path: ../data/common.yaml"),
		level("path: common.yaml, paths: [common.yaml]"),
		level("paths: []"),
		level("paths: common.yaml"),
		level("paths: [~, common.yaml]"),
		level("glob: '*'"),
		level("glob: '**'"),
		level("glob: '../**/*mon.yaml'"),
		level("glob: '{common,{other,sub/deep}}.yaml'"),
		level("globs: ['sub/*', '\\\\common.y?ml', '[!a-b]*.yaml']"),
		level("mapped_paths: [facts.roles, x, '%{x}.yaml']"),
		level("mapped_paths: [facts.roles, x]"),
		level("mapped_paths: [facts.os, x, '%{x}.yaml']"),
		level("mapped_paths: [count, x, '%{x}.yaml']"),
		level("mapped_paths: ['%{role}', x, common.yaml]"),
		level("uri: 'http://example.com/'"),
		level("data_hash: nonsense, path: common.yaml"),
		level("lookup_key: nonsense"),
		level("data_hash: yaml_data"),
		level("data_hash: yaml_data, lookup_key: eyaml_lookup_key, path: common.yaml"),
		level("path: common.yaml, options: {x: 1}"),
		level("path: common.yaml, options: {path: x}"),
		level("path: common.yaml, options: {1x: x}"),
		level("path: common.yaml, options: []"),
		level("path: common.yaml, datadir: other"),
		level(`path: common.yaml, datadir: '%{literal("x")}'`),
		level("path: common.yaml, datadir: 'sub/..'"),
		level("path: sub"),
		level("path: latin.yaml"),
		level("path: tab.yaml"),
		level("path: list.yaml"),
		level("path: empty.yaml"),
	])("takes this hiera.yaml as trocla does: %j", async (config) => {
		const files = {
			"hiera.yaml": config,
			"data/common.yaml": "k: common\n",
			"data/.hidden.yaml": "k: hidden\n",
			"data/sub/deep.yaml": "k: deep\n",
			"data/web.yaml": "k: web\n",
			"other/common.yaml": "k: other\n",
			"data/tab.yaml": "k:\n\t- 1\n",
			"data/list.yaml": "- k\n",
			"data/empty.yaml": "# nothing\n",
		};
		await expectSame(puppet, files, keys("k", "j"));
	});

	it("reads what trocla prints as YAML as the same value", async () => {
		await fc.assert(
			fc.asyncProperty(
				// Puppet takes an empty document for false.
				anyValue.filter((value) => value !== null),
				async (value) => {
					const [read] = await puppet.ask({ yaml: `${render(value, "yaml")}\n` });
					expect(read).toEqual({ value: mark(value) });
				},
			),
			{ numRuns: 500 },
		);
	});

	it("prints what trocla prints on the command line", async () => {
		const site = new HieraSite({
			"hiera.yaml": COMMON,
			"facts.json": { role: "web" },
			"data/common.yaml": "a: {list: [1, 2.50, 'no', {x: ~}], text: \"two\\nlines\", empty: []}\nb: '%{facts.role}'\n",
		});
		cleanUp(() => site.remove());
		const sandbox = new Sandbox();
		const at = ["--node", HOST.node, "--facts", site.path("facts.json")];
		const theirs = ["--hiera_config", site.path("hiera.yaml"), "--vardir", site.path("v"), "--confdir", site.path("c")];
		for (const flags of [["a"], ["no", "b"], ["a", "--render-as", "json"], ["a.list", "--render-as", "s"], ["no"]]) {
			const ours = await sandbox.run(["lookup", ...flags, ...at, "--hiera-config", site.path("hiera.yaml")]);
			const { code, stdout } = await run(pathOf("puppet"), ["lookup", ...flags, ...at, ...theirs]);
			expect({ code: ours.code, stdout: ours.stdout }).toEqual({ code, stdout });
		}
	});
});
