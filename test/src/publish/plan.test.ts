import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { previewSite } from "../../../src/publish/preview.js";
import type { SiteSettings } from "../../../src/publish/publish-site.js";
import { HIERA, HOSTS, PublishSite } from "../../support/publish-site.js";
import { query } from "../../support/rows.js";
import type { Sandbox } from "../../support/sandbox.js";

const MISSING = [
	{ key: "login/bob", format: "yescrypt" },
	{ key: "user_alice", format: "sha512crypt" },
	{ key: "user_dora", format: "sha512crypt" },
];

/** The keys in the store, but for the one that signs. */
async function stored(site: Sandbox): Promise<unknown[]> {
	const rows = await query(site.store, "SELECT key FROM keyv WHERE key != 'trocla:iar_signing_key' ORDER BY key");
	return rows.map(({ key }) => key);
}

const preview = (site: PublishSite, settings: Partial<SiteSettings> = {}) =>
	site.withStore(async (trocla) => previewSite({ ...(await site.settings(trocla)), ...settings }));

describe("hashes that are missing", () => {
	test("are made, and who has one already keeps it", async () => {
		const site = await PublishSite.ready();
		const hash = await site.withStore((trocla) => trocla.get("user_alice", "sha512crypt"));
		expect(await site.publishHere()).toMatchObject({ made: 2, missing: [], added: [...HOSTS] });
		expect(site.hashes("web.local")).toEqual({
			alice: hash,
			bob: expect.stringMatching(/^\$y\$/),
			dora: expect.stringMatching(/^\$6\$/),
		});
		expect(await stored(site)).toEqual(["trocla:login/bob", "trocla:user_alice", "trocla:user_dora"]);
	});

	test("are not made where none are to be: no password lets their users in, and all are listed", async () => {
		const site = await PublishSite.ready();
		expect(await site.publishHere({ create: false })).toMatchObject({ made: 0, missing: MISSING });
		expect(site.hashes("web.local")).toEqual({ alice: "*", bob: "*", dora: "*" });
		expect(await stored(site)).toEqual([]);
		await site.withStore((trocla) => trocla.get("user_alice", "sha512crypt"));
		const second = await site.publishHere({ create: false });
		expect(second).toMatchObject({ changed: [...HOSTS], missing: MISSING.filter(({ key }) => key !== "user_alice") });
		expect(site.hashes("web.local")).toEqual({ alice: expect.stringMatching(/^\$6\$/), bob: "*", dora: "*" });
	});

	test("are not made for hosts that are not asked for", async () => {
		const site = await PublishSite.ready();
		await site.publishHere({ only: ["ibox-one.local"] });
		expect(await stored(site)).toEqual(["trocla:login/bob", "trocla:user_alice"]);
		expect(site.hosts()).toEqual(["ibox-one.local"]);
	});

	test("of a locked account are made behind its lock", async () => {
		const site = await PublishSite.ready();
		site.write("data/roles/web.yaml", { "accounts::users": { alice: { ensure: "locked" } } });
		await site.publishHere();
		expect(site.hashes("web.local").alice).toBe(`!${site.hashes("ibox-one.local").alice}`);
	});
});

describe("a hash that can't be had is a fault, and nothing else is made", () => {
	test("where the plaintext was handed out before the hash was made", async () => {
		const site = await PublishSite.ready();
		await site.withStore(async (trocla) => {
			await trocla.get("user_alice", "md5crypt");
			await trocla.handOut("user_alice", () => {});
		});
		const error = await site.publishHere().then(
			() => expect.unreachable(),
			(error: unknown) => error,
		);
		expect(error).toMatchObject({
			faults: [
				{
					path: ["accounts::users", "alice", "password"],
					message: expect.stringMatching(/the sha512crypt of "user_alice".*handed out/),
					hint: expect.stringContaining("trocla reset user_alice plain"),
					hosts: [...HOSTS],
				},
			],
		});
		expect(existsSync(join(site.tree, "hosts"))).toBe(false);
	});

	test("where the stored value is none of crypt(5)", async () => {
		const site = await PublishSite.ready();
		const value = "v3ry-secret-value";
		await site.withStore((trocla) => trocla.set("user_alice", "sha512crypt", value, {}, { raw: true }));
		for (const create of [true, false]) {
			const error = await site.publishHere({ create }).then(
				() => expect.unreachable(),
				(error: unknown) => error,
			);
			expect(error).toMatchObject({
				faults: [
					{ path: ["accounts::users", "alice", "password"], message: expect.stringContaining("no hash of crypt(5)") },
				],
			});
			expect(JSON.stringify(error)).not.toContain(value);
		}
		expect(await stored(site)).toEqual(["trocla:user_alice"]);
	});

	test("where its record is damaged", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		await query(site.store, `UPDATE keyv SET value = '{"value":"{}"}' WHERE key = 'trocla:user_dora'`);
		await expect(site.publishHere()).rejects.toMatchObject({
			faults: [{ path: ["accounts::users", "dora", "password"], hosts: ["web.local"] }],
		});
	});
});

