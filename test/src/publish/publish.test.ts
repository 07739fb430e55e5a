import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseTimeStamp } from "../../../src/publish/manifest.js";
import { publishSiteChanges, type SiteSettings } from "../../../src/publish/publish-site.js";
import { HOSTS, PublishSite, rootKey } from "../../support/publish-site.js";

/** The names of the keys that root lets in. */
const rootKeys = (site: PublishSite, host: string) =>
	site
		.text(host, "authorized_keys")
		.trimEnd()
		.split("\n")
		.map((line) => line.split(" ")[2]);

const stamp = (site: PublishSite, host: string) => parseTimeStamp(site.own(host, "TimeStamp"));

test("a key in defaults.yaml is on every host, one in a host's own level on that host, without lookup_options", async () => {
	const site = await PublishSite.ready();
	const [userA, userB, user1] = [rootKey(), rootKey(), rootKey()];
	const only = ({ key }: typeof userA) => ({ key });
	site.write("data/defaults.yaml", { ...site.data, "ibox::root_keys": { userA: only(userA), userB: only(userB) } });
	site.write("data/hosts/ibox-two.local.yaml", { "ibox::root_keys": { user1: only(user1) } });
	await site.publishHere();
	const line = ({ type, key }: typeof userA, name: string) => `${type} ${key} ${name}\n`;
	const everywhere = line(userA, "userA") + line(userB, "userB");
	expect(site.text("ibox-two.local", "authorized_keys")).toBe(line(user1, "user1") + everywhere);
	expect(site.text("ibox-one.local", "authorized_keys")).toBe(everywhere);
	expect(site.text("web.local", "authorized_keys")).toBe(everywhere);
});

test("users are those of all levels, merged to any depth, and only where a level has them", async () => {
	const site = await PublishSite.ready();
	site.write("data/hosts/web.local.yaml", { "accounts::users": { alice: { shell: "/bin/dash" } } });
	await site.publishHere();
	const [one, , web] = HOSTS.map((host) => site.text(host, "passwd"));
	expect(one).toBe("alice:x:2001:2000:Alice Adams:/home/alice:/bin/bash\nbob:x:2002:2000::/home/bob:/bin/sh\n");
	expect(web).toBe(
		"alice:x:2001:2000:Alice Adams:/home/alice:/bin/dash\nbob:x:2002:2000::/home/bob:/bin/sh\n" +
			"dora:x:2004:2000::/home/dora:/bin/bash\n",
	);
	expect(site.text("ibox-two.local", "passwd")).toBe(one);
});

describe("a second run", () => {
	/** What of a tree is the same after a run that changes nothing: all but the times, and what they are part of. */
	const lasting = (site: PublishSite) => {
		const everything = site.everything(site.tree);
		const names = Object.keys(everything).filter((name) => /^(objects\/|signing-key)/.test(name));
		return {
			objects: Object.fromEntries(names.map((name) => [name, everything[name]])),
			digests: site.digests(),
			hosts: HOSTS.map((host) => [readdirSync(join(site.tree, "hosts", host)), site.own(host, "Host")]),
		};
	};

	test.each([false, true])("changes nothing but the times (anew: %s)", async (anew) => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = lasting(site);
		const [time, manifest, signature] = ["TimeStamp", "HashDigest", "HashDigest.signed"].map((name) =>
			site.own("web.local", name),
		);
		const second = await site.publishHere({ anew });
		expect(second).toMatchObject({ changed: [], added: [], removed: [], made: 0 });
		expect(lasting(site)).toEqual(before);
		expect(site.own("web.local", "TimeStamp")).not.toBe(time);
		expect(site.own("web.local", "HashDigest")).not.toBe(manifest);
		expect(site.own("web.local", "HashDigest.signed")).not.toBe(signature);
		expect(await site.expectWhole()).toBe(3);
	});

	test.each([false, true])("changes nothing where a plaintext was handed out (anew: %s)", async (anew) => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = lasting(site);
		await site.withStore((trocla) => trocla.handOut("user_alice", () => {}));
		expect(await site.publishHere({ anew })).toMatchObject({ changed: [], made: 0 });
		expect(lasting(site)).toEqual(before);
	});

	test("changes nothing where the data's keys, and the levels' names, are in another order", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = lasting(site);
		site.write("data/defaults.yaml", reversed(site.data));
		await site.publishHere();
		expect(lasting(site)).toEqual(before);
	});

	test("changes the file of what changed on the hosts that see it, and leaves the other objects as they are", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = site.digests();
		site.write("data/roles/web.yaml", { "accounts::users": { dora: { uid: 2004, gid: "people", gecos: "Dora" } } });
		expect(await site.publishHere()).toMatchObject({ changed: ["web.local"], added: [], removed: [] });
		const after = site.digests();
		const passwd = after["web.local"]?.passwd;
		expect(after).toEqual({ ...before, "web.local": { ...before["web.local"], passwd } });
		expect(passwd).not.toBe(before["web.local"]?.passwd);
	});
});

