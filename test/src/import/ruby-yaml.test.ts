import { writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRubyYaml } from "../../../src/import/ruby-yaml.js";
import { all, formatsOf, leavesUntouched } from "../../support/foreign.js";
import { Sandbox } from "../../support/sandbox.js";

// The shape is that of facts that Ruby's YAML::Store writes; test/peers/ruby.test.ts has Ruby itself write it.

function store(text: string | Buffer): string {
	const path = new Sandbox().path("trocla.yaml");
	writeFileSync(path, text);
	return path;
}

const read = (text: string | Buffer) => all(readRubyYaml(store(text), undefined));

const SIX = `---
alice:
  plain: 54kFgCTvWB[GNWyf
  sha512crypt: "$6$2oV1aGxL$yAWt"
exp:
- plain: "}xZNi[*Z=j*(n_z,"
  _expires: 3600
- !ruby/object:Rational
  denominator: 2
  numerator: 4000000001
'yes':
  plain: 'no'
? a key that is longer than a hundred and twenty-eight characters, which is where Psych, the YAML library of Ruby, begins to write such
: plain: x
"sp\\xE9cial \\e":
  plain: |-
    two

    lines: #1
!binary "w6k=":
  plain: !binary |-
    w6k=
`;

test("keys, formats, multi-line values, bytes and expiries are read as Ruby wrote them", async () => {
	const path = store(SIX);
	expect(await leavesUntouched(path, () => all(readRubyYaml(path, undefined)))).toEqual([
		{ key: "alice", formats: { plain: "54kFgCTvWB[GNWyf", sha512crypt: "$6$2oV1aGxL$yAWt" } },
		{ key: "exp", formats: { plain: "}xZNi[*Z=j*(n_z," }, endsAt: new Date(2000000000500), seconds: 3600 },
		{ key: "yes", formats: { plain: "no" } },
		{ key: expect.stringMatching(/^a key that is longer .* such$/), formats: { plain: "x" } },
		{ key: "spécial \u001b", formats: { plain: "two\n\nlines: #1" } },
		{ key: "é", formats: { plain: "é" } },
	]);
});

test("texts stay texts, whatever else YAML could take them for", async () => {
	const texts = ["0123", "1e3", "true", "~", "2026-01-01", "0x10", "1_000", ".inf", "=", "<<", "12:30:45", "null"];
	const text = texts.map((value, index) => `key${index}:\n  plain: ${value}\n`).join("");
	const found = await formatsOf(readRubyYaml(store(`---\n${text}`), undefined));
	expect(Object.values(found)).toEqual(texts.map((plain) => ({ plain })));
});

test("an expiry without a period has its end; the period of an end that is gone counts for nothing", async () => {
	const text = `---
a:
- mysql: "*AB"
- !ruby/object:Rational
  denominator: 1
  numerator: 2000000000
b:
  plain: x
  _expires: 60
`;
	expect(await read(text)).toEqual([
		{ key: "a", formats: { mysql: "*AB" }, endsAt: new Date(2000000000000) },
		{ key: "b", formats: { plain: "x" } },
	]);
});

test("a key pair of WireGuard is what the Ruby trocla prints, not the YAML that it stores", async () => {
	const [priv, pub] = [`${"A".repeat(43)}=`, `${"B".repeat(43)}=`];
	const text = `---\nvpn:\n  wireguard: |\n    ---\n    wg_priv: ${priv}\n    wg_pub: "${pub}"\n`;
	expect(await read(text)).toEqual([{ key: "vpn", formats: { wireguard: `pub: ${pub}\npriv: ${priv}` } }]);
});

test("an anchor is found in another entry", async () => {
	expect(await formatsOf(readRubyYaml(store("---\na: &1\n  plain: x\nb: *1\n"), undefined))).toEqual({
		a: { plain: "x" },
		b: { plain: "x" },
	});
});

test("whatever becomes of a file, each key comes in or is named, or the file is refused", async () => {
	const change = fc.tuple(fc.nat(SIX.length), fc.nat(20), fc.string({ unit: "binary-ascii", maxLength: 8 }));
	await fc.assert(
		fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
			const text = changes.reduce((all, [at, length, by]) => all.slice(0, at) + by + all.slice(at + length), SIX);
			const found = await read(text).catch((error) => error);
			if (Array.isArray(found)) for (const foreign of found) expect(foreign.key).toEqual(expect.any(String));
			else expect(found).toMatchObject({ code: "source", hint: expect.any(String) });
		}),
		{ numRuns: 500 },
	);
});

test("an empty map is a store without keys", async () => {
	expect(await read("--- {}\n")).toEqual([]);
});

