import { describe, expect, test } from "vitest";
import { describeSiteFault, FaultyData, type SiteFault } from "../../../src/publish/faults.js";
import { previewSite } from "../../../src/publish/preview.js";
import type { SiteSettings } from "../../../src/publish/publish-site.js";
import { HIERA, HOSTS, PublishSite, rootKey } from "../../support/publish-site.js";

const PLAINTEXT = "hunter2-in-the-clear";

/** The faults that a run lists; it must have some, and change nothing. */
async function faultsOf(site: PublishSite, settings: Partial<SiteSettings> = {}): Promise<readonly SiteFault[]> {
	const before = site.state();
	const error = await site.publishHere(settings).then(
		() => expect.unreachable("it has no faults"),
		(error: unknown) => error,
	);
	expect(error).toBeInstanceOf(FaultyData);
	expect(site.state()).toEqual(before);
	return (error as FaultyData).faults; // as was just shown
}

/** Each as a line, with the sandbox's directory left out. */
const told = (site: PublishSite, faults: readonly SiteFault[]) =>
	faults.map((fault) => describeSiteFault(fault).replaceAll(`${site.directory}/`, ""));

describe("faults in several files", () => {
	/** Faults of many kinds, each on a line of its own. */
	function faulty(site: PublishSite): void {
		const { type, key } = rootKey();
		site.write(
			"data/defaults.yaml",
			[
				"accounts::groups:",
				"  people: {gid: 2000}",
				"  again: {gid: 2000}",
				"accounts::users:",
				"  alice:",
				"    uid: 2001",
				"    gid: people",
				"    gecos: 'Alice: Adams'",
				"  bob:",
				"    uid: 2001",
				"    gid: nowhere",
				`  eve: {uid: 2005, gid: people, password: ${PLAINTEXT}}`,
				"ibox::root_keys:",
				`  userA: {type: ssh-rsa, key: ${key}}`,
				`  userB: ${type} ${key.slice(0, -8)}`,
				"",
			].join("\n"),
		);
		site.write("data/roles/web.yaml", "accounts::users:\n  dora: {uid: 4, gid: people}\n");
	}

	test("are listed in one run, each with its file, its line, and the hosts that see it", async () => {
		const site = await PublishSite.ready();
		faulty(site);
		const faults = await faultsOf(site);
		const lines = told(site, faults);
		const all = "ibox-one.local, ibox-two.local, web.local";
		for (const [line, key] of [
			[8, "accounts::users.alice.gecos"],
			[11, "accounts::users.bob.gid"],
			[12, "accounts::users.eve.password"],
			[14, "ibox::root_keys.userA"],
			[15, "ibox::root_keys.userB"],
		]) {
			expect(lines.filter((text) => text.startsWith(`data/defaults.yaml:${line}: ${key} `))).toEqual([
				expect.stringContaining(`(${all})`),
			]);
		}
		expect(lines).toContainEqual(expect.stringMatching(/^data\/roles\/web\.yaml:2: .*dora\.uid .*\(web\.local\)$/));
		expect(lines.filter((text) => /^data\/defaults\.yaml:(6|10): .*uid/.test(text))).not.toEqual([]);
		expect(lines.filter((text) => /^data\/defaults\.yaml:[23]: .*gid/.test(text))).not.toEqual([]);
		expect(JSON.stringify(faults)).not.toContain(PLAINTEXT);
	});

	test("are the same in a run that goes on from another one, and the mended data is published", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = site.digests();
		faulty(site);
		const faults = await faultsOf(site);
		expect(await faultsOf(site, { anew: true })).toEqual(faults);
		site.write("data/defaults.yaml", site.data);
		site.write("data/roles/web.yaml", { "accounts::users": { dora: { uid: 2004, gid: "people" } } });
		expect(await site.publishHere()).toMatchObject({ changed: [] });
		expect(site.digests()).toEqual(before);
	});
});

