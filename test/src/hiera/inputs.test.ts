import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataFiles } from "../../../src/hiera/data-files.js";
import { InputRecorder, RecordedInputs } from "../../../src/hiera/inputs.js";
import { openHiera } from "../../../src/hiera/open-hiera.js";
import { Scope } from "../../../src/hiera/scope.js";
import { isHash, toValue } from "../../../src/hiera/value.js";
import { site as anySite, dataFile, lookup } from "../../support/hiera-arbitraries.js";
import { HieraSite, HOST } from "../../support/hiera-site.js";
import { cleanUp } from "../../support/sandbox.js";

const HIERA = `version: 5
defaults: {data_hash: yaml_data}
hierarchy:
  - {name: Host, path: "hosts/%{trusted.certname}.yaml"}
  - {name: Roles, mapped_paths: [roles, role, "roles/%{role}.yaml"]}
  - {name: Elsewhere, datadir: "%{environment}", paths: [a.yaml, "%{roles.0}.json"]}
  - {name: Secrets, lookup_key: eyaml_lookup_key, path: secrets.eyaml, options: {pkcs7_private_key: "keys/%{roles.0}.pem"}}
  - {name: All, glob: "all/*.yaml"}
`;

function site(files: { readonly [path: string]: string } = {}): HieraSite {
	const made = new HieraSite({
		"hiera.yaml": HIERA,
		"data/all/x.yaml": "a: 1\n",
		"data/hosts/www1.yaml": "b: 1\n",
		...files,
	});
	cleanUp(() => made.remove());
	return made;
}

const host = (name: string) => Scope.of({ name, facts: new Map([["roles", ["web", "db"]]]) });

/** The inputs of these hosts, and how a later run sees them. */
const record = (made: HieraSite, ...names: string[]) => recordAll(made, names.map(host));

async function recordAll(made: HieraSite, scopes: readonly Scope[]) {
	const files = new DataFiles();
	const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml"), files });
	const recorder = new InputRecorder(files);
	const lists = await Promise.all(
		scopes.map(async (scope) => {
			const inputs = await hiera.inputs(scope);
			if (!inputs) throw new Error("its inputs can't be told");
			return await recorder.add(inputs);
		}),
	);
	const table = JSON.parse(JSON.stringify(recorder.table));
	/** Whether each host's are the same. */
	const later = () => {
		const recorded = new RecordedInputs(table, new DataFiles());
		return Promise.all(lists.map((numbers) => recorded.isSame(numbers)));
	};
	return { table, lists, later };
}

