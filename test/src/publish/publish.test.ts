import { expect, test } from "vitest";
import { PublishSite } from "../../support/publish-site.js";

/** The names of the keys that root lets in. */
const rootKeys = (site: PublishSite, host: string) =>
	site
		.text(host, "authorized_keys")
		.trimEnd()
		.split("\n")
		.map((line) => line.split(" ")[2]);

test("a key in defaults.yaml is on every host, one in a host's own level on that host alone, without lookup_options", async () => {
	const site = await PublishSite.ready();
	await site.publishHere();
	expect(rootKeys(site, "ibox-two.local")).toEqual(["user1", "userA", "userB"]);
	expect(rootKeys(site, "ibox-one.local")).toEqual(["userA", "userB"]);
	expect(rootKeys(site, "web.local")).toEqual(["userA", "userB"]);
	console.time("again");
	await site.publishHere();
	console.timeEnd("again");
	expect(await site.expectWhole()).toBe(3);
});
