import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HieraSite } from "../support/hiera-site.js";
import { missing } from "../support/peers.js";
import { Puppet, type PuppetAnswer } from "../support/puppet.js";

const HIERA = "version: 5\nhierarchy:\n  - {name: Common, data_hash: yaml_data, path: common.yaml}\n";

/** Data files that two readers of YAML may well read differently, by what is in them. */
const FILES: { readonly [what: string]: readonly string[] } = {
	"merge keys": [
		"k: &a {x: 1}\nj: {<<: *a, y: 2}\n",
		"k: {y: 2, <<: [{y: 3, z: 4}, {z: 5}]}\n",
		"k: {<<: 1, a: 2}\n",
		"k:\n  <<: {a: 1}\n  a: 2\nj:\n  a: 2\n  <<: {a: 1}\n",
		'k: {"<<": {a: 1}}\nj: {!!str <<: {a: 1}}\n',
		"a: &x [1, 2]\nk: {<<: *x}\nj: {<<: [*x]}\n",
		"k: <<\nj: [<<]\n",
	],
	"keys that come twice": [
		"k: {a: 1, a: 2, b: 3}\n",
		"k: 1\nj: 2\nk: 3\n",
		"k: {1: a, 1.0: b, '1': c}\n",
		":k: 1\nk: 2\n",
	],
	tags: [
		"k: !!str 5\nj: !!int '5'\n",
		"k: !!float 5\nj: !float 1\n",
		"k: !!float abc\n",
		"k: !!bool yes\nj: !!null x\n",
		"k: !!binary aGVsbG8=\nj: !binary |\n  aGVsbG8=\n",
		"k: !foo bar\nj: !foo {a: 1}\n",
		"k: ! 5\nj: ! '5'\n",
		"k: !!set {a, b}\n",
		"k: !!omap [a: 1, b: 2]\n",
		"k: !!omap {a: 1}\n",
		"k: !ruby/sym x\nj: {!ruby/symbol x: 1}\n",
		"k: !ruby/regexp /a/\n",
		"k: !ruby/object:Hash {a: 1}\n",
		"k: !ruby/object:OpenStruct {a: 1}\n",
		"k: !ruby/struct:Foo {a: 1}\n",
		"k: !ruby/hash:Hash {a: 1}\n",
		"k: !ruby/array:Array [1]\n",
		"k: !ruby/range 1..2\n",
		"k: !ruby/class String\n",
		"k: !map:Hash {a: 1}\n",
		"k: !seq:Foo [1]\n",
		"k: !str x\nj: !ruby/string x\n",
		"k: !str:Foo x\n",
		"k: !!map [1]\nj: !!str [1]\n",
		"k: !!str {a: 1}\n",
		"k: !!timestamp 2001-01-01\n",
		"k: !<tag:yaml.org,2002:str> 5\n",
		"%TAG !e! tag:x,2000:\n---\nk: !e!foo 5\n",
		"k: !e!foo 5\n",
	],
	symbols: ["k: :x\nj: ':x'\n", "k:\n- :x\nj: 1\n", ":k: 1\n", "k:\n  :x: 1\nj: 1\n"],
	"keys that are no texts": [
		"~: 2\nk: 3\n",
		"k: {~: 1}\n",
		"k: {true: 1}\n",
		"k: {yes: 1}\n",
		"k: {[1]: 1}\n",
		"[1]: 2\nk: 3\n",
	],
	documents: [
		"%YAML 1.1\n---\nk: 1\n...\n",
		"---\nk: 1\n---\nk: 2\n",
		"k: 1\n---\nj: [\n",
		"# c\n\n--- {k: 1}\n",
		"k: 1\n... x\n",
		"k: |\n  a\n--- x\n",
		"--- ~\n",
		"--- |\n k\n",
		"",
		"#x\n",
		"k",
		"- k\n",
		"\uFEFFk: 1\n",
	],
	anchors: ["k: &a 1\nj: *a\n", "k: &a 1\nx: &a 2\nj: *a\n", "k: &a [*a]\n", "k: *a\nj: &a 1\n", "k: &x\nj: *x\n"],
	"brackets far to the left": [
		"k: [\n]\nj: {\n}\n",
		"k: [\n  a,\n  b\n]\nj:\n  x: {\n    y: 1,\n  }\n",
		"k: [\na,\nb]\nj: {\na: 1,\nb: [\nc\n]\n}\n",
		"k:\n  x: [\n a,\n  b\n]\n  y: {a: b\n,c: d}\n",
		"k: {a: 'x\ny', b: \"x\n\nz\"}\nj: 1\n",
		"k: 'x\ny'\nj: \"x\n  z\"\n",
		"k: [a\nb, c\n\nd]\n",
		"k: |\n  [\n  ]\nj: [\n]\n",
		"k: '[\n]'\nj: [\n]\n",
		"k: [1,\t2]\nj: {a:\t1,\tb: 2}\n",
		"k: [\n\ta,\n\t\tb\n]\n",
		"k: [ # c\n# d\na # e\n]\n",
		"k: [\n",
		"k: {\n]\n",
	],
	"blanks and lines": [
		"k:\t1\nj: a\tb\n",
		"k: 1\n\tj: 2\n",
		"\tk: 1\n",
		"k: 1\r\nj: 2\r\n",
		"k: |\r\n  a\r\n  b\r\n",
		'k: "a\n  b\n\n  c"\nj: a\n  b\n\n  c\n',
		"k: |\n  a\n   b\n\n  c\n\n\nj: |-\n  a\n",
		"k: |+\n  a\n\nj: >\n  a\n  b\n\n  c\n   d\n  e\n",
		"k: |2\n   a\nj: >-\n\n  a\n",
		"k: |\nj: >\n",
		"k:\n- 1\n- 2\nj:\n - - 1\n   - 2\n - a: 1\n   b: 2\n",
		"k:\n  a: 1\n b: 2\n",
		"k: 1\n  j: 2\n",
		"k: 1\n- 2\n",
	],
	"plain scalars": [
		"k: @x\n",
		"k: `x`\n",
		"k: %x\n",
		"k: - a\n",
		"k: a: b\n",
		"k: 'a': b\n",
		"k: a #c\nj: a#c\n",
		"k: http://x:80/a\nj: [http://x:80/a, b]\n",
		"k: a, b\nj: [a b, 'c' ]\n",
		"k: {a:1}\nj: {'a':1}\n",
		"k: [a: 1, b]\nj: {? a, b, c: 1}\n",
		"k: [,]\n",
		"k: [a,]\nj: {a,}\n",
		"k: a]\nj: a}\n",
		'k: "a\\tb\\x41\\u00e9\\U0001F600\\e\\_\\N"\n',
		'k: "a\\qb"\n',
		"k: 'it''s'\n",
		"k: \u0007\n",
		"k: ü\nj: ß €\n",
		"k: =\nj: [=]\n",
		"k: 190:20:30\nj: 190:20:30.15\n",
		"k: 0x_\n",
		"k: 0b_\n",
	],
};

describe.skipIf(missing("puppet", "ruby"))("Psych in Puppet (needs puppet-agent)", () => {
	let puppet: Puppet;

	beforeAll(() => {
		puppet = new Puppet();
	});
	afterAll(() => puppet?.stop());

	it.each(Object.entries(FILES))("reads %s as trocla does, or both refuse them", async (_, texts) => {
		const lookups = ["k", "j"].map((key) => ({ keys: [key] }));
		for (const text of texts) {
			const site = new HieraSite({ "hiera.yaml": HIERA, "data/common.yaml": text });
			try {
				const outcome = (answers: PuppetAnswer[]) => ({
					text,
					values: answers.map((answer) => ("error" in answer ? "refused" : [answer.value])),
				});
				expect(outcome(await site.ours(lookups))).toEqual(outcome(await site.theirs(puppet, lookups)));
			} finally {
				site.remove();
			}
		}
	});
});
