import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Accounts, User } from "../../../../src/accounts/accounts.js";
import type { Difference } from "../../../../src/publish/difference/difference.js";
import { differences } from "../../../../src/publish/difference/differences.js";
import { differenceLines, type HostDifference } from "../../../../src/publish/difference/print.js";
import type { FileTexts } from "../../../../src/publish/file-texts.js";
import { moments } from "../../../support/account-pairs.js";
import { blob, ed25519Bytes } from "../../../support/keys.js";

/** What is printed, as a text. */
const printDifferences = (hosts: Iterable<HostDifference>) =>
	[...differenceLines(hosts)].map((line) => `${line}\n`).join("");

const EMPTY: FileTexts = { passwd: "", group: "", shadow: "", gshadow: "", authorized_keys: "", user_keys: "" };
const FILES = Object.keys(EMPTY) as (keyof FileTexts)[];
// As HASH in a file: letters that no name or key of these tests has next to each other.
const HASH = `$6$QjZxQ.Zj$${"ZqXj/Qz.7xJ".repeat(8).slice(0, 86)}`;
const OTHER = `$y$j9T$XqZj.Qx7/ZJ$${"zQ.jX/7qZx".repeat(5).slice(0, 43)}`;

const of = <Kind extends Difference["kind"]>(all: readonly Difference[], kind: Kind) =>
	all.filter((each): each is Extract<Difference, { kind: Kind }> => each.kind === kind);
const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).sort();
const byName = <T extends { readonly name: string }>(all: readonly T[]) =>
	new Map(all.map((each) => [each.name, each]));
const print = (all: readonly Difference[]) => printDifferences([{ host: "web1", change: "changed", differences: all }]);
const bodyOf = (all: readonly Difference[]) =>
	print(all)
		.split("\n")
		.slice(1, -1)
		.map((line) => line.trim());

/** The groups of a user besides the primary one. */
const groupsOf = ({ groups }: Accounts, user: string) =>
	groups.filter(({ members }) => members.includes(user)).map(({ name }) => name);
const minus = (some: readonly string[], others: readonly string[]) =>
	some.filter((each) => !others.includes(each)).sort();
const dateOf = (day: number | null) => day && new Date(day * 86_400_000).toISOString().slice(0, 10);
const isSet = ({ password }: User) => "hash" in password && password.hash !== "*";

/** What changes in a user, by the model of the accounts. */
function expectedFields(name: string, before: Accounts, after: Accounts): { readonly [field: string]: unknown } {
	const [old, now] = [byName(before.users).get(name), byName(after.users).get(name)];
	if (!old || !now) return expect.unreachable();
	const plain = (user: User) => ({
		uid: user.uid,
		gid: user.gid,
		gecos: user.gecos,
		home: user.home,
		shell: user.shell,
		locked: user.locked,
		...user.ageing,
		changed: dateOf(user.ageing.changed),
		expire: dateOf(user.ageing.expire),
	});
	const [fieldsBefore, fieldsAfter] = [Object.entries(plain(old)), Object.entries(plain(now))];
	const changed = fieldsBefore.flatMap(([field, value], index) => {
		const next = fieldsAfter[index]?.[1];
		return value === next ? [] : [[field, [value, next]]];
	});
	const joined = minus(groupsOf(after, name), groupsOf(before, name));
	const left = minus(groupsOf(before, name), groupsOf(after, name));
	const state = (user: User) => (isSet(user) ? "set" : "none");
	const samePassword = JSON.stringify(old.password) === JSON.stringify(now.password);
	return {
		...Object.fromEntries(changed),
		...(joined.length + left.length > 0 ? { groups: [joined, left] } : {}),
		...(samePassword ? {} : { password: [state(old), state(now)] }),
	};
}

