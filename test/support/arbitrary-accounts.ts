import fc from "fast-check";

/** Accounts as a site's data may have them, all of them right, with what was put in. */
export interface Given {
	readonly users: { readonly [name: string]: GivenUser };
	readonly groups: { readonly [name: string]: { readonly gid: number; readonly admins: readonly string[] } };
}

export interface GivenUser {
	readonly uid: number;
	readonly gid: string;
	readonly groups: readonly string[];
	readonly gecos: string;
	readonly home: string;
	readonly shell: string;
	readonly ensure: "present" | "absent" | "locked";
	readonly password: string;
	readonly ageing: { readonly [field in Days]?: number } & { readonly [field in Dates]?: string };
}

type Days = "min" | "max" | "warn" | "inactive";
type Dates = "changed" | "expire";

const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.-]{3,30}\$?$/);

/** Any text that can stand in passwd(5), and much that is nearly something else there. */
export const field = fc
	.string({ unit: "grapheme", maxLength: 12 })
	.map((text) => text.replace(/[:\p{Cc}]/gu, "").replace(/^ +| +$/g, ""))
	.filter((text) => text.isWellFormed());

const path = field.map((text) => `/${text}`);

/** From 1000 on, and none that means nobody. */
const id = fc.oneof(fc.integer({ min: 1000, max: 65_533 }), fc.integer({ min: 65_536, max: 2 ** 32 - 2 }));

const day = fc
	.date({ min: new Date("1970-01-02"), max: new Date("9999-12-31"), noInvalidDate: true })
	.map((date) => date.toISOString().slice(0, 10));

const days = fc.integer({ min: 0, max: 999 });

/** An optional member, left out now and then. */
const maybe = { requiredKeys: [] };

const salt = fc.stringMatching(/^[./A-Za-z0-9]{8}$/);
const hash = fc.oneof(
	fc.constant("*"),
	fc.tuple(salt, fc.stringMatching(/^[./A-Za-z0-9]{86}$/)).map(([start, end]) => `$6$${start}$${end}`),
);

const user = (groups: readonly string[]) =>
	fc.record({
		gid: fc.constantFrom(...groups),
		groups: fc.subarray([...groups]),
		gecos: field,
		home: path,
		shell: path,
		ensure: fc.constantFrom("present", "present", "locked", "absent"),
		password: hash,
		ageing: fc.record(
			{ changed: day, min: days, max: days.map((max) => max + 1000), warn: days, inactive: days, expire: day },
			maybe,
		),
	} as const);

const names = (minLength: number) => fc.uniqueArray(name, { minLength, maxLength: 6 });
const ids = fc.uniqueArray(id, { minLength: 6, maxLength: 6 });

export const accounts: fc.Arbitrary<Given> = fc
	.tuple(names(1), names(0), ids, ids)
	.chain(([groupNames, userNames, gids, uids]) => {
		const admins = fc.array(fc.subarray(userNames), { minLength: 6, maxLength: 6 });
		const users = fc.array(user(groupNames), { minLength: userNames.length, maxLength: userNames.length });
		return fc.tuple(admins, users).map(([adminLists, entries]) => ({
			groups: named(groupNames, (index) => ({ gid: gids[index] ?? 0, admins: adminLists[index] ?? [] })),
			users: named(userNames, (index) => ({ uid: uids[index] ?? 0, ...(entries[index] ?? never()) })),
		}));
	});

function never(): never {
	throw new Error("there is an entry for each name");
}

function named<T>(list: readonly string[], entry: (index: number) => T): { readonly [name: string]: T } {
	return Object.fromEntries(list.map((key, index) => [key, entry(index)]));
}
