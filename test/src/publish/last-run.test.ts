import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FaultyData } from "../../../src/publish/faults.js";
import { publishSite, type SiteSettings } from "../../../src/publish/publish-site.js";
import type { Trocla } from "../../../src/trocla.js";
import { HIERA, HOSTS, PublishSite, rootKey } from "../../support/publish-site.js";

/** What the edits of a site may change besides its files. */
interface Turned {
	rules: SiteSettings["rules"];
	environment: string;
}

/** A change of a site between two runs. */
type Edit = (site: PublishSite, trocla: Trocla, turned: Turned) => Promise<unknown> | unknown;

const host = fc.constantFrom(...HOSTS);
const word = fc.constantFrom("one", "two", "%{facts.role}", "%{trusted.certname}", "%{environment}");
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
	fc.constant({ "accounts::users": { alice: { password: { key: "user_dora" } } } }),
	fc.constant({ "ibox::root_keys": { extra: key } }),
	fc.constant({ lookup_options: { "accounts::users": { merge: "hash" } } }),
	fc.constant({ lookup_options: { "ibox::root_keys": { merge: "first" } } }),
	fc.constant({}),
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
		arbitrary: fc.shuffledSubarray([...HIERA.hierarchy], { minLength: 3 }).map((hierarchy) => ({
			name: `hierarchy ${hierarchy.map(({ name }) => name)}`,
			make: (site: PublishSite) => site.write("hiera.yaml", { ...HIERA, hierarchy }),
		})),
	},
	{
		weight: 2,
		arbitrary: fc
			.tuple(
				fc.constantFrom("user_alice", "user_dora", "login/bob"),
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
				{ create: false },
				{ create: true },
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
		const { hosts, unmanaged, missing } = await publishSite(settings);
		return { hosts, unmanaged, missing, digests: site.digests(settings.tree) };
	} catch (error) {
		if (error instanceof FaultyData) return error.faults;
		return (error as Error).message;
	}
}

const step = fc.record({
	edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
	create: fc.constantFrom(true, true, false),
});

test("whatever changes between two runs, one that goes on from the last publishes what one that looks all up does", async () => {
	let published = 0;
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
			const site = new PublishSite();
			await site.withStore(async (trocla) => {
				await site.init(trocla);
				const turned: Turned = { rules: {}, environment: "production" };
				const usual = { ...(await site.settings(trocla)), allowEmpty: true };
				await publishSite(usual);
				for (const { edits, create } of steps) {
					for (const { make } of edits) await make(site, trocla, turned);
					const settings = { ...usual, ...turned, create };
					const recalled = await outcome(site, settings);
					const anew = await outcome(site, { ...settings, anew: true, tree: site.path("anew") });
					expect(recalled).toEqual(anew);
					if (typeof recalled === "object" && recalled !== null && "digests" in recalled) published++;
				}
			});
			rmSync(site.directory, { recursive: true, force: true });
		}),
		{ numRuns: 60 },
	);
	expect(published).toBeGreaterThan(40);
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
