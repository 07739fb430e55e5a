import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TroclaError } from "../../../src/errors.js";
import { DataFiles } from "../../../src/hiera/data-files.js";
import { openHiera } from "../../../src/hiera/open-hiera.js";
import { Scope } from "../../../src/hiera/scope.js";
import { plainValue } from "../../../src/hiera/value.js";
import { HieraSite } from "../../support/hiera-site.js";
import { cleanUp } from "../../support/sandbox.js";

const HIERA = `version: 5
defaults: {data_hash: yaml_data}
hierarchy:
  - {name: Host, path: "hosts/%{trusted.certname}.yaml"}
  - {name: All, glob: "all/*.yaml"}
`;

function site(files: { readonly [path: string]: string }): HieraSite {
	const made = new HieraSite({ "hiera.yaml": HIERA, ...files });
	cleanUp(() => made.remove());
	return made;
}

describe("data files", () => {
	test("are read once, however many hosts ask, and by several configurations that share them", async () => {
		const made = site({ "data/all/x.yaml": "a: {b: [1]}\n" });
		const hieraConfig = made.path("hiera.yaml");
		const files = new DataFiles();
		const hiera = await openHiera({ hieraConfig, files });
		const first = await hiera.lookup("a", Scope.of({ name: "www1" }));
		made.write("data/all/x.yaml", "a: changed\n");
		made.write("data/all/y.yaml", "a: new\n");
		rmSync(made.path("data/all"), { recursive: true });
		expect(await hiera.lookup("a", Scope.of({ name: "www2" }))).toBe(first);
		const again = await openHiera({ hieraConfig, files });
		expect(await again.lookup("a", Scope.of({ name: "www3" }))).toBe(first);
		const fresh = await openHiera({ hieraConfig });
		await expect(fresh.lookup("a", Scope.of({ name: "www1" }))).rejects.toMatchObject({ code: "not_found" });
	});

	test("give hosts that see the same one merged value, and each other host its own", async () => {
		const made = site({
			"data/all/a.yaml": "users: {alice: {uid: 1}}\nlookup_options: {users: {merge: deep}}\n",
			"data/all/b.yaml": "users: {bob: {uid: 2}}\n",
			"data/hosts/www3.yaml": "users: {alice: {uid: 3}}\n",
		});
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
		const users = (name: string) => hiera.lookup("users", Scope.of({ name }));
		const both = await users("www1");
		expect(plainValue(both)).toEqual({ alice: { uid: 1 }, bob: { uid: 2 } });
		expect(await users("www2")).toBe(both);
		expect(plainValue(await users("www3"))).toEqual({ alice: { uid: 3 }, bob: { uid: 2 } });
	});

	test.each([
		["a: 1\nb: [\n", /x\.yaml:\d: not YAML/],
		["a: 1\nd: 2026-01-01\n", /x\.yaml:2: a value is a date, which Puppet refuses/],
		["a: 1\no: !ruby/object:Object {}\n", /x\.yaml:2: a tag \(!ruby\/object\) is refused/],
		["a: *b\n", /x\.yaml:1: an alias has no anchor before it/],
		["a: &x [*x]\n", /x\.yaml:1: an alias is inside the value that it stands for/],
	])("with a fault are named with its line: %j", async (text, message) => {
		const made = site({ "data/all/x.yaml": text });
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
		await expect(hiera.lookup("a", Scope.of({}))).rejects.toMatchObject({
			code: "data",
			message: expect.stringMatching(message),
			place: { file: made.path("data/all/x.yaml") },
		});
	});

	test("hold keys that JavaScript has a meaning for as data like others", async () => {
		const made = site({ "data/all/x.yaml": "__proto__: {a: 1}\nh: {__proto__: {b: 2}, constructor: 3}\n" });
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
		const scope = Scope.of({});
		expect(await hiera.lookup("__proto__.a", scope)).toBe(1n);
		const plain = plainValue(await hiera.lookup("h", scope));
		expect(JSON.stringify(plain)).toBe('{"__proto__":{"b":2},"constructor":3}');
		expect(({} as { b?: unknown }).b).toBeUndefined();
		await expect(hiera.lookup("toString", scope)).rejects.toMatchObject({ code: "not_found" });
		await expect(hiera.lookup("h.toString", scope)).rejects.toMatchObject({ code: "not_found" });
	});

	test.each([
		"a: :s3cret\n",
		"a: *s3cret\n",
		"a: !s3cret:x {}\n",
		"a: !ruby/object:s3cret {}\n",
		"a: 's3cret\n",
		'a: "s3cret\\q"\n',
		"a: s3cret: s3cret\n",
		'a: "s3cret%{s3cret..s3cret}"\n',
		"a: \"s3cret%{alias('x')}\"\n",
		"a: s3cret\nlookup_options: {a: {convert_to: Integer}}\n",
		"a: {s3cret: [s3cret]}\nlookup_options: {a: {merge: unique, convert_to: Float}}\n",
	])("with a fault are not shown in errors: %j", async (text) => {
		const made = site({ "data/all/x.yaml": text });
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
		const asked = hiera.lookup("a", Scope.of({}), { type: "Boolean" });
		const error = await asked.then(
			(value) => Promise.reject(new Error(`it was taken: ${value}`)),
			(error: TroclaError) => error,
		);
		expect(`${error.message} ${error.hint}`).not.toContain("s3cret");
		expect(error).toMatchObject({ code: "data" });
	});

	test("with aliases of aliases are refused instead of followed for ever", async () => {
		const levels = Array.from(
			{ length: 12 },
			(_, index) => `a${index + 1}: &a${index + 1} [${`*a${index}, `.repeat(10)}]\n`,
		);
		const made = site({ "data/all/x.yaml": `a0: &a0 x\n${levels.join("")}ok: 1\n` });
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
		expect(await hiera.lookup("ok", Scope.of({}))).toBe(1n);
		await expect(hiera.lookup("a12", Scope.of({}))).rejects.toMatchObject({ code: "data" });
	});
});
