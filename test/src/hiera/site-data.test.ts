import { expect, test } from "vitest";
import { openHiera, openTrocla } from "../../../src/index.js";
import { HieraSite } from "../../support/hiera-site.js";
import { cleanUp } from "../../support/sandbox.js";

const HIERA = {
	version: 5,
	defaults: { datadir: "data", data_hash: "yaml_data" },
	hierarchy: [
		{ name: "Host", path: "hosts/%{trusted.certname}.yaml" },
		{ name: "Role", path: "roles/%{role}.yaml" },
		{ name: "Passwords", lookup_key: "trocla_lookup_key" },
		{ name: "Common", path: "common.yaml" },
	],
};

function site(): HieraSite {
	const site = new HieraSite({
		"hiera.yaml": HIERA,
		"data/hosts/www1.yaml": { port: 8080, users: { alice: { uid: 2001 } } },
		"data/roles/web.yaml": { role_port: 443 },
		"data/common.yaml": {
			port: 80,
			big: "%{environment}",
			users: { alice: { shell: "/bin/sh" }, bob: { uid: 2002 } },
			password: "%{lookup('trocla_lookup::plain::db')}",
		},
		"hosts/www1.yaml": { role: "web" },
	});
	cleanUp(() => site.remove());
	return site;
}

test("a program looks keys up for a host of the directory, and gets JavaScript's own values", async () => {
	const at = site();
	const hiera = await openHiera({ config: at.path("hiera.yaml"), hosts: at.path("hosts"), environment: "test" });
	expect(await hiera.lookup("port", { node: "www1" })).toBe(8080);
	expect(await hiera.lookup(["nope", "role_port"], { node: "www1" })).toBe(443);
	expect(await hiera.lookup("big", { node: "www1" })).toBe("test");
	expect(await hiera.lookup("users", { node: "www1", merge: "deep" })).toEqual({
		alice: { uid: 2001, shell: "/bin/sh" },
		bob: { uid: 2002 },
	});
	expect(await hiera.lookup("nope", { node: "www1", default: ["x"] })).toEqual(["x"]);
});

test("facts that are given go over the host's, and are enough without one", async () => {
	const at = site();
	const hiera = await openHiera({ config: at.path("hiera.yaml"), hosts: at.path("hosts") });
	await expect(hiera.lookup("role_port", { node: "www1", facts: { role: "db" } })).rejects.toMatchObject({
		code: "not_found",
	});
	expect(await hiera.lookup("role_port", { facts: { role: "web" } })).toBe(443);
	await expect(hiera.lookup("port", { node: "www2" })).rejects.toMatchObject({
		code: "not_found",
		message: expect.stringContaining('"www2"'),
	});
});

test("a level of passwords takes them from the store that the program opened", async () => {
	const at = site();
	await using store = await openTrocla({ config: { store: "memory" } });
	const hiera = await openHiera({ config: at.path("hiera.yaml"), store });
	const password = await hiera.lookup("password");
	expect(password).toBe(await store.peek("db", "plain"));
	expect(password).toHaveLength(16);
});

test.each([
	[undefined, "plain object"],
	[{}, "config of openHiera"],
	[{ config: [] }, "config of openHiera"],
	[{ config: "x", host: "y" }, '"host"'],
	[{ config: "x", hosts: 1 }, "hosts of openHiera"],
	[{ config: "x", store: {} }, "store of openHiera"],
])("a wrong call is refused by what is wrong: %j", async (options, message) => {
	await expect(openHiera(options as never)).rejects.toMatchObject({
		code: "invalid",
		message: expect.stringContaining(message),
	});
});

test("a wrong query is refused by what is wrong", async () => {
	const at = site();
	const hiera = await openHiera({ config: at.path("hiera.yaml") });
	await expect(hiera.lookup("port", { nod: "www1" } as never)).rejects.toMatchObject({
		code: "invalid",
		hint: "Did you mean node?",
	});
	await expect(hiera.lookup("port", { merge: "depp" })).rejects.toMatchObject({ code: "invalid" });
});