describe("what a host's data can't be read for", () => {
	const breakages: { readonly [what: string]: readonly [file: string, text: string, line: RegExp, hosts: string[]] } = {
		"YAML that ends too early": [
			"data/hosts/ibox-two.local.yaml",
			"a: b\nibox::root_keys: {user1: [\n",
			/^.*ibox-two\.local\.yaml:\d+: /,
			["ibox-two.local"],
		],
		"a tab in YAML": ["data/roles/web.yaml", "a:\n\tb: 1\n", /^.*roles\/web\.yaml:2: /, ["web.local"]],
		"facts that are no YAML": [
			"facts/web.local.yaml",
			"role: [web\n",
			/^.*facts\/web\.local\.yaml:\d+: /,
			["web.local"],
		],
		"facts that are a list": ["facts/web.local.yaml", "[web]\n", /^.*facts\/web\.local\.yaml/, ["web.local"]],
		"interpolations in a circle": [
			"data/roles/web.yaml",
			`{"accounts::users": {dora: {uid: 2004, gid: people, gecos: "%{lookup('x')}"}}, x: "%{lookup('y')}", y: "%{lookup('x')}"}`,
			/x/,
			["web.local"],
		],
		"levels of several types": ["data/roles/web.yaml", '{"accounts::users": [dora]}', /accounts::users/, ["web.local"]],
		"a NUL in YAML": ["data/roles/web.yaml", "\0", /^.*roles\/web\.yaml/, ["web.local"]],
	};

	test.each(Object.keys(breakages))("is a fault of the hosts that see it: %s", async (what) => {
		const [file, text, line, hosts] = breakages[what] ?? expect.unreachable();
		const site = await PublishSite.ready();
		await site.publishHere();
		site.write(file, text);
		for (const anew of [false, true]) {
			const faults = await faultsOf(site, { anew });
			expect(faults).toHaveLength(1);
			expect(told(site, faults)[0]).toMatch(line);
			expect(faults[0]?.hosts).toEqual(hosts);
		}
	});

	test("stops nothing that the other hosts' faults are listed with", async () => {
		const site = await PublishSite.ready();
		for (const [file, text] of [breakages["a tab in YAML"], breakages["YAML that ends too early"]].map(
			(one) => one ?? [],
		)) {
			site.write(file ?? "", text ?? "");
		}
		site.write("data/hosts/ibox-one.local.yaml", { "accounts::users": { alice: { uid: "many" } } });
		const faults = await faultsOf(site);
		expect(faults.flatMap(({ hosts }) => hosts).sort()).toEqual([...HOSTS]);
	});
});

test("the same fault of several hosts is told of each file that has it", async () => {
	const site = await PublishSite.ready();
	for (const value of ["all", 7, ["all"]]) {
		for (const host of HOSTS) site.write(`data/hosts/${host}.yaml`, { "accounts::users": value });
		const faults = await faultsOf(site);
		expect(faults.map(({ file, hosts }) => [file, hosts])).toEqual(
			HOSTS.map((host) => [site.path(`data/hosts/${host}.yaml`), [host]]),
		);
	}
});

