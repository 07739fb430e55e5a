import { describe, expect, it } from "vitest";
import { accountsPrinter } from "../../../../src/accounts/account-files.js";
import { parseAccounts } from "../../../../src/accounts/accounts.js";
import { parseKeys, printKeys } from "../../../../src/accounts/authorized-keys.js";
import { printUserKeys } from "../../../../src/accounts/user-keys.js";
import { differences } from "../../../../src/publish/difference/differences.js";
import { differenceLines, type HostDifference } from "../../../../src/publish/difference/print.js";
import { Differences } from "../../../../src/publish/difference/remembered.js";
import type { FileTexts } from "../../../../src/publish/file-texts.js";
import { blob, ed25519Bytes } from "../../../support/keys.js";

/** What is printed, as a text. */
const printDifferences = (hosts: Iterable<HostDifference>) =>
	[...differenceLines(hosts)].map((line) => `${line}\n`).join("");

const key = () => ({ type: "ssh-ed25519", key: blob("ssh-ed25519", ed25519Bytes()) });
const HASHES = ["x", "y"].map((letter) => `$6$saltsalt$${letter.repeat(86)}`);

function texts(users: object, groups: object = {}, rootKeys: object = {}): FileTexts {
	const { value } = parseAccounts(users, { people: { gid: 2000 }, ...groups });
	const files = accountsPrinter(() => undefined)(value ?? expect.unreachable());
	const keys = parseKeys(rootKeys).value ?? expect.unreachable();
	return { ...files, authorized_keys: printKeys(keys), user_keys: printUserKeys(value?.users ?? []) };
}

const user = (uid: number, more: object = {}) => ({ uid, gid: "people", password: HASHES[0], ...more });
const many = (count: number) =>
	Object.fromEntries(Array.from({ length: count }, (_, index) => [`user${index}`, user(3000 + index)]));

const NONE = texts({});
const changed = (host: string, before: FileTexts, after: FileTexts): HostDifference => ({
	host,
	change: "changed",
	differences: differences(before, after),
});
const isNew = (host: string, after: FileTexts): HostDifference => ({
	host,
	change: "added",
	differences: differences(undefined, after),
});

const BEFORE = texts(
	{
		alice: user(2001, { keys: { "alice@laptop": key() } }),
		bob: user(2002, { shell: "/bin/sh" }),
		carol: user(2003),
	},
	{ ops: { gid: 2002 } },
);
const AFTER = texts(
	{
		alice: user(2001, { groups: ["deploy"] }),
		bob: user(2002, { ensure: "locked", password: HASHES[1] }),
		dave: user(2004, { groups: ["deploy", "people"], password: "*" }),
	},
	{ people: { gid: 2000, admins: ["alice"] }, deploy: { gid: 2001 } },
	{ backup: key() },
);

describe("the differences of hosts, for people", () => {
	it("tell who and what comes, goes and changes, and hosts with the same are told together", () => {
		const hosts = ["web1", "web2", "web3", "web4", "web5"].map((host) => changed(host, BEFORE, AFTER));
		const shown = printDifferences([...hosts, changed("db1", NONE, texts(many(1)))]);
		expect(shown.replace(/SHA256:\S{43}\)/g, "SHA256:...)")).toBe(`5 hosts (web1, web2, web3 and 2 more):
  ~ user alice: joins group deploy
  ~ user bob: shell /bin/sh -> /bin/bash; password changed; locked
  - user carol
  + user dave (uid 2004, group people, also in groups deploy, people, no password)
  + group deploy (gid 2001)
  - group ops
  ~ group people: admin alice joined
  + root key backup (ssh-ed25519 SHA256:...)
  - key of alice: alice@laptop (ssh-ed25519 SHA256:...)
db1:
  + user user0 (uid 3000, group people)
`);
	});

	it("name up to four hosts, and leave out those without any", () => {
		const heading = (count: number) => {
			const hosts = Array.from({ length: count }, (_, index) => changed(`h${index}`, BEFORE, AFTER));
			return [...differenceLines([changed("same", AFTER, AFTER), ...hosts])][0];
		};
		expect([0, 1, 2, 4, 5].map(heading)).toEqual([
			undefined,
			"h0:",
			"2 hosts (h0 and h1):",
			"4 hosts (h0, h1, h2 and h3):",
			"5 hosts (h0, h1, h2 and 2 more):",
		]);
	});

	it("tell new and removed hosts, with numbers where a new one has much", () => {
		const full = texts(many(50), {}, { backup: key() });
		const removed = { change: "removed", differences: [] } as const;
		const shown = printDifferences([
			isNew("a", full),
			isNew("b", full),
			isNew("c", texts(many(1))),
			isNew("d", { passwd: "", group: "", shadow: "", gshadow: "", authorized_keys: "", user_keys: "" }),
			{ host: "e", ...removed },
			{ host: "f", ...removed },
		]);
		expect(shown).toBe(`2 hosts are new (a and b):
  + 50 users, 1 group, 1 root key
c is new:
  + user user0 (uid 3000, group people)
  + group people (gid 2000)
d is new
2 hosts are removed (e and f)
`);
	});

	it("count what comes after the first forty lines of a host that changes", () => {
		const lines = printDifferences([changed("a", texts({ zed: user(2001) }), texts(many(99)))]).split("\n");
		expect(lines.slice(1, 41).every((line) => /^ {2}\+ user user\d+ \(/.test(line))).toBe(true);
		expect(lines.slice(41)).toEqual(["  and 60 more:", "  + 59 users", "  - 1 user", ""]);
	});
});

describe("remembered differences", () => {
	it("compare each pair of texts once, and are those of the pair", async () => {
		const remembered = new Differences();
		let reads = 0;
		const ask = (pair: string, before: FileTexts | undefined, after: FileTexts) =>
			remembered.of(pair, async () => {
				reads++;
				return { before, after };
			});
		const all = await Promise.all([ask("1", BEFORE, AFTER), ask("1", BEFORE, AFTER), ask("2", undefined, AFTER)]);
		expect(reads).toBe(2);
		expect(all[0]).toBe(all[1]);
		expect(all).toEqual([differences(BEFORE, AFTER), differences(BEFORE, AFTER), differences(undefined, AFTER)]);
	});

	it("have a difference of several hosts in memory once", async () => {
		const remembered = new Differences();
		const [first] = await remembered.of("1", () => ({ before: BEFORE, after: AFTER }));
		const [same] = await remembered.of("2", () => ({ before: BEFORE, after: { ...AFTER, authorized_keys: "" } }));
		expect(first).toMatchObject({ name: "alice" });
		expect(same).toBe(first);
	});

	it("ask again for texts that could not be read", async () => {
		const remembered = new Differences();
		await expect(remembered.of("1", () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
		expect(await remembered.of("1", () => ({ before: AFTER, after: AFTER }))).toEqual([]);
	});
});
