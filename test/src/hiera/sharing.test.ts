import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DataFile, DataFiles, type DataSyntax } from "../../../src/hiera/data-files.js";
import type { LookupSettings } from "../../../src/hiera/lookup-settings.js";
import { openHiera } from "../../../src/hiera/open-hiera.js";
import { RecentValues } from "../../../src/hiera/recent-values.js";
import { Scope } from "../../../src/hiera/scope.js";
import { isHash, plainValue, sharedPlainValues, toValue, type Value } from "../../../src/hiera/value.js";
import { lookup, site } from "../../support/hiera-arbitraries.js";
import { HieraSite, HOST } from "../../support/hiera-site.js";
import { mark } from "../../support/puppet.js";
import { cleanUp } from "../../support/sandbox.js";

const HIERA = `version: 5
hierarchy:
  - {name: Host, DATA, path: "hosts/%{trusted.certname}.yaml"}
  - {name: Role, DATA, path: "roles/%{role}.yaml"}
  - {name: Common, DATA, path: common.yaml}
`;

const COMMON = `users:
  alice: {uid: 1, groups: [a, b], keys: {laptop: {type: x}}}
  bob: {uid: 2, groups: [a, a]}
  carol: {uid: 3, home: "/home/%{trusted.certname}", keys: {laptop: {type: x}}}
`;

/** The users of two hosts that have files of their own, and of a role that both have. */
async function usersOf(options: string, { backend = "data_hash: yaml_data", common = COMMON } = {}) {
	const made = new HieraSite({
		"hiera.yaml": HIERA.replaceAll("DATA", backend),
		"data/common.yaml": common,
		"data/roles/web.yaml": `users: {bob: {shell: /bin/sh}, erin: {uid: 5, groups: [x, x]}}\nlookup_options: {users: ${options}}\n`,
		"data/hosts/www1.yaml": "users: {own1: {uid: 11}}\n",
		"data/hosts/www2.yaml": "users: {own2: {uid: 12}, frank: {uid: 6}}\n",
	});
	cleanUp(() => made.remove());
	const hiera = await openHiera({ hieraConfig: made.path("hiera.yaml") });
	const users = async (name: string) => {
		const value = await hiera.lookup("users", Scope.of({ name, facts: new Map([["role", "web"]]) }));
		if (!isHash(value)) throw new Error("users are a hash");
		return value;
	};
	return [await users("www1"), await users("www2")] as const;
}

describe("what hosts that see different files have in common", () => {
	test.each([
		"{merge: hash}",
		"{merge: deep}",
		"{merge: {strategy: deep, knockout_prefix: --, sort_merged_arrays: true}}",
	])("is one object for all of them: %s", async (options) => {
		const [one, two] = await usersOf(options);
		expect(one).not.toBe(two);
		expect([...one.keys()].sort()).toEqual(["alice", "bob", "carol", "erin", "own1"]);
		for (const name of ["alice", "bob", "erin"]) expect(one.get(name)).toBe(two.get(name));
		expect(plainValue(one.get("carol") ?? null)).toMatchObject({ home: "/home/www1" });
		expect(plainValue(two.get("carol") ?? null)).toMatchObject({ home: "/home/www2" });
		const keys = (users: Value) => isHash(users) && users.get("keys");
		expect(keys(one.get("carol") ?? null)).toBe(keys(two.get("carol") ?? null));
	});

	test("is one object where values may be encrypted, and none is", async () => {
		const backend = "lookup_key: eyaml_lookup_key";
		const [one, two] = await usersOf("{merge: deep}", { backend });
		for (const name of ["alice", "bob", "erin"]) expect(one.get(name)).toBe(two.get(name));
	});

	test("becomes one object for programs too", async () => {
		const [one, two] = await usersOf("{merge: deep}");
		const convert = sharedPlainValues();
		const [first, second] = [convert(one), convert(two)] as const;
		expect(first).toEqual(plainValue(one));
		expect(second).toEqual(plainValue(two));
		const names = ["alice", "bob", "erin"] as const;
		const member = (users: unknown, name: string) => (users as { [name: string]: unknown })[name];
		for (const name of names) expect(member(first, name)).toBe(member(second, name));
		expect(convert(one)).toBe(first);
	});
});

/** Data files whose values can't be changed. */
class FrozenFiles extends DataFiles {
	override async read(path: string, syntax: DataSyntax): Promise<DataFile | undefined> {
		const file = await super.read(path, syntax);
		return (
			file && {
				path,
				entry: (key) => {
					const entry = file.entry(key);
					if (entry) freeze(entry.value);
					return entry;
				},
			}
		);
	}
}

function freeze(value: Value): void {
	if (value === null || typeof value !== "object" || Object.isFrozen(value)) return;
	if (value instanceof Map) {
		const refuse = () => {
			throw new Error("data was changed");
		};
		Object.assign(value, { set: refuse, delete: refuse, clear: refuse });
	}
	Object.freeze(value);
	if (Array.isArray(value) || isHash(value)) for (const member of value.values()) freeze(member);
}

test("no look-up changes the data, and the order of look-ups changes no answer", async () => {
	await fc.assert(
		fc.asyncProperty(site, fc.array(lookup, { minLength: 2, maxLength: 12 }), async (files, lookups) => {
			const made = new HieraSite(files);
			try {
				const facts = toValue(HOST.facts);
				const scope = () => Scope.of({ name: HOST.node, ...(isHash(facts) && { facts }) });
				const open = (files: DataFiles) => openHiera({ hieraConfig: made.path("hiera.yaml"), files });
				const answers = async (hiera: Awaited<ReturnType<typeof open>>, asked: typeof lookups) => {
					const given: unknown[] = [];
					for (const { keys, merge } of asked) {
						const settings = merge === undefined ? {} : ({ merge } as LookupSettings); // what Puppet takes
						given.push(await hiera.lookup(keys, scope(), settings).then(mark, (error) => String(error)));
					}
					return given;
				};
				const frozen = await open(new FrozenFiles());
				const first = await answers(frozen, lookups);
				expect((await answers(frozen, lookups.toReversed())).toReversed()).toEqual(first);
				const alone: unknown[] = [];
				for (const asked of lookups) alone.push(...(await answers(await open(new DataFiles()), [asked])));
				expect(alone).toEqual(first);
			} finally {
				made.remove();
			}
		}),
		{ numRuns: 100 },
	);
});

test("merged values are forgotten, those not asked for longest first, before they are too many to keep", () => {
	const values = new RecentValues(1000);
	const large = (): Value => Array.from({ length: 400 }, () => null);
	const [a, b, c] = [large(), large(), large()];
	values.set("a", a);
	values.set("b", b);
	expect(values.get("a")).toBe(a);
	values.set("c", c);
	expect(values.get("b")).toBeUndefined();
	expect(values.get("a")).toBe(a);
	expect(values.get("c")).toBe(c);
	const users = toValue({ users: Object.fromEntries(Array.from({ length: 500 }, (_, uid) => [`u${uid}`, uid])) });
	values.set("nested", users);
	expect(values.get("c")).toBe(c);
	expect(values.get("a")).toBeUndefined();
});
