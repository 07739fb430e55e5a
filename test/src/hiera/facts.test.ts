import { describe, expect, test } from "vitest";
import { listHosts, loadHost } from "../../../src/hiera/facts.js";
import { Scope } from "../../../src/hiera/scope.js";
import { type Hash, isHash, plainValue } from "../../../src/hiera/value.js";
import { HieraSite } from "../../support/hiera-site.js";
import { cleanUp } from "../../support/sandbox.js";

const PUPPETS = `--- !ruby/object:Puppet::Node::Facts
name: www1.example.com
values:
  os:
    family: Debian
  uptime_seconds: 100
  clientcert: www1.example.com
  !ruby/sym _timestamp: 2026-01-01 10:00:00.000000000 +00:00
timestamp: 2026-01-01 10:00:00.000000000 +00:00
expiration: !ruby/object:DateTime 2026-01-01 10:30:00.000000000 +00:00
`;

function hosts(files: { readonly [path: string]: string }): string {
	const site = new HieraSite(files);
	cleanUp(() => site.remove());
	return site.directory;
}

const plain = (facts: Hash | undefined) => (facts && isHash(facts) ? plainValue(facts) : undefined);

describe("a directory of hosts", () => {
	test("has a host for each YAML and JSON file", async () => {
		const directory = hosts({
			"b.example.com.yaml": "{}",
			"a.json": "{}",
			"c.yml": "{}",
			"a.yaml": "{}",
			README: "",
			".x.yaml": "",
		});
		expect(await listHosts(directory)).toEqual(["a", "b.example.com", "c"]);
		await expect(listHosts(`${directory}/no`)).rejects.toMatchObject({ code: "config" });
	});

	test("may be Puppet's own, whose files have Ruby's tags", async () => {
		const directory = hosts({ "www1.example.com.yaml": PUPPETS });
		const host = await loadHost(directory, "www1.example.com");
		expect(plain(host?.facts)).toMatchObject({ os: { family: "Debian" }, uptime_seconds: 100 });
		expect(Scope.of({ ...host }).get("trusted")).toBeDefined();
	});

	test("may have what a host's certificate says beside its facts", async () => {
		const directory = hosts({ "a.json": JSON.stringify({ role: "x", trusted: { extensions: { pp_role: "web" } } }) });
		const host = await loadHost(directory, "a");
		const trusted = Scope.of({ ...host }).get("trusted") ?? null;
		expect(plainValue(trusted)).toMatchObject({ certname: "a", extensions: { pp_role: "web" } });
	});

	test("has no host of another name, and none outside of it", async () => {
		const directory = hosts({ "a.yaml": "x: 1\n" });
		expect(await loadHost(directory, "b")).toBeUndefined();
		for (const name of ["", ".", "..", "../a", "a/b", "a\0b"]) {
			await expect(loadHost(directory, name)).rejects.toMatchObject({ code: "invalid" });
		}
	});

	test.each([
		["a.yaml", "- 1\n", /a\.yaml: facts are a map of names to values, not an array/],
		["a.yaml", "x: [\n", /a\.yaml:\d: not YAML/],
		["a.json", '{\n"x": }', /a\.json:2: not JSON/],
	])("names a file that is faulty: %s %j", async (name, text, message) => {
		await expect(loadHost(hosts({ [name]: text }), "a")).rejects.toMatchObject({
			code: "data",
			message: expect.stringMatching(message),
		});
	});
});