describe("a broken entry among good ones is named, and the good ones come in", () => {
	const around = (entry: string) => `---\nalice:\n  plain: a\n${entry}zoe:\n  plain: z\n`;

	test.each([
		["a text in place of formats", "bad: secret\n", "bad", "is not a map of formats to values"],
		["a list without an end", "bad:\n- plain: secret\n", "bad", "has an expiry that is not a time"],
		[
			"an end with no numbers",
			"bad:\n- plain: secret\n- !ruby/object:Rational\n  denominator: 1\n",
			"bad",
			"has an expiry that is not a time",
		],
		["an object", "bad: !ruby/object:OpenStruct\n  plain: secret\n", "bad", "is not a map of formats to values"],
		["a list as a value", "bad:\n  plain:\n  - secret\n", "bad", "has a plain that is not a text"],
		["an object as a value", "bad:\n  plain: !ruby/regexp /secret/\n", "bad", "has a plain that is not a text"],
		["broken base64", "bad:\n  plain: !binary |-\n    w6=secret\n", "bad", "has a plain that is not a text"],
		["bytes that are not UTF-8", "bad:\n  plain: !binary |-\n    Y2Fm6Q==\n", "bad", "has a plain that is not UTF-8"],
		[
			"a key that is not UTF-8",
			'!binary "Y2Fm6Q==":\n  plain: secret\n',
			"(bytes 636166e9)",
			"is not UTF-8, as a key must be",
		],
		["open quotes", 'bad:\n  plain: "secret\n', "bad", "is not YAML: "],
		["a format twice", "bad:\n  plain: secret\n  plain: secret\n", "bad", "is not YAML: "],
		["a wrong indent", "bad:\n  plain: secret\n mysql: secret\n", "bad", "is not YAML: "],
		["an alias to nothing", "bad: *9\n", "bad", "is not YAML: "],
		["an entry on one line", "bad: {plain: *secret}\n", "bad", "is not YAML: "],
		["a key like a symbol", ":bad: [secret\n", "line 4", "is not YAML: "],
		["a key that begins with hyphens", "--bad: [secret\n", "--bad", "is not YAML: "],
		["a password like an alias", "bad:\n  plain: *secret\n", "bad", "is not YAML: "],
		["a password like a tag", "bad:\n  plain: !!secret\n", "bad", "is not YAML: "],
		["a password like a directive", "bad:\n  plain: !s!secret x\n", "bad", "is not YAML: "],
		[
			"a certificate that was cut off",
			"bad:\n  x509: |\n    -----BEGIN RSA PRIVATE KEY-----\n    c2VjcmV0\n",
			"bad",
			"has a x509 that is cut off: its -----END is missing",
		],
	])("%s", async (_, entry, key, fault) => {
		const found = await read(around(entry));
		expect(found.filter((foreign) => "formats" in foreign)).toEqual([
			{ key: "alice", formats: { plain: "a" } },
			{ key: "zoe", formats: { plain: "z" } },
		]);
		const faults = found.filter((foreign) => "fault" in foreign);
		expect(faults).toEqual([{ key, fault: expect.stringContaining(fault), hint: expect.any(String) }]);
		expect(JSON.stringify(faults)).not.toContain("secret");
	});

	test("what can be read of its own formats comes in too", async () => {
		expect(await read("---\nbad:\n  plain: a\n  mysql:\n  - x\n")).toEqual([
			{ key: "bad", fault: "has a mysql that is not a text", hint: expect.any(String) },
			{ key: "bad", formats: { plain: "a" } },
		]);
	});

	test("a line before the first entry", async () => {
		expect(await read("---\nMIIsecret=\nalice:\n  plain: a\n")).toEqual([
			{ key: "line 2", fault: "is not a YAML map", hint: expect.stringContaining("line 2") },
			{ key: "alice", formats: { plain: "a" } },
		]);
	});

	test("a key that stands there twice is its first value", async () => {
		const found = await read("---\na:\n  plain: one\nb:\n  plain: b\na:\n  plain: two\n");
		expect(found).toContainEqual({ key: "a", formats: { plain: "one" } });
		expect(found).toContainEqual({ key: "b", formats: { plain: "b" } });
		expect(found).toContainEqual({
			key: "a",
			fault: "is in the file twice; the first one came in",
			hint: expect.stringContaining("line 6"),
		});
	});
});

describe("a file that is no store is refused whole", () => {
	test.each([
		["empty", "", "is empty"],
		["a text", "hello\n", "holds no map of keys"],
		["a list", "---\n- a\n", "holds no map of keys"],
		["no YAML", "{{{{\n", "is not a YAML store"],
		["no text", Buffer.from([0xff, 0xfe, 0x0a]), "is not UTF-8"],
		["nothing but dashes", "---\n", "holds no map of keys"],
	])("%s", async (_, text, message) => {
		await expect(read(text)).rejects.toMatchObject({ code: "source", message: expect.stringContaining(message) });
	});

	test("cut off in the middle of any line, before anything of it is given", async () => {
		const bytes = Buffer.from(SIX);
		for (let end = 1; end < bytes.length; end++) {
			if (bytes[end - 1] === "\n".charCodeAt(0)) continue;
			const reader = readRubyYaml(store(bytes.subarray(0, end)), undefined);
			await expect(reader.next(), `cut at ${end}`).rejects.toMatchObject({ code: "source" });
		}
	});

	test("not there, or a directory", async () => {
		const sandbox = new Sandbox();
		const missing = readRubyYaml(sandbox.path("nowhere.yaml"), undefined);
		await expect(missing.next()).rejects.toMatchObject({
			code: "source",
			message: expect.stringContaining("there is no"),
		});
		const directory = readRubyYaml(sandbox.directory, undefined);
		await expect(directory.next()).rejects.toMatchObject({ message: expect.stringContaining("is a directory") });
	});
});
