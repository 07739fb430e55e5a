import * as fc from "fast-check";
import type { Value } from "../../src/hiera/value.js";
import type { PuppetLookup } from "./puppet.js";

/** Random data, hierarchies and look-ups; values are YAML in flow style, so that 1.0 is told from 1. */

const NAMES = ["a", "b", "c", "d"];
const name = fc.constantFrom(...NAMES);

const interpolation = fc.oneof(
	fc.constantFrom("%{role}", "%{::role}", "%{facts.os.family}", "%{roles.0}", "%{roles.7}", "%{ role }", "%{nope}"),
	fc.constantFrom(
		"%{a::b}",
		"%{}",
		"%{weird}",
		"%{count}",
		"%{os}",
		"%{roles}",
		"%{trusted.certname}",
		"%{environment}",
	),
	fc.constantFrom("%{scope('role')}", "%{literal('%')}{role}", "%{role.x}", "%{os.'family'}", '%{\\"role\\"}'),
	fc
		.tuple(fc.constantFrom("lookup", "hiera", "alias", "lookup", "scope", "literal", "other"), name)
		.map(([method, key]) => `%{${method}('${key}')}`),
	fc.tuple(fc.constantFrom("lookup", "alias"), name, name).map(([method, key, sub]) => `%{${method}('${key}.${sub}')}`),
);
const text = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom("x", "y", "z", "--x", "--", "-x", "", "it's", "1") },
	{ weight: 1, arbitrary: interpolation },
	{ weight: 1, arbitrary: interpolation.map((inner) => `x${inner}`) },
);
const scalar = fc.oneof(
	{ weight: 5, arbitrary: text.map((words) => `"${words}"`) },
	fc.constantFrom("1", "2", "1.0", "true", "false", "~"),
);
const { value } = fc.letrec((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4, depthIdentifier: "value" },
		{ weight: 3, arbitrary: scalar },
		{ weight: 3, arbitrary: tie("array") },
		{ weight: 4, arbitrary: tie("hash") },
	),
	array: fc.array(tie("value"), { maxLength: 3, depthIdentifier: "value" }).map((items) => `[${items.join(", ")}]`),
	hash: fc
		.array(fc.tuple(fc.oneof({ weight: 6, arbitrary: name }, fc.constantFrom("1", '"1"', '"%{role}"')), tie("value")), {
			maxLength: 3,
			depthIdentifier: "value",
		})
		.map((pairs) => `{${pairs.map(([key, member]) => `${key}: ${member}`).join(", ")}}`),
}));

export const yamlValue = value as fc.Arbitrary<string>; // letrec knows no types

export const merge = fc.oneof(
	fc.constantFrom("first", "unique", "hash", "deep", "deep", "other"),
	fc
		.record(
			{
				knockout_prefix: fc.constantFrom("--", "--", "-", "", "[-x]", "("),
				sort_merged_arrays: fc.boolean(),
				merge_hash_arrays: fc.boolean(),
			},
			{ requiredKeys: [] },
		)
		.map((options) => ({ strategy: "deep", ...options })),
	fc.constantFrom(
		{ strategy: "hash" },
		{ strategy: "unique" },
		{ strategy: "first", x: "y" },
		{ knockout_prefix: "x" },
	),
);

const lookupOptions = fc
	.array(
		fc.tuple(
			fc.constantFrom("a", "b", "c", "^[ab]", "^c", "^", "^d\\\\z"),
			fc.oneof({ weight: 5, arbitrary: merge.map((strategy) => JSON.stringify({ merge: strategy })) }, yamlValue),
		),
		{ minLength: 1, maxLength: 3 },
	)
	.map((pairs) => `lookup_options: {${pairs.map(([key, options]) => `"${key}": ${options}`).join(", ")}}\n`);

/** A data file: some of the keys a to d, and sometimes `lookup_options`. */
export const dataFile = fc
	.tuple(
		fc.uniqueArray(fc.tuple(name, yamlValue), { selector: ([key]) => key, maxLength: 4 }),
		fc.oneof({ weight: 3, arbitrary: fc.constant("") }, { weight: 1, arbitrary: lookupOptions }),
	)
	.map(([pairs, options]) => pairs.map(([key, member]) => `${key}: ${member}\n`).join("") + options);