describe("one fault of a host hides no other:", () => {
	test("all files of its levels that can't be read are listed", async () => {
		const site = await PublishSite.ready();
		site.write("data/hosts/web.local.yaml", "a: [\n");
		site.write("data/roles/web.yaml", "a:\n\tb: 1\n");
		site.write("data/defaults.yaml", "a: b: c\n");
		const faults = await faultsOf(site);
		expect(faults.map(({ file }) => file?.replace(`${site.directory}/`, ""))).toEqual([
			"data/defaults.yaml",
			"data/hosts/web.local.yaml",
			"data/roles/web.yaml",
		]);
		expect(faults.map(({ hosts }) => hosts)).toEqual([[...HOSTS], ["web.local"], ["web.local"]]);
		expect(faults.map(({ line }) => line)).toEqual([1, expect.any(Number), 2]);
	});

	test("where one key can't be merged, the others' faults are listed", async () => {
		const site = await PublishSite.ready();
		site.write("data/hosts/web.local.yaml", {
			"ibox::root_keys": [],
			"accounts::users": { alice: { uid: "many" } },
			"accounts::groups": { people: { gid: 4 } },
		});
		const lines = told(site, await faultsOf(site));
		expect(lines).toHaveLength(3);
		for (const key of ["ibox::root_keys", "accounts::users.alice.uid", "accounts::groups.people.gid"]) {
			expect(lines).toContainEqual(expect.stringContaining(key));
		}
		site.write("data/hosts/web.local.yaml", {
			lookup_options: { "accounts::groups": { merge: "deeper" } },
			"accounts::users": { alice: { gid: "nowhere" } },
			"ibox::root_keys": { userA: { type: "none" } },
		});
		// Whether a user's group exists is not known.
		expect(told(site, await faultsOf(site)).map((line) => /(accounts|ibox)::\w+/.exec(line)?.[0])).toEqual([
			"ibox::root_keys",
			"accounts::groups",
		]);
	});
});

test("a name that no host can have is a fault, which a preview lists too, and nothing is made", async () => {
	const site = await PublishSite.ready();
	for (const name of ["a\nb", "\u001b[31m"]) site.write(`facts/${name}.yaml`, {});
	const faults = await faultsOf(site);
	expect(faults).toHaveLength(2);
	for (const line of told(site, faults)) expect(line).toMatch(/^\P{C}+ can't be a host's name \P{C}+$/u);
	await expect(site.withStore(async (trocla) => previewSite(await site.settings(trocla)))).rejects.toMatchObject({
		faults,
	});
});

test("hosts whose data are the same say each fault once, with all of their names", async () => {
	const site = await PublishSite.ready();
	const names = Array.from({ length: 20 }, (_, number) => `node${number}.local`);
	for (const name of names) site.write(`facts/${name}.json`, { role: "web" });
	site.write("data/roles/web.yaml", { "accounts::users": { dora: { gid: "people" } } });
	const faults = await faultsOf(site);
	expect(faults).toHaveLength(1);
	expect(faults[0]).toMatchObject({ line: 1, path: expect.arrayContaining(["accounts::users", "dora"]) });
	expect([...(faults[0]?.hosts ?? [])].sort()).toEqual([...names, "web.local"].sort());
	expect(told(site, faults)[0]).toMatch(/\(node0\.local, node1\.local, node10\.local and 18 more\)$/);
});

test("what is worth knowing stops nothing, and every run says it", async () => {
	const site = await PublishSite.ready();
	const key = rootKey();
	site.write("data/hosts/ibox-two.local.yaml", { "ibox::root_keys": { one: key, other: key } });
	const first = await site.publishHere();
	expect(first.notes).toEqual([expect.objectContaining({ hosts: ["ibox-two.local"], line: 1 })]);
	expect((await site.publishHere()).notes).toEqual(first.notes);
	expect(site.text("ibox-two.local", "authorized_keys").split(key.key)).toHaveLength(2);
});

test("a hiera.yaml that can't be used stops a run before anything is written", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	const before = site.state();
	for (const text of [JSON.stringify({ ...HIERA, version: 3 }), "version: 5\nhierarchy: [", ""]) {
		site.write("hiera.yaml", text);
		await expect(site.publishHere()).rejects.toMatchObject({ message: expect.stringContaining("hiera.yaml") });
	}
	site.remove("hiera.yaml");
	await expect(site.publishHere()).rejects.toMatchObject({ code: "config" });
	expect(site.state()).toEqual(before);
});

test("a directory without hosts, or none at all, is not a site whose hosts are all gone", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	const before = site.state();
	for (const host of HOSTS) site.remove(`facts/${host}.yaml`);
	await expect(site.publishHere()).rejects.toMatchObject({
		code: "config",
		message: expect.stringContaining("no hosts"),
	});
	site.remove("facts");
	await expect(site.publishHere()).rejects.toMatchObject({ code: "config" });
	expect(site.state()).toEqual(before);
});
