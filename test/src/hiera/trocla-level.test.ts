import { describe, expect, test } from "vitest";
import { openHiera } from "../../../src/hiera/open-hiera.js";
import { Scope } from "../../../src/hiera/scope.js";
import type { PasswordStore } from "../../../src/hiera/trocla-level.js";
import { HieraSite } from "../../support/hiera-site.js";
import { cleanUp } from "../../support/sandbox.js";
import { TestStore } from "../../support/store.js";

const HIERA = `version: 5
hierarchy:
  - name: Passwords
    lookup_key: trocla_lookup_key
    options: {trocla_hierarchy: ["hosts/%{trusted.certname}", "roles/%{role}", defaults]}
  - {name: Common, data_hash: yaml_data, path: common.yaml}
`;

/** Hiera's data over a store, and what it gives a host. */
async function site(common: string, { create = true } = {}) {
	const made = new HieraSite({ "hiera.yaml": HIERA, "data/common.yaml": common });
	cleanUp(() => made.remove());
	const store = new TestStore();
	const stored: PasswordStore = { peek: (...asked) => store.trocla.peek(...asked) };
	const open = async () => (create ? store.trocla : stored);
	const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml"), store: open });
	const facts = new Map([["role", "web"]]);
	const lookup = (key: string, name = "www1") => hiera.lookup(key, Scope.of({ name, facts }));
	return { store, lookup };
}

describe("trocla_lookup_key", () => {
	test("gives a key's value in a format, made with Hiera's options for it", async () => {
		const { store, lookup } = await site(`
trocla_options: {length: 20, charset: numeric, plain: {charset: alphanumeric}}
trocla_options::db: {plain: {length: 40}, charset: hexadecimal}
trocla_options::other: {trocla_key: db}
`);
		const value = await lookup("trocla_lookup::plain::db");
		// What is said for the key goes over what is said for all, and in each what is said for the format.
		expect(value).toMatch(/^[0-9a-f]{40}$/);
		expect(await store.trocla.peek("db", "plain")).toBe(value);
		expect(await lookup("trocla_lookup::plain::other")).toBe(value);
		expect(await lookup("trocla_lookup::plain::free")).toMatch(/^[A-Za-z0-9]{20}$/);
		expect(await lookup("trocla_lookup::sha512crypt::db")).toMatch(/^\$6\$/);
	});

	test("takes a hierarchy's first stored value, and makes one at its first source", async () => {
		const { store, lookup } = await site("trocla_options::shared: {order_override: 'roles/%{role}'}\n");
		const own = await lookup("trocla_hierarchy::plain::db");
		expect(await store.trocla.peek("hiera/hosts/www1/db", "plain")).toBe(own);
		expect(await lookup("trocla_hierarchy::plain::db", "www2")).not.toBe(own);
		const shared = await lookup("trocla_hierarchy::plain::shared");
		expect(await lookup("trocla_hierarchy::plain::shared", "www2")).toBe(shared);
		expect(await store.trocla.peek("hiera/roles/web/shared", "plain")).toBe(shared);
		await store.trocla.set("hiera/defaults/old", "plain", "old one");
		expect(await lookup("trocla_hierarchy::plain::old")).toBe("old one");
	});

	test("makes nothing where it is told so", async () => {
		const { store, lookup } = await site("", { create: false });
		await expect(lookup("trocla_lookup::plain::db")).rejects.toMatchObject({ code: "not_found" });
		await expect(lookup("trocla_hierarchy::plain::db")).rejects.toMatchObject({ code: "not_found" });
		await store.trocla.set("db", "plain", "here");
		expect(await lookup("trocla_lookup::plain::db")).toBe("here");
	});

	test("leaves all other keys to the levels below", async () => {
		const { lookup } = await site("db: {password: \"%{lookup('trocla_lookup::plain::db')}\"}\ntrocla_lookup: mine\n");
		expect(await lookup("trocla_lookup")).toBe("mine");
		expect(await lookup("db.password")).toBe(await lookup("trocla_lookup::plain::db"));
	});

	test.each([
		["trocla_options: [length]\n", { code: "data", message: 'key "trocla_options": options are a hash, not an array' }],
		["trocla_options: {lenght: 3}\n", { code: "invalid", hint: "Did you mean length?" }],
		[
			"trocla_options::db: {trocla_key: 3}\n",
			{ code: "data", message: expect.stringContaining("trocla_key must be a text") },
		],
	])("refuses faulty options: %j", async (common, error) => {
		const { lookup } = await site(common);
		await expect(lookup("trocla_lookup::plain::db")).rejects.toMatchObject(error);
	});
});