const location = fc.oneof(
	fc.constantFrom("path: top.yaml", "path: common.yaml", 'path: "role/%{role}.yaml"', 'path: "%{nope}/x.yaml"'),
	fc.constantFrom('paths: [top.yaml, "role/%{roles.1}.yaml"]', "paths: [missing.yaml, common.yaml]"),
	fc.constantFrom('glob: "role/*.yaml"', 'glob: "**/*.yaml"', 'glob: "{top,common}.yaml"', 'glob: "role/[dw]?*"'),
	fc.constantFrom('globs: ["*.yaml", "role/*"]', 'globs: ["none/*", "[c-t]o*.yaml"]', 'glob: "*/{web,db}.yaml"'),
	fc.constantFrom('mapped_paths: [facts.roles, r, "role/%{r}.yaml"]', 'mapped_paths: [role, r, "role/%{r}.yaml"]'),
	fc.constantFrom("mapped_paths: [nope, r, x.yaml]", 'path: common.yaml, datadir: "%{facts.os.family}"'),
);

/** The files of a site: `hiera.yaml` and what it may name. */
export const site = fc
	.tuple(
		fc.array(location, { minLength: 1, maxLength: 4 }),
		fc.record({
			"data/top.yaml": dataFile,
			"data/role/web.yaml": dataFile,
			"data/role/db.yaml": dataFile,
			"data/common.yaml": dataFile,
			"Debian/common.yaml": dataFile,
		}),
	)
	.map(([locations, files]) => {
		const levels = locations.map((place, index) => `  - {name: level ${index}, data_hash: yaml_data, ${place}}\n`);
		return { "hiera.yaml": `version: 5\nhierarchy:\n${levels.join("")}`, ...files };
	});

const key = fc.oneof(
	{ weight: 6, arbitrary: name },
	fc.tuple(name, fc.constantFrom(...NAMES, "0", "1", "'1'", "'a'.b", "web", "x")).map((parts) => parts.join(".")),
	fc.constantFrom("nope", "a..b", "'a'", "a.'b", " a", "a. b", ".a", "a::b", "1.a"),
);

export const lookup: fc.Arbitrary<PuppetLookup> = fc
	.tuple(fc.array(key, { minLength: 1, maxLength: 2 }), fc.option(merge), fc.boolean())
	.map(([keys, strategy, hasDefault]) => ({
		keys,
		...(strategy !== null && { merge: strategy }),
		...(hasDefault && { default: "the default" }),
	}));

const anyText = fc.oneof(
	fc.string({ unit: "grapheme", maxLength: 20 }),
	fc.string({ unit: fc.constantFrom(..."ab \n\t'\"\\:#-?,[]{}&*!|>%@`=~0123.yn"), maxLength: 12 }),
	fc.constantFrom(
		"yes",
		"~",
		"null",
		"1.0",
		"0x1F",
		"12:30",
		"2001-01-01",
		":sym",
		"<<",
		"a: b",
		"a #b",
		"- a",
		"é",
		"---",
	),
);

/** Any value that a lookup may give. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value; array: Value[]; hash: Map<Value, Value> }>(
	(tie) => ({
		value: fc.oneof(
			{ maxDepth: 4, depthIdentifier: "any" },
			fc.constantFrom(null, true, false),
			fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
			fc.double({ noNaN: false }).map((float) => (Object.is(float, -0) ? 0 : float)),
			anyText,
			tie("array"),
			tie("hash"),
		),
		array: fc.array(tie("value"), { maxLength: 4, depthIdentifier: "any" }),
		hash: fc
			.array(fc.tuple(fc.oneof(anyText, fc.bigInt({ min: -9n, max: 99n })), tie("value")), {
				maxLength: 4,
				depthIdentifier: "any",
			})
			.map((pairs) => new Map<Value, Value>(pairs)),
	}),
).value;