/** The same data, in which the members of all maps are in the opposite order. */
function reversed(value: unknown): object {
	const members = Object.entries(value as object).reverse(); // all of the data are maps and plain values
	return Object.fromEntries(
		members.map(([name, member]) => [name, typeof member === "object" ? reversed(member) : member]),
	);
}

test("a password that is made anew is in the sets of the hosts that have its user, and no hash of another changes", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	const before = site.hashes("web.local");
	await site.withStore((trocla) => trocla.reset("user_dora", "plain"));
	expect(await site.publishHere()).toMatchObject({ changed: ["web.local"], made: 1 });
	const after = site.hashes("web.local");
	expect(after).toEqual({ ...before, dora: expect.stringMatching(/^\$6\$/) });
	expect(after.dora).not.toBe(before.dora);
	await site.withStore(async (trocla) => {
		expect(after.dora).toBe(await trocla.peek("user_dora", "sha512crypt"));
		expect(await trocla.verify("user_dora", await trocla.get("user_dora", "plain"), "sha512crypt")).toBe("sha512crypt");
	});
});

test("a key that is made anew is in the tree when the hosts are signed with it, and not before", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	await site.withStore((trocla) => trocla.delete("iar_signing_key"));
	await site.withStore((trocla) => site.init(trocla));
	expect(await site.expectWhole()).toBe(3);
	const warnings: string[] = [];
	const warn = (message: string) => void warnings.push(message);
	const published = await site.withStore(async (trocla) =>
		publishSiteChanges({ ...(await site.settings(trocla)), warn }),
	);
	expect(published).toMatchObject({ hosts: 3, changed: [] });
	expect(warnings).toEqual([expect.stringMatching(/^the signing key is another one now/)]);
	expect(await site.expectWhole()).toBe(3);
});

describe("hosts", () => {
	test("that are not asked for are carried over, with their times", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = site.everything(site.tree);
		const time = stamp(site, "ibox-one.local");
		site.write("data/defaults.yaml", { ...site.data, "ibox::root_keys": { userC: rootKey() } });
		const only = ["web.local", "ibox-two.local"];
		const published = await site.publishHere({ only });
		expect(published).toMatchObject({ hosts: 2, kept: 1, changed: ["ibox-two.local", "web.local"], removed: [] });
		expect(rootKeys(site, "ibox-one.local")).toEqual(["userA", "userB"]);
		expect(stamp(site, "ibox-one.local")).toBe(time);
		expect(stamp(site, "web.local")).toBeGreaterThan(time);
		for (const name of ["Host", "TimeStamp", "HashDigest", "HashDigest.signed"]) {
			const file = `ibox-one.local/${name}`;
			expect(site.everything(site.tree)[`generations/2/${file}`]).toBe(before[`generations/1/${file}`]);
		}
		// And the next run, of all, knows that this one is not as it should be.
		expect(await site.publishHere()).toMatchObject({ changed: ["ibox-one.local"] });
		expect(await site.expectWhole()).toBe(3);
	});

	test("do not stay signed with a key that the tree has no more", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		await site.withStore((trocla) => trocla.reset("iar_signing_key", "openpgp"));
		const before = site.everything(site.tree);
		await expect(site.publishHere({ only: ["web.local"] })).rejects.toMatchObject({ code: "config" });
		expect(site.everything(site.tree)).toEqual(before);
		expect(await site.publishHere({ only: [...HOSTS] })).toMatchObject({ hosts: 3, kept: 0 });
		expect(await site.expectWhole()).toBe(3);
		expect(await site.publishHere({ only: ["web.local"] })).toMatchObject({ hosts: 1, kept: 2 });
	});

	test("that nobody knows are refused, and nothing is published", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = site.state();
		await expect(site.publishHere({ only: ["web.local", "wbe.local"] })).rejects.toMatchObject({
			code: "not_found",
			message: expect.stringContaining('there is no host "wbe.local"'),
			hint: expect.stringContaining("web.local"),
		});
		expect(site.state()).toEqual(before);
	});

	test("whose facts are gone go from the tree", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		site.remove("facts/web.local.yaml");
		expect(await site.publishHere()).toMatchObject({ hosts: 2, changed: [], removed: ["web.local"] });
		expect(site.hosts()).toEqual(["ibox-one.local", "ibox-two.local"]);
		site.write("facts/web.local.json", { role: "web" });
		expect(await site.publishHere()).toMatchObject({ hosts: 3, added: ["web.local"], removed: [] });
		expect(await site.expectWhole()).toBe(3);
	});

	test("for which no level has accounts are told, and have no set", async () => {
		const site = await PublishSite.ready();
		site.remove("data/defaults.yaml");
		const groups = { people: { gid: 2000 } };
		site.write("data/roles/web.yaml", {
			"accounts::users": { dora: { uid: 2004, gid: "people" } },
			"accounts::groups": groups,
		});
		const published = await site.publishHere();
		expect(published).toMatchObject({
			hosts: 2,
			unmanaged: ["ibox-one.local"],
			added: ["ibox-two.local", "web.local"],
		});
		expect(site.hosts()).toEqual(["ibox-two.local", "web.local"]);
		expect(site.text("ibox-two.local", "passwd")).toBe("");
	});

	test("none of which has any accounts leave the tree as it is", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = site.state();
		site.remove("data");
		await expect(site.publishHere({ allowEmpty: true })).rejects.toMatchObject({
			code: "not_found",
			message: expect.stringContaining("for any of the 3 hosts"),
		});
		expect(site.state()).toEqual(before);
	});
});

