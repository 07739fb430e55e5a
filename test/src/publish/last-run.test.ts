import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { version } from "../../../package.json";
import { FaultyData } from "../../../src/publish/faults.js";
import { publishSite, type SiteSettings } from "../../../src/publish/publish-site.js";
import { SigningKey } from "../../../src/publish/signing-key.js";
import type { Trocla } from "../../../src/trocla.js";
import { HIERA, HOSTS, PublishSite, rootKey } from "../../support/publish-site.js";

const ROLES = { name: "Roles", mapped_paths: ["facts.roles", "one", "roles/%{one}.yaml"] };
const PASSWORDS = { name: "Passwords", lookup_key: "trocla_lookup_key" };

/** What the edits of a site may change besides its files. */
interface Turned {
	rules: SiteSettings["rules"];
	environment: string;
}

/** A change of a site between two runs. */
type Edit = (site: PublishSite, trocla: Trocla, turned: Turned) => Promise<unknown> | unknown;

const host = fc.constantFrom(...HOSTS);
const word = fc.constantFrom(
	"%{facts.os.family}",
	"%{os.release}",
	"(%{roles})",
	"one",
	"two",
	"%{facts.role}",
	"%{trusted.certname}",
	"%{environment}",
);
const level = fc.oneof(
	host.map((name) => `data/hosts/${name}.yaml`),
	fc.constantFrom("data/roles/web.yaml", "data/roles/db.yaml", "data/shared/a.yaml", "data/shared/b.yaml"),
	fc.constantFrom("data/environments/production.yaml", "data/environments/test.yaml"),
);
const key = rootKey();

/** What a level may hold; the uid below 1000 is a fault, unless the configuration takes it. */
const content = fc.oneof(
	word.map((gecos) => ({ "accounts::users": { alice: { gecos } } })),
	word.map((gecos) => ({ "accounts::users": { erin: { uid: 2010, gid: "people", gecos } } })),
	fc.constant({ "accounts::users": { low: { uid: 700, gid: "people" } } }),
	fc.constant({ "accounts::users": { bob: { ensure: "absent" } } }),
	fc.constant({ "accounts::users": { alice: { gecos: "%{lookup('trocla_lookup::sha512crypt::in gecos')}" } } }),
	fc.constant({ lookup_options: { "accounts::users": { merge: "first" } }, "accounts::users": {} }),
	fc.constant({ "accounts::users": { alice: { password: { key: "user_dora" } } } }),
	fc.constant({ "ibox::root_keys": { extra: key } }),
	fc.constant({ lookup_options: { "accounts::users": { merge: "hash" } } }),
	fc.constant({ lookup_options: { "ibox::root_keys": { merge: "first" } } }),
	fc.constant({}),
);

const facts = fc.record(
	{
		role: fc.constantFrom("web", "db"),
		roles: fc.constantFrom(["web"], ["db", "web"], "db"),
		uptime: fc.nat(3),
		os: fc.oneof(
			fc.constant("Debian"),
			fc.record({ family: fc.constantFrom("Debian", "RedHat"), release: fc.nat(1) }, { requiredKeys: [] }),
		),
	},
	{ requiredKeys: [] },
);

