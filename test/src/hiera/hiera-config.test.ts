import { describe, expect, test } from "vitest";
import { TroclaError } from "../../../src/errors.js";
import { parseHieraConfig } from "../../../src/hiera/hiera-config.js";

function refusal(text: string): TroclaError {
	try {
		parseHieraConfig(text, "/site/hiera.yaml");
	} catch (error) {
		if (error instanceof TroclaError) return error;
		throw error;
	}
	throw new Error("it was not refused");
}

const level = (rest: string) => `version: 5\nhierarchy:\n  - {name: Common, ${rest}}\n`;

describe("hiera.yaml", () => {
	test.each([
		["---\n:backends: [yaml]\n:hierarchy: [common]\n", "it has symbols as keys (:backends:), as Hiera 3's"],
		[":version: 5\n:hierarchy: []\n", "it has symbols as keys (:backends:), as Hiera 3's"],
		["backends: [yaml]\n", "it is of version 3"],
		["version: 4\n", "it is of version 4"],
	])("of another version is refused with Puppet's guide to converting it: %j", (text, what) => {
		const { code, message, hint } = refusal(text);
		expect({ code, message }).toEqual({
			code: "config",
			message: `/site/hiera.yaml: ${what}, and only version 5 is understood`,
		});
		expect(hint).toBe("Convert it as Puppet says: https://www.puppet.com/docs/puppet/7/hiera_migrate.html");
	});

	test.each([
		[level("path: a.yaml, pathes: []"), 'level "Common": unknown key "pathes"', "Did you mean paths?"],
		[level("path: a.yaml, glob: b"), 'level "Common": more than one of path, glob', "Leave one"],
		[level("path: [a.yaml]"), 'level "Common": path must be a text, not an array', undefined],
		[level("uri: 'https://x/'"), 'level "Common": trocla reads no URIs', "Keep the data in files, with path"],
		[
			level("data_hash: hocon_data, path: a"),
			'level "Common": trocla has no data_hash "hocon_data"',
			/^It has: data_hash: yaml_data/,
		],
		[level("data_dig: x, path: a"), 'level "Common": trocla has no data_dig "x"', /lookup_key: trocla_lookup_key$/],
		[
			level("data_hash: yaml_data"),
			/yaml_data needs a path, paths, glob, globs or mapped_paths$/,
			"As in: path: common.yaml",
		],
		["version: 5\nhierarchys: []\n", 'unknown key "hierarchys"', "Did you mean hierarchy?"],
		["version: 5\nhierarchy: [{path: x}]\n", "a level of the hierarchy has no name", "As in: - name: Common data"],
		["version: 5\nhierarchy: common\n", "hierarchy must be a list of levels, not a string", undefined],
		["[]", "it is not a map of settings", "It must begin with: version: 5"],
	])("with a fault is refused with the place and what to do: %j", (text, message, hint) => {
		const error = refusal(text);
		expect(error.code).toBe("config");
		expect(error.message.replace("/site/hiera.yaml: ", "")).toMatch(message);
		if (hint === undefined) expect(error.hint).toBeUndefined();
		else expect(error.hint).toMatch(hint);
	});

	test("that is no YAML is refused with its line", () => {
		expect(refusal("version: 5\nhierarchy: [\n").message).toMatch(/^\/site\/hiera\.yaml:\d: not YAML/);
	});
});