describe("a host that would lose all", () => {
	const losses: { readonly [what: string]: { data: (site: PublishSite) => object; message: string } } = {
		"its users": {
			data: (site) => ({ ...site.data, "accounts::users": {} }),
			message: "the host would lose all of its users",
		},
		"of root's keys": {
			data: (site) => ({ ...site.data, "ibox::root_keys": {} }),
			message: "the host would lose all of root's keys",
		},
		"of its data": {
			data: () => ({}),
			message: "the host is published, and no level has accounts or keys for it any more",
		},
	};

	test.each(Object.keys(losses))("%s loses them only where it is allowed", async (what) => {
		const { data, message } = losses[what] ?? expect.unreachable();
		const site = await PublishSite.ready();
		await site.publishHere();
		const before = site.state();
		site.write("data/defaults.yaml", data(site));
		for (const anew of [false, true]) {
			const hosts = expect.arrayContaining(["ibox-one.local"]);
			await expect(site.publishHere({ anew })).rejects.toMatchObject({
				faults: expect.arrayContaining([
					expect.objectContaining({ message, hosts, hint: expect.stringContaining("--allow-empty") }),
				]),
			});
		}
		expect(site.state()).toEqual(before);
		// The role of web.local adds a user to a group that is gone with the data.
		if (what === "of its data") site.remove("data/roles/web.yaml");
		const published = await site.publishHere({ allowEmpty: true });
		expect([...published.changed, ...published.removed]).toContain("ibox-one.local");
		// It has nothing to lose any more.
		if (what !== "of its data") await site.publishHere();
		expect(await site.expectWhole()).toBe(published.hosts);
	});
});

describe("a clock", () => {
	const at = (time: number): Pick<SiteSettings, "now"> => ({ now: () => new Date(time) });

	test("that goes back a little, or stands still, does not make a set older", async () => {
		const site = await PublishSite.ready();
		const start = Date.now() + 1000;
		let before = 0;
		for (const drift of [0, 0, -1, -30_000, -59_000]) {
			await site.publishHere(at(start + drift));
			expect(stamp(site, "web.local")).toBeGreaterThan(before);
			before = stamp(site, "web.local");
		}
		expect(before).toBe(start + 4);
	});

	test("that goes back far is told, and the sets get its time", async () => {
		const site = await PublishSite.ready();
		const future = Date.now() + 86_400_000;
		await site.publishHere(at(future));
		const warnings: string[] = [];
		const now = Date.now() + 1000;
		await site.publishHere({ ...at(now), warn: (message) => warnings.push(message) });
		expect(stamp(site, "web.local")).toBe(now);
		expect(warnings).toEqual([expect.stringContaining(new Date(future).toISOString())]);
	});

	test("that a damaged set tells of is not believed where no time is like it", async () => {
		const site = await PublishSite.ready();
		await site.publishHere();
		site.remove("tree/hosts/web.local/TimeStamp");
		site.write("tree/hosts/web.local/TimeStamp", "9007199254740991\n");
		expect(await site.publishHere()).toMatchObject({ hosts: 3 });
		expect(await site.expectWhole()).toBe(3);
	});

	test("that is before the signing key publishes nothing", async () => {
		const site = await PublishSite.ready();
		await expect(site.publishHere(at(0))).rejects.toMatchObject({
			code: "config",
			message: expect.stringContaining("1970"),
			hint: expect.stringContaining("clock"),
		});
		expect(readdirSync(site.tree)).not.toContain("hosts");
		expect(readdirSync(join(site.tree, "objects"))).toEqual([]);
		await site.publishHere();
		expect(await site.expectWhole()).toBe(3);
	});
});

test("a tree that others can read is refused with what mends it", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	chmodSync(site.tree, 0o750);
	await expect(site.publishHere()).rejects.toMatchObject({ hint: expect.stringContaining(`chmod 700 ${site.tree}`) });
});