const edit: fc.Arbitrary<{ readonly name: string; readonly make: Edit }> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.tuple(level, content).map(([path, data]) => ({
			name: `write ${path} ${JSON.stringify(data)}`,
			make: (site: PublishSite) => site.write(path, data),
		})),
	},
	{
		weight: 2,
		arbitrary: level.map((path) => ({
			name: `remove ${path}`,
			make: (site: PublishSite) => site.remove(path),
		})),
	},
	{
		weight: 2,
		arbitrary: fc
			.tuple(host, fc.constantFrom("web", "db", "none"), fc.constantFrom("yaml", "json"))
			.map(([name, role, ending]) => ({
				name: `facts ${name}.${ending} ${role}`,
				make: (site: PublishSite) => site.write(`facts/${name}.${ending}`, { role }),
			})),
	},
	{
		weight: 3,
		arbitrary: fc.tuple(host, facts).map(([name, parts]) => ({
			name: `facts ${name} ${JSON.stringify(parts)}`,
			make: (site: PublishSite) => site.write(`facts/${name}.yaml`, parts),
		})),
	},
	{
		weight: 1,
		arbitrary: host.map((name) => ({
			name: `no facts of ${name}`,
			make: (site: PublishSite) => {
				for (const ending of ["yaml", "json"]) site.remove(`facts/${name}.${ending}`);
			},
		})),
	},
	{
		weight: 1,
		arbitrary: host.map((name) => ({
			name: `facts of ${name} in JSON alone`,
			make: (site: PublishSite) => {
				site.remove(`facts/${name}.yaml`);
				site.write(`facts/${name}.json`, { role: "db" });
			},
		})),
	},
	{
		weight: 1,
		arbitrary: fc.shuffledSubarray([...HIERA.hierarchy, ROLES, PASSWORDS], { minLength: 4 }).map((hierarchy) => ({
			name: `hierarchy ${hierarchy.map(({ name }) => name)}`,
			make: (site: PublishSite) => site.write("hiera.yaml", { ...HIERA, hierarchy }),
		})),
	},
	{
		weight: 2,
		arbitrary: fc
			.tuple(
				fc.constantFrom("user_alice", "user_dora", "login/bob", "in gecos"),
				fc.constantFrom("reset", "delete", "set", "remove", "hand out", "spoil"),
			)
			.map(([name, what]) => ({
				name: `${what} ${name}`,
				make: (_: PublishSite, trocla: Trocla) => change(trocla, name, what),
			})),
	},
	{
		weight: 1,
		arbitrary: fc
			.constantFrom<Partial<Turned>>(
				{ rules: { minUid: 500 } },
				{ rules: {} },
				{ environment: "test" },
				{ environment: "production" },
			)
			.map((parts) => ({
				name: JSON.stringify(parts),
				make: (_: PublishSite, __: Trocla, turned: Turned) => Object.assign(turned, parts),
			})),
	},
);

async function change(trocla: Trocla, key: string, what: string): Promise<void> {
	if (what === "reset") await trocla.reset(key, "plain");
	else if (what === "set") await trocla.set(key, "plain", "the same for all");
	else if (what === "delete") await trocla.delete(key, "sha512crypt");
	else if (what === "remove") await trocla.delete(key);
	else if (what === "spoil") await trocla.set(key, "sha512crypt", "no hash", {}, { raw: true }).catch(() => {});
	else await trocla.delete(key, "plain");
}

/** What a run published, or why it did not. */
async function outcome(site: PublishSite, settings: SiteSettings): Promise<unknown> {
	try {
		const { made, ...published } = await publishSite(settings);
		return { ...published, digests: site.digests(settings.tree) };
	} catch (error) {
		if (error instanceof FaultyData) return error.faults;
		return (error as Error).message;
	}
}

const RUNS = 50;

const step = fc.record({
	edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
	create: fc.constantFrom(true, true, false),
	allowEmpty: fc.boolean(),
	only: fc.option(fc.subarray([...HOSTS], { minLength: 1 }), { nil: undefined, freq: 3 }),
});

test("whatever changes between two runs, one that goes on from the last publishes what one that looks all up does", {
	timeout: 180_000,
}, async () => {
	let published = 0;
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 3 }), async (steps) => {
			const site = new PublishSite();
			await site.withStore(async (trocla) => {
				await site.init(trocla);
				const turned: Turned = { rules: {}, environment: "production" };
				const alice = { uid: 2001, gid: "people", gecos: "(%{facts.role}) in %{environment}" };
				site.write("data/defaults.yaml", {
					...site.data,
					"accounts::users": { ...site.data["accounts::users"], alice },
				});
				site.write("data/environments/test.yaml", { "accounts::users": { bob: { shell: "/bin/dash" } } });
				const usual = await site.settings(trocla);
				const other = { anew: true, tree: site.path("anew") };
				await publishSite(usual);
				await publishSite({ ...usual, ...other });
				for (const { edits, ...flags } of steps) {
					for (const { make } of edits) await make(site, trocla, turned);
					const settings = { ...usual, ...turned, ...flags };
					const recalled = await outcome(site, settings);
					const anew = await outcome(site, { ...settings, ...other });
					expect(recalled).toEqual(anew);
					if (typeof recalled === "object" && recalled !== null && "digests" in recalled) published++;
				}
			});
			rmSync(site.directory, { recursive: true, force: true });
		}),
		{ numRuns: RUNS },
	);
	expect(published).toBeGreaterThan(RUNS / 2);
});