describe("the difference of two sets of files", () => {
	it("is empty where they are the same", () => {
		fc.assert(fc.property(moments, ([{ texts }]) => void expect(differences({ ...texts }, texts)).toEqual([])));
	});

	it("has each user and each group that comes or goes, as the accounts have them", () => {
		fc.assert(
			fc.property(moments, ([before, after]) => {
				const told = differences(before.texts, after.texts);
				for (const kind of ["user", "group"] as const) {
					const [old, now] = [names(before.accounts[`${kind}s`]), names(after.accounts[`${kind}s`])];
					const changes = (change: string) => names(of(told, kind).filter((each) => each.change === change));
					expect(changes("added")).toEqual(minus(now, old));
					expect(changes("removed")).toEqual(minus(old, now));
				}
			}),
		);
	});

	it("has what a user who comes is like", () => {
		fc.assert(
			fc.property(moments, ([before, after]) => {
				const model = byName(after.accounts.users);
				for (const each of of(differences(before.texts, after.texts), "user")) {
					if (each.change !== "added") continue;
					const { uid, gid, gecos, home, shell, locked, ...user } = model.get(each.name) ?? expect.unreachable();
					const group = after.accounts.groups.find((known) => known.gid === gid)?.name;
					const groups = groupsOf(after.accounts, each.name).sort();
					const password = "hash" in user.password && user.password.hash !== "*" ? "set" : "none";
					expect(each).toMatchObject({ uid, gid, gecos, home, shell, locked, group, groups, password });
				}
			}),
		);
	});

	it("names the fields that change of a user who stays, with both values, and no others", () => {
		fc.assert(
			fc.property(moments, ([before, after]) => {
				const told = byName(of(differences(before.texts, after.texts), "user"));
				const staying = names(after.accounts.users).filter((name) => names(before.accounts.users).includes(name));
				for (const name of staying) {
					const change = told.get(name);
					const fields = change?.change === "changed" ? change.fields : [];
					const shown = fields.map((field) => {
						if (field.field === "text") return expect.unreachable();
						return [field.field, "joined" in field ? [field.joined, field.left] : [field.before, field.after]];
					});
					expect(Object.fromEntries(shown)).toEqual(expectedFields(name, before.accounts, after.accounts));
				}
			}),
		);
	});

	it("names who becomes and who stops being a group's administrator", () => {
		fc.assert(
			fc.property(moments, ([before, after]) => {
				const told = byName(of(differences(before.texts, after.texts), "group"));
				for (const { name, admins } of after.accounts.groups) {
					const old = byName(before.accounts.groups).get(name)?.admins;
					const change = told.get(name);
					if (!old || change?.change === "added") continue;
					const fields = change?.change === "changed" ? change.fields : [];
					const [joined, left] = [minus(admins, old), minus(old, admins)];
					const expected = joined.length + left.length > 0 ? [{ field: "admins", joined, left }] : [];
					expect(fields).toEqual(expected);
				}
			}),
		);
	});

	it("is turned around where before and after are", () => {
		fc.assert(
			fc.property(moments, ([{ texts: before }, { texts: after }]) => {
				const there = of(differences(before, after), "user");
				const back = of(differences(after, before), "user");
				const which = (all: typeof there, change: string) => names(all.filter((each) => each.change === change));
				expect(which(there, "added")).toEqual(which(back, "removed"));
				expect(which(there, "changed")).toEqual(which(back, "changed"));
			}),
		);
	});

	it("of a new host is that to empty files", () => {
		fc.assert(
			fc.property(moments, ([{ texts }]) => {
				expect(differences(undefined, texts)).toEqual(differences(EMPTY, texts));
				expect(differences({}, texts)).toEqual(differences(EMPTY, texts));
			}),
		);
	});
});

const key = () => blob("ssh-ed25519", ed25519Bytes());
const [K1, K2] = [key(), key()];

const BASE: FileTexts = {
	passwd: "alice:x:2001:2000:Alice:/home/alice:/bin/sh\nbob:x:2002:2000::/home/bob:/bin/sh\n",
	group: "people:x:2000:\ndeploy:x:2001:alice\n",
	shadow: `alice:${HASH}:20458::90::::\nbob:${HASH}:::::::\n`,
	gshadow: "people:!:alice:\ndeploy:!::alice\n",
	authorized_keys: `ssh-ed25519 ${K1} backup\nrestrict,command="a \\"b,c\\"" ssh-ed25519 ${K2} deploy\n`,
	user_keys: `alice:ssh-ed25519 ${K1} alice@laptop\nbob:ssh-ed25519 ${K1} bob\n`,
};

// They stand for the hashes while texts are cut, so that none is cut in two: no half of one could be told from other words.
const [WHOLE, WHOLE_OTHER] = ["\ue000", "\ue001"];
const ODD = ["", ":", "\n", "\0", "\x1b[31m", "\u009b", "\u202e", "\ud800", "__proto__:", "-1", "  ", ",", "$", "!"];

/** Texts that somebody has edited, with pieces that don't belong there. */
function edited(files: readonly (keyof FileTexts)[], pieces: readonly string[], base = BASE): fc.Arbitrary<FileTexts> {
	const piece = fc.oneof(fc.constantFrom(...ODD, ...pieces), fc.string({ unit: "binary", maxLength: 5 }));
	const edit = fc.tuple(fc.constantFrom(...files), fc.nat(300), fc.nat(40), piece);
	return fc.array(edit, { maxLength: 6 }).map((edits) => {
		const texts = { ...base };
		for (const [file, start, length, put] of edits) {
			texts[file] = texts[file].slice(0, start) + put + texts[file].slice(start + length);
		}
		return texts;
	});
}

