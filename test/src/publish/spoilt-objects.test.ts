import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PublishSite } from "../../support/publish-site.js";

/** Changes a byte of each object that has any. */
function spoil(site: PublishSite): void {
	for (const name of readdirSync(join(site.tree, "objects"))) {
		const object = join(site.tree, "objects", name);
		writeFileSync(object, readFileSync(object, "latin1").replace(/./, "?"));
	}
}

/** When an object was changed last. */
function newest(site: PublishSite): number {
	const objects = join(site.tree, "objects");
	return Math.max(...readdirSync(objects).map((name) => statSync(join(objects, name)).ctimeMs));
}

test("an object that was altered is written again in the next run, also where its time was put back", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	const before = site.digests();
	spoil(site);
	for (const name of readdirSync(join(site.tree, "objects"))) utimesSync(join(site.tree, "objects", name), 1, 1);
	await site.publishHere();
	expect(site.digests()).toEqual(before);
	expect(await site.expectWhole()).toBe(3);
});

test("an object that its disk has spoilt is written again within sixteen runs", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	const before = site.digests();
	spoil(site);
	// A disk changes no ctime: here it is that of the sets that becomes newer.
	const sets = join(site.tree, "hosts/.");
	while (statSync(sets).ctimeMs <= newest(site)) chmodSync(sets, 0o700);
	for (let runs = 0; runs < 16; runs++) await site.publishHere();
	expect(site.digests()).toEqual(before);
	expect(await site.expectWhole()).toBe(3);
});