describe("what is the same for all hosts", () => {
	const first: Partial<SiteSettings> = { rules: { minUid: 500 } };
	const changes: { readonly [what: string]: (site: PublishSite) => Partial<SiteSettings> } = {
		"Puppet's environment": () => ({ environment: "test" }),
		"the directory of hosts": (site) => {
			for (const host of HOSTS) site.write(`others/${host}.yaml`, { role: "web" });
			return { hosts: site.path("others") };
		},
		"the hierarchy's file": (site) => {
			site.write("other.yaml", { ...HIERA, hierarchy: HIERA.hierarchy.filter(({ name }) => name !== "Host") });
			return { hieraConfig: site.path("other.yaml") };
		},
	};

	test.each(Object.keys(changes))("is looked at in each run: %s", async (what) => {
		const site = await PublishSite.ready();
		site.write("data/environments/test.yaml", { "accounts::users": { alice: { shell: "/bin/dash" } } });
		await site.publishHere(first);
		const before = site.digests();
		const settings = { ...first, ...changes[what]?.(site) };
		expect((await site.publishHere(settings)).changed).not.toEqual([]);
		await site.publishHere({ ...settings, anew: true, tree: site.path("anew") });
		expect(site.digests()).toEqual(site.digests(site.path("anew")));
		await site.publishHere(first);
		expect(site.digests()).toEqual(before);
	});

	test("is looked at in each run: which ids the configuration takes", async () => {
		const site = await PublishSite.ready();
		site.write("data/roles/web.yaml", { "accounts::users": { low: { uid: 700, gid: "people" } } });
		await site.publishHere(first);
		await expect(site.publishHere()).rejects.toMatchObject({ faults: [{ path: ["accounts::users", "low", "uid"] }] });
		expect(await site.publishHere(first)).toMatchObject({ changed: [] });
	});
});

test("a hash that is made after a run without making any is in the next set", async () => {
	const site = await PublishSite.ready();
	await site.publishHere({ create: false });
	expect(site.hashes("ibox-one.local")).toEqual({ alice: "*", bob: "*" });
	expect(await site.publishHere()).toMatchObject({ made: 3, changed: [...HOSTS], missing: [] });
	expect(site.hashes("ibox-one.local")).toEqual({
		alice: expect.stringMatching(/^\$6\$/),
		bob: expect.stringMatching(/^\$y\$/),
	});
});