const withFiles = (texts: FileTexts, change: (text: string) => string): FileTexts => ({
	passwd: change(texts.passwd),
	group: change(texts.group),
	shadow: change(texts.shadow),
	gshadow: change(texts.gshadow),
	authorized_keys: change(texts.authorized_keys),
	user_keys: change(texts.user_keys),
});

const fold = (text: string) => text.replaceAll(HASH, WHOLE).replaceAll(OTHER, WHOLE_OTHER);
const unfold = (text: string) => text.replaceAll(WHOLE, HASH).replaceAll(WHOLE_OTHER, OTHER);
const HASHES = [WHOLE, WHOLE_OTHER].flatMap((hash) => [`:${hash}:`, `\nalice:${hash}:`, ` ${hash} `, `${hash}\n`]);
const anywhere = edited(FILES, [...HASHES, ...Object.values(withFiles(BASE, fold))], withFiles(BASE, fold)).map(
	(texts) => withFiles(texts, unfold),
);
const SECRET = { ...BASE, gshadow: `people:${HASH}:alice:\ndeploy:!${OTHER}::alice\n` };
const cut = edited(["shadow", "gshadow"], [BASE.shadow, SECRET.gshadow], SECRET);

describe("texts that somebody has edited", () => {
	it("never stop it, and only equal ones have no difference", () => {
		fc.assert(
			fc.property(anywhere, anywhere, (before, after) => {
				const isSame = FILES.every((file) => before[file] === after[file]);
				expect(differences(before, after).length === 0).toBe(isSame);
				expect(differences(before, before)).toEqual([]);
			}),
			{ numRuns: 1000 },
		);
	});

	it("bring no control characters into what programs get", () => {
		fc.assert(
			fc.property(anywhere, anywhere, (before, after) => {
				JSON.stringify(differences(before, after), (_, value: unknown) => {
					if (typeof value === "string") expect(value).not.toMatch(/\p{Cc}/u);
					return value;
				});
			}),
			{ numRuns: 1000 },
		);
	});

	it("bring no control characters to a terminal", () => {
		fc.assert(
			fc.property(anywhere, anywhere, fc.string({ unit: "binary" }), (before, after, host) => {
				const told = printDifferences([{ host, change: "changed", differences: differences(before, after) }]);
				expect(told.replaceAll("\n", "")).not.toMatch(/[\p{C}\u2028\u2029]/u);
				expect(told.split("\n").slice(1)).toEqual(
					told
						.split("\n")
						.slice(1)
						.filter((line) => /^( {2}.*|)$/.test(line)),
				);
			}),
			{ numRuns: 1000 },
		);
	});

	it("bring no part of a hash into what is told", () => {
		const pieces = [HASH, OTHER].flatMap((hash) => {
			return Array.from({ length: hash.length - 7 }, (_, start) => hash.slice(start, start + 8));
		});
		const told = (before: FileTexts | undefined, after: FileTexts) => {
			const all = differences(before, after);
			return `${JSON.stringify(all)}${print(all)}`;
		};
		fc.assert(
			fc.property(fc.oneof(anywhere, cut), fc.oneof(anywhere, cut), (before, after) => {
				const all = told(before, after) + told(after, before) + told(undefined, before);
				expect(pieces.filter((piece) => all.includes(piece))).toEqual([]);
			}),
			{ numRuns: 2000 },
		);
	});

	it.each<readonly [what: string, texts: Partial<FileTexts>, told: string]>([
		[
			"a line that is none",
			{ passwd: `what is this?\n${BASE.passwd}` },
			"- 1 line of passwd that can't be read, or that another line hides",
		],
		[
			"the same line twice",
			{ group: `${BASE.group}people:x:2000:\n` },
			"- 1 line of group that can't be read, or that another line hides",
		],
		[
			"a second line of a user",
			{ passwd: `${BASE.passwd}alice:x:0:0::/:/bin/sh\n` },
			"- 1 line of passwd that can't be read, or that another line hides",
		],
		[
			"shadow of nobody",
			{ shadow: `${BASE.shadow}zoe:${HASH}:::::::\n` },
			"- 1 line of shadow that can't be read, or that another line hides",
		],
		["an empty line", { shadow: `\n${BASE.shadow}` }, "~ shadow: the order of its lines, or empty ones"],
		["no last newline", { user_keys: BASE.user_keys.trimEnd() }, "~ user_keys: the order of its lines, or empty ones"],
		["a hash in passwd", { passwd: BASE.passwd.replace("x", HASH) }, "~ user alice: the rest of its line in passwd"],
		[
			"a group's password",
			{ gshadow: BASE.gshadow.replace("!", HASH) },
			"~ group people: the rest of its line in gshadow",
		],
		["a hash as a name", { gshadow: BASE.gshadow.replace(":alice", `:${HASH}`) }, "~ group people: admin alice joined"],
		["a stranger", { group: BASE.group.replace("2000:", "2000:www") }, "~ group people: member www left"],
		[
			"no password at all",
			{ shadow: BASE.shadow.replace(HASH, "") },
			"~ user alice: gets a password instead of an empty one",
		],
		[
			"a comment of root's keys",
			{ authorized_keys: `# by hand\n${BASE.authorized_keys}` },
			"- 1 line of authorized_keys that can't be read, or that another line hides",
		],
		[
			"a terminal's code as a gecos",
			{ passwd: BASE.passwd.replace("Alice", "\u202eA") },
			String.raw`~ user alice: gecos "\u{202e}A" -> Alice`,
		],
	])("are told where they had %s", (_, texts, told) => {
		expect(bodyOf(differences({ ...BASE, ...texts }, BASE))).toEqual([told]);
	});
});