describe("a preview", () => {
	test("tells what a run then does, without a signing key, and writes nothing", async () => {
		const site = new PublishSite();
		await site.withStore((trocla) => trocla.get("something else", "plain"));
		const before = site.everything(site.directory);
		const told = await preview(site);
		expect(told).toMatchObject({ hosts: 3, missing: MISSING, unmanaged: [] });
		expect(told.differences.map(({ host, change }) => [host, change])).toEqual(HOSTS.map((host) => [host, "added"]));
		expect(site.everything(site.directory)).toEqual(before);
		await site.withStore((trocla) => site.init(trocla));
		const { hosts, added, made } = await site.publishHere();
		expect({ hosts, added, made }).toEqual({ hosts: 3, added: [...HOSTS], made: MISSING.length });
		expect(await preview(site)).toMatchObject({ hosts: 3, differences: [], missing: [] });
	});

	test("has the hosts that a run then changes, adds and removes", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		site.remove("facts/ibox-two.local.yaml");
		site.write("facts/new.local.yaml", { role: "web" });
		site.write("data/roles/web.yaml", { "accounts::users": { dora: { uid: 2004, gid: "people", gecos: "Dora" } } });
		const before = site.state();
		const { differences, hosts } = await preview(site);
		const by = (wanted: string) => differences.filter(({ change }) => change === wanted).map(({ host }) => host);
		expect(site.state()).toEqual(before);
		const { changed, added, removed, hosts: published } = await site.publishHere();
		expect({ changed: by("changed"), added: by("added"), removed: by("removed"), hosts }).toEqual({
			changed,
			added,
			removed,
			hosts: published,
		});
		expect([changed, added, removed]).toEqual([["web.local"], ["new.local"], ["ibox-two.local"]]);
	});

	test("has the faults that a run has", async () => {
		const site = await PublishSite.ready();
		site.write("data/roles/web.yaml", { "accounts::users": { dora: { uid: 2001, gid: "nowhere" } } });
		const failure = (run: Promise<unknown>) =>
			run.then(
				() => expect.unreachable(),
				(error: { faults: unknown }) => error.faults,
			);
		expect(await failure(preview(site))).toEqual(await failure(site.publishHere()));
	});
});

describe("data out of the store, by levels of trocla_lookup_key,", () => {
	async function withLevel(): Promise<PublishSite> {
		const site = await PublishSite.ready();
		const level = { name: "Passwords", lookup_key: "trocla_lookup_key" };
		site.write("hiera.yaml", { ...HIERA, hierarchy: [level, ...HIERA.hierarchy] });
		const hash = "%{lookup('trocla_lookup::sha512crypt::shared')}";
		const gecos = "%{lookup('trocla_lookup::plain::x')}";
		const users = { erin: { uid: 2010, gid: "people", gecos, password: hash } };
		const options = { charset: "alphanumeric" };
		site.write("data/hosts/ibox-two.local.yaml", { "accounts::users": users, trocla_options: options });
		return site;
	}

	test("is published, made where it is missing, and follows the store", async () => {
		const site = await withLevel();
		await site.publishHere();
		for (const reset of [false, true, true]) {
			if (reset) {
				await site.withStore(async (trocla) => {
					await trocla.reset("shared", "plain");
					await trocla.reset("x", "plain");
				});
				expect(await site.publishHere()).toMatchObject({ changed: ["ibox-two.local"] });
			}
			await site.withStore(async (trocla) => {
				expect(site.hashes("ibox-two.local").erin).toBe(await trocla.peek("shared", "sha512crypt"));
				expect(site.text("ibox-two.local", "passwd")).toContain(`:${await trocla.peek("x", "plain")}:`);
			});
		}
		expect(await site.publishHere()).toMatchObject({ changed: [] });
	});

	test("is previewed as it is published, and the preview makes nothing", async () => {
		const site = await withLevel();
		const before = site.state();
		const told = await preview(site);
		expect(told.differences.map(({ host }) => host)).toEqual([...HOSTS]);
		expect(site.state()).toEqual(before);
		await site.publishHere();
	});

	test("is not made where other data has a fault", async () => {
		const site = await withLevel();
		site.write("data/roles/web.yaml", { "accounts::users": { dora: { uid: 2004, gid: "nowhere" } } });
		const before = site.state();
		await expect(site.publishHere()).rejects.toMatchObject({ faults: [{ hosts: ["web.local"] }] });
		expect(site.state()).toEqual(before);
	});
});