describe("what the last run left", () => {
	const path = (site: PublishSite) => join(site.tree, "last-run.json");
	const read = (site: PublishSite) => readFileSync(path(site), "utf8");

	/** Says of every host that it had the files of web.local. */
	function swapped(file: string): string {
		const [, text = ""] = file.split("\n");
		const rows = JSON.parse(text) as { hosts: [string, number[], number, number, ...unknown[]][] }; // as last-run.ts has it
		const webs = rows.hosts.find(([host]) => host === "web.local")?.[3] ?? expect.unreachable();
		const hosts = rows.hosts.map(([host, inputs, list, , ...rest]) => [host, inputs, list, webs, ...rest]);
		return JSON.stringify({ ...rows, hosts });
	}

	/** The same as a run would have written it who has the signing key. */
	async function authenticated(site: PublishSite, text: string, generation = 1): Promise<string> {
		return await site.withStore(async (trocla) => {
			const { hosts, hieraConfig, environment, rules, signingKey } = await site.settings(trocla);
			const key = await SigningKey.read((await trocla.peek(signingKey, "openpgp")) ?? expect.unreachable());
			const circumstances = JSON.stringify([version, hosts, hieraConfig, environment, rules, process.cwd()]);
			return `${key.authenticate(`${generation} ${circumstances}\n${text}`)}\n${text}`;
		});
	}

	test("is believed to who has the signing key", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		writeFileSync(path(site), await authenticated(site, swapped(read(site))));
		expect((await site.publishHere()).changed).toEqual([]);
		expect(site.text("ibox-one.local", "passwd")).toBe(site.text("web.local", "passwd"));
	});

	test.each([
		["another fact", { uptime: 2 }, true],
		["another fact beside the one that a path asks for", { os: { family: "Debian", uptime: 2 } }, true],
		["the fact that a path asks for", { os: { family: "RedHat" } }, false],
		["the absence of a fact that a path asks for", { os: {} }, false],
		["what a text shows", { rack: "b" }, false],
		["the order of what a text shows", { disks: { sdb: 1, sda: 1 } }, false],
	])("goes for a host whose facts changed, unless look-ups ask for them: %s", async (_, changed, isRecalled) => {
		const site = await PublishSite.ready();
		const facts = { uptime: 1, rack: "a", disks: { sda: 1, sdb: 1 }, os: { family: "Debian" } };
		site.write("facts/ibox-one.local.yaml", facts);
		site.write("hiera.yaml", {
			...HIERA,
			hierarchy: [{ name: "OS", path: "os/%{facts.os.family}.yaml" }, ...HIERA.hierarchy],
		});
		const alice = { ...site.data["accounts::users"].alice, gecos: "(%{rack}) (%{disks})" };
		site.write("data/defaults.yaml", { ...site.data, "accounts::users": { ...site.data["accounts::users"], alice } });
		await site.publishHere();
		writeFileSync(path(site), await authenticated(site, swapped(read(site))));
		site.write("facts/ibox-one.local.yaml", { ...facts, ...changed });
		await site.publishHere();
		expect(site.text("ibox-one.local", "passwd") === site.text("web.local", "passwd")).toBe(isRecalled);
	});

	const alterations: { readonly [what: string]: (file: string, site: PublishSite) => string | Promise<string> } = {
		"is of somebody without the key": (file) => `${file.split("\n")[0]}\n${swapped(file)}`,
		"has no authenticator": (file) => `\n${swapped(file)}`,
		"has the digest of its text alone": (file) => {
			const text = swapped(file);
			return `${createHash("sha256").update(text).digest("hex")}\n${text}`;
		},
		"is of another generation": (file, site) => authenticated(site, swapped(file), 2),
		"is empty": () => "",
		"is cut off": (file) => file.slice(0, file.length / 2),
		"lacks its last character": (file) => file.slice(0, -1),
		"is noise": () => randomBytes(5000).toString("latin1"),
		"is JSON of something else": () => "\n[]",
	};

	test.each(Object.keys(alterations))("is ignored where it %s", async (what) => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = site.digests();
		const alter = alterations[what] ?? expect.unreachable();
		writeFileSync(path(site), await alter(read(site), site));
		expect(await site.publishHere()).toMatchObject({ hosts: 3, changed: [], added: [], removed: [] });
		expect(site.digests()).toEqual(before);
		expect(await site.expectWhole()).toBe(3);
	});

	test("is ignored where it is of an earlier run, or is gone", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const first = read(site);
		site.write("data/roles/web.yaml", {});
		await site.publishHere();
		writeFileSync(path(site), first);
		await site.publishHere();
		expect(site.text("web.local", "passwd")).toBe(site.text("ibox-one.local", "passwd"));
		rmSync(path(site));
		await site.publishHere();
		expect(await site.expectWhole()).toBe(3);
	});

	test.each(["is gone", "was altered", "is empty"])(
		"does not keep an object from being written again that %s",
		async (what) => {
			const site = await PublishSite.ready();
			await site.publishHere();
			const before = site.digests();
			for (const name of readdirSync(join(site.tree, "objects"))) {
				const object = join(site.tree, "objects", name);
				if (what === "is gone") rmSync(object);
				else writeFileSync(object, what === "is empty" ? "" : "root::0:0::/:/bin/sh\n");
			}
			await site.publishHere();
			expect(site.digests()).toEqual(before);
			expect(await site.expectWhole()).toBe(3);
		},
	);

	test.each([
		["all hosts", undefined],
		["another host", ["ibox-two.local"]],
	])("does not lead to a signature of a HashDigest that was tampered with, in a run for %s", async (_, only) => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const manifest = join(site.tree, "hosts/ibox-one.local/HashDigest");
		const [before, webs] = [site.own("ibox-one.local", "HashDigest"), site.own("web.local", "HashDigest")];
		const passwd = (text: string) => /^\w+(?= {2}passwd$)/m.exec(text)?.[0] ?? expect.unreachable();
		writeFileSync(manifest, before.replace(passwd(before), passwd(webs)));
		const signature = site.own("ibox-one.local", "HashDigest.signed");
		await site.publishHere({ only });
		if (only) expect(site.own("ibox-one.local", "HashDigest.signed")).toBe(signature);
		else expect(site.text("ibox-one.local", "passwd")).not.toBe(site.text("web.local", "passwd"));
		await site.publishHere();
		expect(site.text("ibox-one.local", "passwd")).not.toContain("dora");
		expect(await site.expectWhole()).toBe(3);
	});
});