describe("what is told of a change", () => {
	const replace = (file: keyof FileTexts, what: string, by: string) => ({
		...BASE,
		[file]: BASE[file].replace(what, by),
	});

	it.each<readonly [after: FileTexts, told: string]>([
		[replace("passwd", "2001", "2009"), "~ user alice: uid 2001 -> 2009"],
		[replace("passwd", ":2000:Alice", ":2001:Alice"), "~ user alice: group people (2000) -> deploy (2001)"],
		[replace("passwd", ":2000:Alice", ":7:Alice"), "~ user alice: group people (2000) -> 7"],
		[replace("passwd", "Alice", "Alice Adams"), '~ user alice: gecos Alice -> "Alice Adams"'],
		[replace("shadow", HASH, OTHER), "~ user alice: password changed"],
		[replace("shadow", `${HASH}:20458`, `${OTHER}:20459`), "~ user alice: password changed"],
		[replace("shadow", HASH, "*"), "~ user alice: has no password now"],
		[replace("shadow", HASH, ""), "~ user alice: has an empty password now, which lets anybody in"],
		[replace("shadow", HASH, `!${HASH}`), "~ user alice: locked"],
		[replace("shadow", "90", "60"), "~ user alice: max 90 -> 60"],
		[replace("shadow", "90:::", "90::30:20849"), "~ user alice: inactive none -> 30; expire none -> 2027-01-31"],
		[replace("shadow", "20458", "20459"), "~ user alice: password set on 2026-01-05 -> 2026-01-06"],
		[replace("group", "2001:alice", "2001:"), "~ user alice: leaves group deploy"],
		[replace("group", "2001", "2005"), "~ group deploy: gid 2001 -> 2005"],
		[replace("gshadow", ":alice:", ":alice,bob:"), "~ group people: admin bob joined"],
		[replace("authorized_keys", "restrict,", "restrict,pty,"), "options changed: pty"],
		[replace("authorized_keys", "restrict,command", "command"), "options changed: restrict"],
		[replace("authorized_keys", "b,c", "secret"), "options changed: command"],
		[replace("authorized_keys", " backup", " other"), "comment backup -> other"],
	])("%#: %s", (after, told) => {
		// gshadow has the members of group.
		const members =
			after.group === BASE.group || !told.includes("leaves") ? after.gshadow : "people:!:alice:\ndeploy:!::\n";
		const [line = "", ...more] = bodyOf(differences(BASE, { ...after, gshadow: members }));
		expect(more).toEqual([]);
		expect(line.endsWith(told)).toBe(true);
		expect(line).not.toContain("secret");
	});

	it("has a key that is replaced as one that goes and one that comes, of whoever has it", () => {
		const told = differences(BASE, replace("user_keys", K1, K2));
		expect(told).toMatchObject([
			{ kind: "user key", user: "alice", change: "removed", comment: "alice@laptop" },
			{ kind: "user key", user: "alice", change: "added", comment: "alice@laptop" },
		]);
		expect(bodyOf(told).map((line) => line.replace(/SHA256:\S{43}\)$/, "..."))).toEqual([
			"- key of alice: alice@laptop (ssh-ed25519 ...",
			"+ key of alice: alice@laptop (ssh-ed25519 ...",
		]);
	});
});
