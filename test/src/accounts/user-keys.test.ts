import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAccounts } from "../../../src/accounts/accounts.js";
import { printKeys } from "../../../src/accounts/authorized-keys.js";
import { printUserKeys } from "../../../src/accounts/user-keys.js";
import { blob, ed25519Bytes } from "../../support/keys.js";

const newKey = () => ({ type: "ssh-ed25519", key: blob("ssh-ed25519", ed25519Bytes()) });
const KEYS = Array.from({ length: 6 }, newKey);

function print(users: unknown): string {
	const { value, faults } = parseAccounts(users, { people: { gid: 2000 } });
	expect(faults).toEqual([]);
	return printUserKeys(value?.users ?? expect.unreachable());
}

const user = (uid: number, keys: unknown, more: object = {}) => ({ uid, gid: "people", keys, ...more });

describe("user_keys", () => {
	it("has for each user what an authorized_keys of theirs would have, in the order of uids and of names", () => {
		const text = fc.string({ unit: "grapheme", maxLength: 12 });
		const name = text.filter((given) => given.isWellFormed() && !/\p{Cc}/u.test(given) && given.trim() === given);
		const keys = fc
			.tuple(fc.uniqueArray(name, { maxLength: 4 }), fc.shuffledSubarray(KEYS, { minLength: 4 }))
			.map(([names, chosen]) => Object.fromEntries(names.map((each, index) => [each, { ...chosen[index] }])));
		const users = fc.dictionary(fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,9}$/), keys, { maxKeys: 4 });
		fc.assert(
			fc.property(users, (given) => {
				const names = Object.keys(given);
				const entries = names.map((each, index) => [each, user(3000 - index, given[each])]);
				const lines = print(Object.fromEntries(entries)).split("\n");
				expect(lines.pop()).toBe("");
				const owners = lines.map((line) => line.slice(0, line.indexOf(":")));
				const withKeys = names.toReversed().filter((each) => Object.keys(given[each] ?? {}).length > 0);
				expect([...new Set(owners)]).toEqual(withKeys);
				for (const owner of withKeys) {
					const own = lines.filter((_, index) => owners[index] === owner).map((line) => line.slice(owner.length + 1));
					const sorted = Object.entries(given[owner] ?? {}).sort(([a], [b]) =>
						Buffer.compare(Buffer.from(a), Buffer.from(b)),
					);
					const expected = sorted.map(([label, { type, key }]) => `${type} ${key} ${label}`.trimEnd());
					expect(own).toEqual(expected);
				}
			}),
		);
	});

	it("has no key of a locked account, unless it keeps them, and none of an absent one", () => {
		const keys = { laptop: KEYS[0] };
		const text = print({
			alice: user(2001, keys),
			bob: user(2002, keys, { ensure: "locked" }),
			carol: user(2003, keys, { ensure: "locked", keep_keys: true }),
			dave: user(2004, keys, { ensure: "absent" }),
		});
		expect(text.replace(/ssh-.*/g, "")).toBe("alice:\ncarol:\n");
	});

	it("has the line that authorized_keys would have, options and all", () => {
		const keys = { laptop: { ...KEYS[0], options: ["restrict", 'command=echo "a:b"'] } };
		const { value } = parseAccounts({ alice: user(2001, keys) }, { people: { gid: 2000 } });
		const [alice] = value?.users ?? [];
		expect(print({ alice: user(2001, keys) })).toBe(`alice:${printKeys(alice?.keys ?? [])}`);
	});

	it.each(["\n", "\r", "\0", "\t", "\u0085"])(
		"can't be given %j in a name, a comment, a key or an option",
		(character) => {
			const key = KEYS[0] ?? expect.unreachable();
			const bad = `x${character}root: y`;
			for (const keys of [
				{ [bad]: key },
				{ laptop: { ...key, comment: bad } },
				{ laptop: { ...key, key: `${key.key.slice(0, 20)}${character}${key.key.slice(20)}` } },
				{ laptop: { ...key, type: `${key.type}${character}x` } },
				{ laptop: { ...key, options: [`command=${bad}`] } },
				{ laptop: `${key.type} ${key.key} ${bad}` },
			]) {
				const { value, faults } = parseAccounts({ alice: user(2001, keys) }, { people: { gid: 2000 } });
				expect([value, faults.length]).toEqual([undefined, 1]);
			}
		},
	);

	it.each([
		["alice", { comment: "x\nroot:y" }],
		["alice", { options: [{ name: "command", value: "a\r" }] }],
		["a\nb", {}],
		["a:b", {}],
		["", {}],
	])("is not made of what nobody checked: %j with %j", (name, fields) => {
		const key = { name: "laptop", ...newKey(), options: [], comment: "laptop", ...fields };
		expect(() => printUserKeys([{ name, keys: [key] }])).toThrow(/a newline, or a name with a colon/);
	});
});
