import { rmSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dottedKey, parseKey } from "../../../src/hiera/key.js";
import { openHiera } from "../../../src/hiera/open-hiera.js";
import { Scope } from "../../../src/hiera/scope.js";
import { HieraSite } from "../../support/hiera-site.js";
import { cleanUp } from "../../support/sandbox.js";

const HIERA = `version: 5
hierarchy:
  - {name: Host, data_hash: yaml_data, path: "hosts/%{trusted.certname}.yaml"}
  - {name: JSON, data_hash: json_data, path: top.json}
  - {name: Secrets, lookup_key: eyaml_lookup_key, path: secrets.eyaml}
  - {name: Common, data_hash: yaml_data, path: common.yaml}
`;
const DEEP = "lookup_options: {users: {merge: deep}}\n";

async function site(files: { readonly [path: string]: string }) {
	const made = new HieraSite({ "hiera.yaml": HIERA, ...files });
	cleanUp(() => made.remove());
	const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
	const scope = Scope.of({ name: "www1" });
	return { made, hiera, origin: (...path: string[]) => hiera.origin(path, scope) };
}

/** The file and the line that have the comment `here`. */
function marked(made: HieraSite, files: { readonly [path: string]: string }) {
	for (const [path, text] of Object.entries(files)) {
		const line = text.split("\n").findIndex((one) => /(?:#|\/\/) here/.test(one)) + 1;
		if (line > 0) return { file: made.path(path), line };
	}
	throw new Error("nothing is marked");
}

const UID = ["users", "alice", "uid"];

describe("the place of a part of a value", () => {
	test.each([
		["in a block", "a: 1\nusers:\n  bob: {}\n  alice:\n    gid: 1\n    uid: 2 # here\n", UID],
		["in a flow map", "users: {bob: {},\n  alice: {gid: 1,\n  uid: 2} } # here\n", UID],
		["in a flow map on one line", "users: {alice: {uid: 2}} # here\n", UID],
		["with a quoted key", "users:\n  'alice':\n    \"u\\x69d\": 2 # here\n", UID],
		["with a key that is a symbol", "users:\n  :alice:\n    :uid: 2 # here\n", UID],
		["with a key that is a number", "users:\n  7:\n    0x10: 2 # here\n", ["users", "7", "16"]],
		["with a question mark", "users:\n  ? alice\n  :\n    ? uid # here\n    : 2\n", UID],
		[
			"with a name that JavaScript knows",
			"users:\n  __proto__:\n    constructor: 2 # here\n",
			["users", "__proto__", "constructor"],
		],
		["behind text of several lines", "a: |\n  x\n\n  y\nb: 'x\n\n  y'\nusers:\n  alice:\n    uid: 2 # here\n", UID],
		["behind a document's begin", "%YAML 1.1\n# x\n---\nusers:\n  alice:\n    uid: 2 # here\n", UID],
		["by lines that end with a carriage return", "users:\r\n  alice:\r\n    uid: 2 # here\r\n", UID],
		["by a merge key", "base: &base\n  uid: 2 # here\nusers:\n  alice:\n    <<: *base\n    gid: 1\n", UID],
		[
			"by a merge key over a merge key",
			"a: &a {uid: 2} # here\nb: &b {<<: *a, gid: 1}\nusers: {alice: {<<: *b}}\n",
			UID,
		],
		[
			"by the first map of a merge key",
			"a: &a {uid: 2} # here\nb: &b {uid: 3, gid: 1}\nusers:\n  alice:\n    <<: [*a, *b]\n",
			UID,
		],
		["behind a merge key", "base: &base {uid: 2}\nusers:\n  alice:\n    <<: *base\n    uid: 3 # here\n", UID],
		["by an alias", "base: &base\n  uid: 2 # here\nusers:\n  alice: *base\n", UID],
		["where the key comes twice", "users:\n  alice:\n    uid: 2\n    uid: 3 # here\n", UID],
		["where the entry comes twice", "users:\n  alice: {uid: 2}\n  alice: {uid: 3} # here\n", UID],
		["with lines that stand too far left", "users: {\nalice: {\nuid: 2 # here\n}}\n", UID],
		["that is missing", "users:\n  bob: {uid: 1}\n  alice: # here\n    gid: 1\n", UID],
		["whose entry is missing", "a: 1\nusers: # here\n  bob: {uid: 1}\n", UID],
		["whose entry is empty", "users:\n  alice: # here\n", UID],
		[
			"inside of a list",
			"users:\n  alice:\n    groups: # here\n      - {name: x}\n",
			["users", "alice", "groups", "0", "name"],
		],
		["inside of a text", "users:\n  alice: uid # here\n", UID],
		["that is looked up", "base: {uid: 2}\nusers:\n  alice: \"%{alias('base')}\" # here\n", UID],
		["that is looked up as a whole", "base: {alice: {uid: 2}}\nusers: \"%{alias('base')}\" # here\n", UID],
	])("is its line: %s", async (_, text, path) => {
		const files = { "data/common.yaml": text };
		const { made, origin } = await site(files);
		expect(await origin(...path)).toMatchObject(marked(made, files));
	});

	test("is its line in JSON", async () => {
		const files = {
			"data/top.json":
				'{"a": "x\\ny", /*\n*/ "users": {"bob": {},\n "al\\u0069ce":\n {"gid": 1,\n "uid": 2 // here\n}}}',
		};
		const { made, origin } = await site(files);
		expect(await origin(...UID)).toMatchObject(marked(made, files));
	});

	test("is its line among encrypted values, which nobody needs to decrypt for it", async () => {
		const files = { "data/secrets.eyaml": "users:\n  alice:\n    password: ENC[PKCS7,AAAA]\n    uid: 2 # here\n" };
		const { made, origin } = await site(files);
		expect(await origin(...UID)).toMatchObject(marked(made, files));
	});

	test.each([
		["first", "users: {bob: {}} # here\n", "users:\n  alice: {uid: 2}\n"],
		["deep", "users: {alice: {gid: 1}}\n", "users:\n  alice:\n    uid: 2 # here\n"],
		["deep", "users:\n  alice: {uid: 1} # here\n", "users:\n  alice: {uid: 2}\n"],
		["deep", "users:\n  alice: {uid: ~}\n", "users:\n  alice: {uid: 2} # here\n"],
		["deep", "users:\n  alice: {gid: 1} # here\n", "users:\n  alice: {gid: 2}\n"],
		["{strategy: deep, knockout_prefix: --}", "users: {}\n", "users:\n  alice:\n    uid: 2 # here\n"],
		["hash", "users:\n  alice: {gid: 1} # here\n", "users:\n  alice: {uid: 2}\n"],
		["hash", "users:\n  bob: {gid: 1}\n", "users:\n  alice: {uid: 2} # here\n"],
		["hash", "users: # here\n  bob: {gid: 1}\n", "users:\n  carol: {uid: 2}\n"],
	])("is in the file that gives it: %s, %j over %j", async (merge, host, common) => {
		const options = `lookup_options: {users: {merge: ${merge}}}\n`;
		const files = { "data/hosts/www1.yaml": host, "data/common.yaml": common + options };
		const { made, origin } = await site(files);
		expect(await origin(...UID)).toMatchObject(marked(made, files));
	});

	test("is found by the merge that the look-up asked for", async () => {
		const files = { "data/hosts/www1.yaml": "users: {}\n", "data/common.yaml": "users:\n  alice: {uid: 2} # here\n" };
		const { made, hiera, origin } = await site(files);
		expect(await origin(...UID)).toMatchObject({ file: made.path("data/hosts/www1.yaml"), line: 1, key: "users" });
		const deep = await hiera.origin(UID, Scope.of({ name: "www1" }), { merge: "deep" });
		expect(deep).toMatchObject(marked(made, files));
	});

	test("names the key that stands there", async () => {
		const { origin } = await site({ "data/common.yaml": `${DEEP}users: {alice.x: {uid: 1}, bob: {}}\n` });
		expect(await origin("users", "alice.x", "uid")).toMatchObject({ key: 'users."alice.x".uid' });
		expect(await origin("users", "bob", "uid")).toMatchObject({ key: "users.bob" });
		expect(await origin("users", "carol", "uid")).toMatchObject({ key: "users" });
	});

	test("is what one host sees, and another one not", async () => {
		const { made, hiera, origin } = await site({
			"data/hosts/www1.yaml": "users: {alice: {uid: 1}}\n",
			"data/common.yaml": `${DEEP}users: {alice: {uid: 2}}\n`,
		});
		expect(await origin(...UID)).toMatchObject({ file: made.path("data/hosts/www1.yaml"), line: 1 });
		const other = await hiera.origin(UID, Scope.of({ name: "www2" }));
		expect(other).toMatchObject({ file: made.path("data/common.yaml"), line: 2 });
	});

	test("is not known where no file has it, or the data is faulty", async () => {
		const { origin } = await site({ "data/common.yaml": "users: {}\n" });
		expect(await origin("nope", "alice")).toBeUndefined();
		expect(await origin()).toBeUndefined();
		const faulty = await site({ "data/common.yaml": "users: {\n" });
		expect(await faulty.origin(...UID)).toBeUndefined();
		const options = await site({ "data/common.yaml": "lookup_options: {users: {merge: nonsense}}\nusers: {}\n" });
		expect(await options.origin(...UID)).toBeUndefined();
	});

	test("is that of the root key in a file that was changed or removed meanwhile", async () => {
		const { made, hiera, origin } = await site({ "data/common.yaml": "a: 1\nusers:\n  alice: {uid: 2}\n" });
		await hiera.lookup("users", Scope.of({ name: "www1" }));
		const place = { file: made.path("data/common.yaml"), line: 2, key: "users" };
		rmSync(made.path("data/common.yaml"));
		expect(await origin(...UID)).toEqual(place);
		const other = await site({ "data/common.yaml": "a: 1\nusers:\n  alice: {uid: 2}\n" });
		await other.hiera.lookup("users", Scope.of({ name: "www1" }));
		other.made.write("data/common.yaml", "users:\n  bob: 1\n  alice: {uid: 2}\n");
		expect(await other.origin(...UID)).toEqual({ ...place, file: other.made.path("data/common.yaml") });
	});

	type Tree = { readonly [name: string]: Tree | number };
	const name = fc.string({ unit: fc.constantFrom(..."ab\"'\\ \n.é:#{}[]%&*"), maxLength: 6 });
	const tree = fc.letrec<{ tree: Tree }>((tie) => ({
		tree: fc.dictionary(name, fc.oneof({ maxDepth: 4 }, fc.nat(), tie("tree")), { maxKeys: 4 }),
	})).tree;

	/** The paths of all members, in the order in which they are written. */
	const pathsOf = (inside: Tree, above: readonly string[]): string[][] =>
		Object.entries(inside).flatMap(([name, member]) => {
			const path = [...above, name];
			return typeof member === "number" ? [path] : [path, ...pathsOf(member, path)];
		});

	test.each(["common.yaml", "top.json"])("is right for any map in %s", async (file) => {
		await fc.assert(
			fc.asyncProperty(tree, async (users) => {
				// JavaScript's printer gives each key a line of its own, in order; others are those of braces.
				const text = JSON.stringify({ users }, null, 1);
				const lines = text.split("\n").flatMap((line, index) => (/^ *"/.test(line) ? [index + 1] : []));
				const made = new HieraSite({ "hiera.yaml": HIERA, [`data/${file}`]: text });
				try {
					const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
					const paths = pathsOf({ users }, []);
					const found = await Promise.all(paths.map((path) => hiera.origin(path, Scope.of({ name: "www1" }))));
					expect(found.map((place) => place?.line)).toEqual(lines);
				} finally {
					made.remove();
				}
			}),
			{ numRuns: 100 },
		);
	});
});

test("a place's key is one that Hiera reads as the same parts", () => {
	const part = fc
		.oneof(
			fc.string({ minLength: 1, maxLength: 5 }),
			fc.string({ unit: fc.constantFrom(..."a1.'\" -:+"), minLength: 1 }),
		)
		.filter((text) => !(text.includes("'") && text.includes('"')));
	fc.assert(
		fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
			const { root, path } = parseKey(dottedKey(parts));
			expect([root, ...path]).toEqual(parts);
		}),
	);
});
