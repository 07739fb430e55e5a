import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountsPrinter, type HashOf } from "../../../src/accounts/account-files.js";
import { type Accounts, parseAccounts } from "../../../src/accounts/accounts.js";
import { accounts, type Given } from "../../support/arbitrary-accounts.js";
import { readFields, readList } from "../../support/colon-files.js";

function parsed({ users, groups }: Given): Accounts {
	const { value, faults } = parseAccounts(users, groups);
	expect(faults).toEqual([]);
	return value ?? expect.unreachable();
}

const print = (given: Given) => accountsPrinter(() => undefined)(parsed(given));
const there = ({ users }: Given) => Object.entries(users).filter(([, { ensure }]) => ensure !== "absent");
const dayNumber = (day: string | undefined) => (day === undefined ? "" : String(Date.parse(day) / 86_400_000));
const number = (value: number | undefined) => (value === undefined ? "" : String(value));

describe("the files of a host", () => {
	it("passwd has each user who is not absent, with the fields that were given, by uid", () => {
		fc.assert(
			fc.property(accounts, (given) => {
				const expected = there(given)
					.map(([name, { uid, gid, gecos, home, shell }]) => {
						return [name, "x", String(uid), String(given.groups[gid]?.gid), gecos, home, shell];
					})
					.sort((a, b) => Number(a[2]) - Number(b[2]));
				expect(readFields(print(given).passwd)).toEqual(expected);
			}),
		);
	});

	it("shadow has the same users in the same order, a ! before the hash of the locked, and days since 1970", () => {
		fc.assert(
			fc.property(accounts, (given) => {
				const { passwd, shadow } = print(given);
				const order = readFields(passwd).map(([name]) => name);
				const expected = there(given)
					.map(([name, { ensure, password, ageing }]) => [
						name,
						ensure === "locked" ? `!${password}` : password,
						dayNumber(ageing.changed),
						...[ageing.min, ageing.max, ageing.warn, ageing.inactive].map(number),
						dayNumber(ageing.expire),
						"",
					])
					.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
				expect(readFields(shadow)).toEqual(expected);
			}),
		);
	});

	it("group and gshadow have each group with its members and administrators, by gid, and nobody who is absent", () => {
		fc.assert(
			fc.property(accounts, (given) => {
				const { group, gshadow } = print(given);
				const users = there(given);
				const expected = Object.entries(given.groups).sort(([, a], [, b]) => a.gid - b.gid);
				const members = expected.map(([name]) => {
					return users
						.filter(([, user]) => user.groups.includes(name))
						.map(([user]) => user)
						.sort();
				});
				const admins = expected.map(([, entry]) => {
					return entry.admins.filter((name) => users.some(([user]) => user === name)).sort();
				});
				const lines = readFields(group);
				expect(lines.map(([name, x, gid]) => [name, x, gid])).toEqual(
					expected.map(([name, { gid }]) => [name, "x", String(gid)]),
				);
				expect(lines.map((fields) => readList(fields[3]))).toEqual(members);
				const secret = readFields(gshadow);
				expect(secret.map(([name, hash]) => [name, hash])).toEqual(expected.map(([name]) => [name, "!"]));
				expect(secret.map((fields) => readList(fields[2]))).toEqual(admins);
				expect(secret.map((fields) => readList(fields[3]))).toEqual(members);
			}),
		);
	});

	it("are the same bytes whatever the order of the data", () => {
		fc.assert(
			fc.property(accounts, (given) => {
				const reversed = (map: object) => Object.fromEntries(Object.entries(map).reverse());
				const turned = {
					users: Object.fromEntries(
						Object.entries(given.users)
							.reverse()
							.map(([name, user]) => [name, { ...user, groups: user.groups.toReversed() }]),
					),
					groups: reversed(given.groups),
				};
				expect(print(turned)).toEqual(print(given));
			}),
		);
	});

	it("have nothing in them where there are no accounts", () => {
		expect(print({ users: {}, groups: {} })).toEqual({ passwd: "", shadow: "", group: "", gshadow: "" });
		expect(parseAccounts(undefined, undefined).value).toEqual({ users: [], groups: [] });
	});
});

const HASH = `$6$saltsalt$${"x".repeat(86)}`;
const groups = { people: { gid: 2000 } };
const one = (user: object) => parsed({ users: { alice: { uid: 2001, gid: "people", ...user } }, groups } as never);
const shadowOf = (user: object, hash: HashOf) => accountsPrinter(hash)(one(user)).shadow;

describe("hashes of the store", () => {
	it("are asked for by key and format, the defaults being user_NAME and sha512crypt", () => {
		const asked: unknown[] = [];
		const ask = (user: object) => accountsPrinter((password) => void asked.push(password))(one(user));
		ask({});
		ask({ password: { key: "login/alice" } });
		ask({ password: { format: "yescrypt" } });
		ask({ password: "*" });
		expect(asked).toEqual([
			{ key: "user_alice", format: "sha512crypt" },
			{ key: "login/alice", format: "sha512crypt" },
			{ key: "user_alice", format: "yescrypt" },
		]);
	});

	it("that are not there leave a user whom no password lets in", () => {
		expect(shadowOf({}, () => undefined)).toBe("alice:*:::::::\n");
		expect(shadowOf({ ensure: "locked" }, () => undefined)).toBe("alice:!*:::::::\n");
	});

	it("bring the day on which the password was set, unless the data has it", () => {
		const stored = () => ({ hash: HASH, changed: new Date("1970-01-31T23:59:59Z") });
		expect(shadowOf({ ageing: { max: 90 } }, stored)).toBe(`alice:${HASH}:30::90::::\n`);
		expect(shadowOf({ ageing: { changed: "1970-02-01" } }, stored)).toBe(`alice:${HASH}:31::::::\n`);
	});

	it.each([new Date(0), new Date("nonsense"), new Date(-1)])(
		"have no day where the store's makes no sense (%o)",
		(changed) => {
			expect(shadowOf({ ageing: { max: 90 } }, () => ({ hash: HASH, changed }))).toBe(`alice:${HASH}:::90::::\n`);
		},
	);

	it.each(["", "x", "!", "plaintext", `${HASH}\nroot::0:::::`, `${HASH}:`, `$6$a:b$${"x".repeat(86)}`])(
		"that are none (%j) reach no file",
		(value) => expect(shadowOf({}, () => value)).toBe("alice:*:::::::\n"),
	);
});

describe("accounts that nobody checked", () => {
	it.each([
		{ gecos: "a:b" },
		{ gecos: "a\nroot::0:0:::" },
		{ home: "/home/a\n" },
		{ name: "a:b" },
		{ shell: "/bin/sh\0" },
	])("with %j are refused", (fields) => {
		const [alice] = one({}).users;
		const users = [{ ...(alice ?? expect.unreachable()), ...fields }];
		expect(() => accountsPrinter(() => undefined)({ users, groups: [] })).toThrow(/colon or a newline/);
	});
});