describe("the inputs of a host", () => {
	test("are all files that a level reads or would read, each glob, the keys, and hiera.yaml", async () => {
		const made = site();
		const { table, lists } = await record(made, "www1", "www2");
		const sha256 = (name: string) => execFileSync("sha256sum", [made.path(name)], { encoding: "utf8" }).slice(0, 64);
		const [one = [], two = []] = lists;
		const told = new Map(one.map((number) => table[number]));
		const missing = ["data/roles/web.yaml", "data/roles/db.yaml", "production/a.yaml", "production/web.json"];
		expect(told).toEqual(
			new Map([
				...["hiera.yaml", "data/hosts/www1.yaml", "data/all/x.yaml"].map(
					(name) => [made.path(name), sha256(name)] as const,
				),
				...[...missing, "data/secrets.eyaml"].map((name) => [made.path(name), null] as const),
				[`glob:${made.path("data/all/*.yaml")}`, expect.any(String)] as const,
				[expect.stringMatching(/\/keys\/web\.pem$/), null] as const,
			]),
		);
		// Hosts share rows for all but their own files.
		expect(table).toHaveLength(told.size + 1);
		expect(two.filter((number) => !one.includes(number))).toHaveLength(1);
	});

	test.each([
		["a file with another content", (made: HieraSite) => made.write("data/all/x.yaml", "a: 2\n"), [false, false]],
		["a file that was missing", (made: HieraSite) => made.write("production/a.yaml", ""), [false, false]],
		["another file of a glob", (made: HieraSite) => made.write("data/all/y.yaml", ""), [false, false]],
		[
			"a glob's file with another name",
			(made: HieraSite) => rename(made, "data/all/x.yaml", "data/all/z.yaml"),
			[false, false],
		],
		["another hiera.yaml", (made: HieraSite) => made.write("hiera.yaml", `${HIERA}# more\n`), [false, false]],
		["one host's file gone", (made: HieraSite) => rmSync(made.path("data/hosts/www1.yaml")), [false, true]],
		["the other host's file", (made: HieraSite) => made.write("data/hosts/www2.yaml", "a: 1\n"), [true, false]],
		["a directory in a file's place", (made: HieraSite) => mkdirSync(made.path("data/secrets.eyaml")), [false, false]],
		["the same content again", (made: HieraSite) => made.write("data/all/x.yaml", "a: 1\n"), [true, true]],
		["what no host sees", (made: HieraSite) => made.write("data/roles/mail.yaml", "a: 1\n"), [true, true]],
	])("are compared in a later run: %s", async (_, change, same) => {
		const made = site();
		const { later } = await record(made, "www1", "www2");
		expect(await later()).toEqual([true, true]);
		change(made);
		expect(await later()).toEqual(same);
	});

	test("change whenever an answer does", async () => {
		const facts = toValue(HOST.facts);
		const paths = [
			"data/top.yaml",
			"data/role/web.yaml",
			"data/common.yaml",
			"data/role/new.yaml",
			"Debian/common.yaml",
		];
		const change = fc.record({ path: fc.constantFrom(...paths), content: fc.option(dataFile) });
		await fc.assert(
			fc.asyncProperty(
				anySite,
				fc.array(lookup, { minLength: 1 }),
				change,
				async (files, lookups, { path, content }) => {
					const made = new HieraSite(files);
					try {
						const { later } = await recordAll(made, [Scope.of({ name: HOST.node, ...(isHash(facts) && { facts }) })]);
						const before = await made.ours(lookups);
						if (content === null) rmSync(made.path(path), { force: true });
						else made.write(path, content);
						if ((await later())[0]) expect(await made.ours(lookups)).toEqual(before);
					} finally {
						made.remove();
					}
				},
			),
			{ numRuns: 100 },
		);
	});

	test("are told with the state that the answers saw, not with what came later", async () => {
		const made = site();
		const files = new DataFiles();
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml"), files });
		expect(await hiera.lookup("a", host("www1"))).toBe(1n);
		const old = execFileSync("sha256sum", [made.path("data/all/x.yaml")], { encoding: "utf8" }).slice(0, 64);
		made.write("data/all/x.yaml", "a: 2\n");
		const recorder = new InputRecorder(files);
		await recorder.add((await hiera.inputs(host("www1"))) ?? []);
		expect(recorder.table).toContainEqual([made.path("data/all/x.yaml"), old]);
	});

	test("are read once where they are compared first and looked up then", async () => {
		const made = site();
		const { table, lists } = await record(made, "www1");
		const files = new DataFiles();
		const recorded = new RecordedInputs(table, files);
		expect(await recorded.isSame(lists[0] ?? [])).toBe(true);
		made.write("data/all/x.yaml", "a: 2\n");
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml"), files });
		expect(await hiera.lookup("a", host("www1"))).toBe(1n);
	});

	test("can be taken down again from the record", async () => {
		const made = site();
		const { table, lists } = await record(made, "www1", "www2");
		const files = new DataFiles();
		const recorder = new InputRecorder(files);
		const recorded = new RecordedInputs(table, files);
		const again = await recorder.add(recorded.inputs(lists[1] ?? []));
		expect(again.map((number) => recorder.table[number])).toEqual(lists[1]?.map((number) => table[number]));
	});

	test.each([
		"lookup_key: trocla_lookup_key, options: {trocla_hierarchy: [a]}",
		"lookup_key: eyaml_lookup_key, path: x.eyaml, options: {pkcs7_private_key_env_var: KEY}",
	])("can't be told where they are in no file: %s", async (level) => {
		const made = site({ "hiera.yaml": `version: 5\nhierarchy: [{name: a, ${level}}]\n` });
		const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml"), env: { KEY: "x" } });
		expect(await hiera.inputs(host("www1"))).toBeUndefined();
	});

	test.each([null, {}, [["a"]], [["a", 1]], ["a"], [["a", "b", "c"]]])(
		"are not taken from a damaged record: %j",
		async (table) => {
			expect(() => new RecordedInputs(table, new DataFiles())).toThrow(TypeError);
		},
	);

	test("are not the same where the record lacks them", async () => {
		const recorded = new RecordedInputs([["/nowhere/at/all", null]], new DataFiles());
		expect(await recorded.isSame([0])).toBe(true);
		for (const number of [1, -1, 0.5, Number.NaN]) expect(await recorded.isSame([0, number])).toBe(false);
	});
});

function rename(made: HieraSite, from: string, to: string): void {
	renameSync(made.path(from), made.path(to));
}
