import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountsPrinter } from "../../../src/accounts/account-files.js";
import { parseAccounts } from "../../../src/accounts/accounts.js";
import { parseKeys, printKeys } from "../../../src/accounts/authorized-keys.js";
import { describeFault } from "../../../src/accounts/faults.js";
import type { Rules } from "../../../src/accounts/rules.js";
import { accounts, field } from "../../support/arbitrary-accounts.js";

const groups = { people: { gid: 2000 }, ops: { gid: 2002 }, gone: { ensure: "absent" } };
const alice = { uid: 2001, gid: "people" };

/** The faults of data, as a user reads them. */
const faultsOf = (users: unknown, others: unknown = groups, rules?: Rules) =>
	parseAccounts(users, others, undefined, rules).faults.map(describeFault);

/** The faults of a user who is alice but for this. */
const withFault = (fields: object) => faultsOf({ alice: { ...alice, ...fields } });

describe("a user's entry", () => {
	it.each([
		[{ uid: undefined }, "uid is missing"],
		[{ uid: null }, "uid is missing"],
		[{ uid: "2001" }, /^uid must be a whole number from 1000 to 4294967294, not "2001"/],
		[{ uid: 2001.5 }, /^uid must be a whole number/],
		[{ uid: -1 }, /^uid must be a whole number/],
		[{ uid: 0 }, "uid is 0, and below 1000 are the system's own"],
		[{ uid: 999 }, /^uid is 999/],
		[{ uid: 65534 }, /^uid is 65534: that of nobody/],
		[{ uid: 65535 }, /^uid is 65535/],
		[{ uid: 2 ** 32 - 1 }, /^uid must be a whole number/],
		[{ uid: 2n ** 64n }, /^uid must be a whole number/],
		[{ gid: "peopel" }, 'gid names a group that is not in accounts::groups: "peopel"'],
		[{ gid: "__proto__" }, /^gid names a group that is not/],
		[{ gid: 2003 }, "gid is 2003, which no group in accounts::groups has"],
		[{ gid: "gone" }, 'gid is "gone", which is absent'],
		[{ gid: [] }, "gid must be a group's name or number"],
		[{ groups: ["ops", "wheel"] }, 'groups names a group that is not in accounts::groups: "wheel"'],
		[{ groups: ["ops", 7] }, "groups.1 must be a text, not 7"],
		[{ groups: { ops: true } }, /^groups must be a list of names/],
		[{ gecos: "a:b" }, 'gecos has a colon: "a:b"'],
		[{ gecos: "a\nroot::0:0::/:/bin/sh" }, /^gecos has a newline/],
		[{ gecos: "a\u0085b" }, /^gecos has a newline/],
		[{ gecos: " Alice" }, 'gecos begins or ends with a space: " Alice"'],
		[{ shell: "/bin/sh " }, 'shell begins or ends with a space: "/bin/sh "'],
		[{ gecos: "\ud800" }, "gecos is not well-formed Unicode"],
		[{ gecos: 7 }, "gecos must be a text, not 7"],
		[{ home: "home/alice" }, 'home must be an absolute path, not "home/alice"'],
		[{ home: "" }, /^home must be an absolute path/],
		[{ home: "/home:/alice" }, /^home has a colon/],
		[{ shell: "bash" }, /^shell must be an absolute path/],
		[{ shell: "/bin/sh\r" }, /^shell has a newline/],
		[{ ensure: "abcent" }, 'ensure must be present, absent, locked, not "abcent"'],
		[{ ensure: true }, /^ensure must be/],
		[{ keep_keys: "yes" }, 'keep_keys must be true or false, not "yes"'],
		[{ ageing: 90 }, "ageing must be a map, not a number"],
		[{ ageing: { maxx: 90 } }, "ageing.maxx is not known"],
		[{ ageing: { max: -1 } }, "ageing.max must be a whole number from 0 to 99999, not -1"],
		[{ ageing: { warn: "7" } }, /^ageing.warn must be/],
		[{ ageing: { min: 10, max: 9 } }, /^ageing.min is 10, and max 9/],
		[{ ageing: { expire: "2027-02-29" } }, 'ageing.expire must be a date, not "2027-02-29"'],
		[{ ageing: { expire: 20_270_101 } }, /^ageing.expire must be a date/],
		[{ ageing: { expire: new Date("nonsense") } }, /^ageing.expire must be a date/],
		[{ ageing: { expire: "1970-01-01" } }, /^ageing.expire must be a day from 1970-01-02/],
		[{ ageing: { expire: new Date(8.64e15) } }, /^ageing.expire must be a day from/],
		[{ password: 7 }, "password must be a map of key and format, a hash, or '*', not a number"],
		[{ password: { key: "" } }, /^password.key can't be one: a key must not be empty/],
		[{ password: { key: "a\nb" } }, /^password.key can't be one/],
		[{ password: { format: "sha512" } }, 'password.format is no format that /etc/shadow takes: "sha512"'],
		[{ password: { format: "mysql" } }, /^password.format is no format/],
		[{ password: { kye: "a" } }, "password.kye is not known"],
		[{ __proto__: null, shel: "/bin/sh" }, "shel is not known"],
		[JSON.parse('{"__proto__": {"shell": "x"}}'), "__proto__ is not known"],
		[JSON.parse('{"constructor": 1}'), "constructor is not known"],
		[{ keys: [] }, "keys must map names to entries, and is a list"],
		[{ keys: { laptop: "nonsense" } }, "keys.laptop is no line of authorized_keys"],
	])("with %o is refused", (fields, message) => {
		const [fault, ...others] = withFault(fields as object);
		expect(others).toEqual([]);
		const text = fault?.replace(/^accounts::users\.alice\./, "");
		if (typeof message === "string") expect(text).toBe(message);
		else expect(text).toMatch(message);
	});

	it.each(["", "!", "!!", "x", "secret word", "abcdefghijklm", "$6$salt$short", "$6$sa:t$", "*0", "**", " *"])(
		"with the password %j is refused, and no fault shows it",
		(password) => {
			const { faults } = parseAccounts({ alice: { ...alice, password } }, groups);
			expect(faults).toHaveLength(1);
			expect(faults[0]?.path).toEqual(["accounts::users", "alice", "password"]);
			if (password.length > 2) expect(JSON.stringify(faults)).not.toContain(password);
		},
	);

	it("with a number for a password is refused, and no fault shows it", () => {
		const { faults } = parseAccounts({ alice: { ...alice, password: 8675309 } }, groups);
		expect(faults).toHaveLength(1);
		expect(JSON.stringify(faults)).not.toContain("8675309");
	});

	it.each([null, 7, "a text", [], true, new Date(0), new Map([["uid", 2001]])])("that is %o is refused", (entry) => {
		expect(faultsOf({ alice: entry })).toEqual([expect.stringMatching(/^accounts::users\.alice must be a map, not /)]);
	});

	it("has a hint that names the member, the group or the format that is nearest", () => {
		const users = { alice: { ...alice, shel: 1, groups: ["op"], password: { format: "sha512cript" } } };
		const hints = parseAccounts(users, { people: { gid: 2000 }, ops: { gid: 2002 } }).faults.map(({ hint }) => hint);
		expect(hints.toSorted()).toEqual(["Did you mean ops?", "Did you mean sha512crypt?", "Did you mean shell?"]);
	});

	it("that is absent, or was knocked out, needs nothing and is left out", () => {
		const users = { alice, bob: { ensure: "absent" }, carol: "", dave: { ensure: "absent", uid: 2001, gid: "gone" } };
		const { value, faults } = parseAccounts(users, { people: { gid: 2000, admins: ["alice", "bob", "carol"] } });
		expect(faults).toEqual([]);
		expect(value?.users.map(({ name }) => name)).toEqual(["alice"]);
		expect(value?.groups[0]?.admins).toEqual(["alice"]);
	});

	it("needs a uid and a group only, and the group may have the user's name", () => {
		const { value, faults } = parseAccounts({ ann: { uid: 2000 } }, { ann: { gid: 3000 } });
		expect(faults).toEqual([]);
		expect(value?.users).toMatchObject([{ gid: 3000, home: "/home/ann", shell: "/bin/bash", gecos: "", keys: [] }]);
		expect(faultsOf({ ann: { uid: 2000 } })).toEqual([
			'accounts::users.ann.gid names a group that is not in accounts::groups: "ann"',
		]);
		const [fault] = parseAccounts({ ann: { uid: 2000 } }, groups).faults;
		expect(fault?.hint).toMatch(/give a gid, or add ann: \{gid: 2000\}/);
	});

	it("has a note where a password can't age, since nobody knows when it was set", () => {
		const password = `$6$saltsalt$${"x".repeat(86)}`;
		const notes = (user: object) => parseAccounts({ alice: { ...alice, ...user } }, groups).notes.map(describeFault);
		expect(notes({ password, ageing: { max: 90 } })).toEqual([
			"accounts::users.alice.ageing has no effect: it is not known when the password was set",
		]);
		expect(notes({ password, ageing: { max: 90, changed: "2026-01-01" } })).toEqual([]);
		expect(notes({ ageing: { max: 90 } })).toEqual([]);
		expect(notes({ password: "*", ageing: { max: 90 } })).toEqual([]);
	});
});

describe("names", () => {
	it.each(["alice", "_apt", "a.b-c_d", "Alice", "host$", "0day", "__proto__", "constructor", "x".repeat(32)])(
		"like %j are taken",
		(name) => {
			const users = JSON.parse(`{${JSON.stringify(name)}: {"uid": 2001, "gid": 2000}}`);
			const { value } = parseAccounts(users, groups);
			expect(value?.users.map((user) => user.name)).toEqual([name]);
		},
	);

	const never = [
		"",
		"-a",
		"+a",
		"~a",
		"a:b",
		"a b",
		"a,b",
		"a\nb",
		"a/b",
		".",
		"..",
		"root",
		"1000",
		"#a",
		"x".repeat(33),
		"ü".repeat(17),
		"\ud800",
	];
	const debians = ["jürgen", "alice@example.org", "a$b", "ü".repeat(16)];
	it.each([...never, ...debians])("like %j are refused, for groups too", (name) => {
		expect(faultsOf({ [name]: alice })).toHaveLength(1);
		expect(faultsOf({}, { [name]: { gid: 2000 } })).toHaveLength(1);
	});

	it("may be all that Debian takes, and nothing worse, where that is allowed", () => {
		for (const name of debians) expect(faultsOf({ [name]: alice }, groups, { names: "debian" })).toEqual([]);
		for (const name of never) expect(faultsOf({ [name]: alice }, groups, { names: "debian" })).toHaveLength(1);
	});
});

describe("a group's entry", () => {
	it.each([
		[{}, "gid is missing"],
		[{ gid: 4 }, /^gid is 4, and below 1000/],
		[{ gid: 65535 }, /^gid is 65535/],
		[{ gid: 2000, members: ["alice"] }, "members is not known"],
		[{ gid: 2000, admins: ["zoe"] }, 'admins has a user who is not in accounts::users: "zoe"'],
		[{ gid: 2000, ensure: "locked" }, /^ensure must be present, absent, not "locked"/],
	])("like %o is refused", (entry, message) => {
		const [fault, ...others] = faultsOf({}, { people: entry });
		expect(others).toEqual([]);
		expect(fault?.replace("accounts::groups.people.", "")).toMatch(message);
	});

	it("that is absent takes its members' membership away", () => {
		const { value, faults } = parseAccounts({ alice: { ...alice, groups: ["ops", "gone"] } }, groups);
		expect(faults).toEqual([]);
		expect(value?.groups).toMatchObject([{ name: "people" }, { name: "ops", members: ["alice"] }]);
	});
});

describe("all accounts together", () => {
	it("have each id once", () => {
		const users = { alice, bob: { uid: 2001, gid: 2000, gecos: ":" }, eve: { uid: 2001, gid: "x" } };
		expect(faultsOf(users, { people: { gid: 2000 }, staff: { gid: 2000 } }).toSorted()).toEqual([
			"accounts::groups.staff.gid is 2000, and so is that of people",
			'accounts::users.bob.gecos has a colon: ":"',
			"accounts::users.bob.uid is 2001, and so is that of alice",
			'accounts::users.eve.gid names a group that is not in accounts::groups: "x"',
			"accounts::users.eve.uid is 2001, and so is that of alice",
		]);
	});

	it("may begin lower where that is allowed", () => {
		const rules = { minUid: 500, minGid: 100 };
		expect(faultsOf({ a: { uid: 500, gid: 100 } }, { users: { gid: 100 } }, rules)).toEqual([]);
		expect(faultsOf({ a: { uid: 499, gid: 100 } }, { users: { gid: 99 } }, rules)).toHaveLength(2);
	});

	it("begin at 1000 where a rule is there without a value", () => {
		const rules = { minUid: undefined, minGid: undefined, names: undefined };
		expect(faultsOf({ "a b": { uid: 999, gid: 999 } }, { people: { gid: 999 } }, rules)).toHaveLength(3);
	});

	it("have faults that say where they are, as far as that is known, in the notation of Hiera's keys", () => {
		const data = { "a.b": { uid: 1 } };
		const where = (path: readonly string[]) => (path.includes("uid") ? "nodes/web01.yaml" : undefined);
		const told = parseAccounts(data, {}, where).faults.map(describeFault);
		expect(told.toSorted()).toEqual([
			expect.stringMatching(/^accounts::users\."a\.b"\.gid names/),
			expect.stringMatching(/^nodes\/web01\.yaml: accounts::users\."a\.b"\.uid is 1/),
		]);
	});

	it("that are no maps at all are faults too", () => {
		expect(faultsOf([], 7)).toEqual([
			"accounts::groups must map names to entries, and is a number",
			"accounts::users must map names to entries, and is a list",
		]);
	});
});

/** Anything that a data file may hold, and much that none does, with names that mean something. */
const words = fc.constantFrom(
	...["uid", "gid", "groups", "gecos", "home", "shell", "ensure", "password", "ageing", "keys", "keep_keys", "key"],
	...["format", "type", "options", "comment", "admins", "min", "expire", "alice", "people", "__proto__", "toString"],
);
const garbage = fc.anything({
	key: fc.oneof(words, fc.string()),
	withDate: true,
	withMap: true,
	withBigInt: true,
	withNullPrototype: true,
	withSparseArray: true,
	maxDepth: 4,
});

describe("garbage", () => {
	it("is told as faults, and never as an exception", () => {
		fc.assert(
			fc.property(garbage, garbage, (users, others) => {
				for (const checked of [parseAccounts(users, others), parseAccounts({ alice: users }, { people: others })]) {
					expect(checked.value === undefined).toBe(checked.faults.length > 0);
					expect(checked.faults.map(describeFault).join("")).not.toContain("\n");
				}
			}),
			{ numRuns: 2000 },
		);
	});

	it("in keys is told as faults, and never as an exception", () => {
		fc.assert(
			fc.property(fc.oneof(garbage, fc.string()), (keys) => {
				for (const checked of [parseKeys(keys), parseKeys({ alice: keys })]) {
					expect(checked.value === undefined).toBe(checked.faults.length > 0);
				}
			}),
			{ numRuns: 2000 },
		);
	});

	it("with a colon or a newline reaches no file", () => {
		const bad = fc
			.tuple(field, fc.constantFrom(":", "\n", "\r", "\0", "\v", "\u0085"), field)
			.map((parts) => parts.join(""));
		const member = fc.constantFrom("gecos", "home", "shell", "password", "gid");
		fc.assert(
			fc.property(accounts, member, bad, fc.string(), (given, name, value, extra) => {
				const users = {
					...given.users,
					victim: { uid: 999_999, gid: Object.keys(given.groups)[0], [name]: `/${value}${extra}` },
				};
				expect(parseAccounts(users, given.groups).value).toBeUndefined();
				expect(parseAccounts({ ...given.users, [value]: { uid: 999_999 } }, given.groups).value).toBeUndefined();
				expect(parseAccounts(given.users, { ...given.groups, [value]: { gid: 999_999 } }).value).toBeUndefined();
			}),
		);
	});

	it("of any text in every field leaves lines with the colons of their file, or faults", () => {
		const text = fc.string({ unit: "binary", maxLength: 8 });
		fc.assert(
			fc.property(text, text, text, text, (gecos, home, shell, name) => {
				const data = { [name]: { uid: 2001, gid: 2000, gecos, home: `/${home}`, shell: `/${shell}`, password: "*" } };
				const { value } = parseAccounts(data, groups, undefined, { names: "debian" });
				if (value) expect(accountsPrinter(() => undefined)(value).passwd).toMatch(/^([^:\n]*:){6}[^:\n]*\n$/);
				const { value: keys } = parseKeys({
					[name]: { type: "ssh-ed25519", key: KEY, comment: gecos, options: [`command=${home}`] },
				});
				if (keys) expect(printKeys(keys)).toMatch(/^[^\n]* ssh-ed25519 [^\n]*\n$/);
			}),
			{ numRuns: 1000 },
		);
	});
});

// RFC 8032's public key of test 1, as RFC 8709 writes it.
const PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const KEY = Buffer.from(`0000000b7373682d6564323535313900000020${PUBLIC}`, "hex").toString("base64");
