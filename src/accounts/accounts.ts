import { compareBytes, complete, type Draft, type Drafts, entriesOf, isKnockedOut, present } from "./entry.js";
import { type Checked, type Place, Report, type Where } from "./faults.js";
import { type GroupEntry, parseGroup } from "./group.js";
import { GroupIndex } from "./group-index.js";
import { type AllRules, allRules, type Rules } from "./rules.js";
import { parseUser, type UserEntry } from "./user.js";

/** A user whose groups exist. */
export interface User extends Omit<UserEntry, "gid" | "groups"> {
	readonly gid: number;
}

/** A group with those who are in it besides their primary group, and those who may change that; sorted by bytes. */
export interface Group {
	readonly name: string;
	readonly gid: number;
	readonly members: readonly string[];
	readonly admins: readonly string[];
}

/** The accounts of one host: all ids, names and references are checked. */
export interface Accounts {
	/** Sorted by uid. */
	readonly users: readonly User[];
	/** Sorted by gid. */
	readonly groups: readonly Group[];
}

export const USERS = "accounts::users";
export const GROUPS = "accounts::groups";

/**
 * Checks one host's accounts as Hiera has merged them, and takes down everything that is wrong with them.
 *
 * @param users - what `accounts::users` is, in JavaScript's own types; `undefined` where there is none
 * @param groups - what `accounts::groups` is
 */
export function parseAccounts(users: unknown, groups: unknown, where?: Where, rules?: Rules): Checked<Accounts> {
	return new AccountsParser(rules).parse(users, groups, where);
}

/**
 * Checks the accounts of many hosts by the same rules. An entry that several of them have, one object for all, is checked
 * once, and what is made of it is one object too; so nobody may change an entry meanwhile.
 */
export class AccountsParser {
	readonly #rules: AllRules;
	readonly #users = new KnownEntries<Draft<UserEntry>>();
	readonly #groups = new KnownEntries<Draft<GroupEntry>>();
	readonly #complete = new WeakMap<Draft<UserEntry>, User>();

	constructor(rules: Rules = {}) {
		this.#rules = allRules(rules);
	}

	/** The same as `parseAccounts`. */
	parse(users: unknown, groups: unknown, where?: Where): Checked<Accounts> {
		const report = new Report(where);
		const groupsAt = report.at(GROUPS);
		const usersAt = report.at(USERS);
		const rules = this.#rules;
		const groupDrafts = this.#groups.read(groups, groupsAt, (name, entry, at) => parseGroup(name, entry, at, rules));
		const userDrafts = this.#users.read(users, usersAt, (name, entry, at) => parseUser(name, entry, at, rules));
		if (groupDrafts) oneEach(groupDrafts, "gid", groupsAt);
		if (userDrafts) oneEach(userDrafts, "uid", usersAt);
		if (!groupDrafts || !userDrafts) return report.checked<Accounts>(undefined);

		const index = new GroupIndex(groupDrafts);
		const members = new Map<string, string[]>();
		const resolved = [...present(userDrafts)].map(([name, user]) => {
			join(name, user, { index, members, at: usersAt.in(name) });
			return this.#withGroup(user, index, usersAt.in(name));
		});
		const found = [...present(groupDrafts)].map(([name, group]) => {
			const admins = adminsOf(group, userDrafts, groupsAt.in(name));
			return complete<Group>({ ...group, admins, members: members.get(name) ?? [] });
		});
		return report.checked({
			users: resolved.filter((user) => user !== undefined).sort((a, b) => a.uid - b.uid),
			groups: found.filter((group) => group !== undefined).sort((a, b) => a.gid - b.gid),
		});
	}

	/** A user with the number of the primary group. */
	#withGroup(draft: Draft<UserEntry>, index: GroupIndex, at: Place): User | undefined {
		const gid = draft.gid === undefined ? undefined : index.primary(draft.gid, draft.name, at.in("gid"));
		const known = this.#complete.get(draft);
		if (known && known.gid === gid) return known;
		const { groups, ...rest } = draft;
		const user = groups && complete<User>({ ...rest, gid });
		if (user) this.#complete.set(draft, user);
		return user;
	}
}

/** Entries that were read before, and had nothing wrong. */
class KnownEntries<T extends object> {
	readonly #known = new WeakMap<object, { readonly name: string; readonly draft: T | "absent" }>();

	read(
		value: unknown,
		at: Place,
		parse: (name: string, value: unknown, at: Place) => T | "absent" | undefined,
	): ReadonlyMap<string, T | "absent" | undefined> | undefined {
		const entries = entriesOf(value, at);
		if (!entries) return undefined;
		return new Map(entries.map(([name, entry]) => [name, this.#one(name, entry, at, parse)]));
	}

	#one(
		name: string,
		entry: unknown,
		at: Place,
		parse: (name: string, value: unknown, at: Place) => T | "absent" | undefined,
	): T | "absent" | undefined {
		if (isKnockedOut(entry)) return "absent";
		if (typeof entry !== "object" || entry === null) return parse(name, entry, at.in(name));
		const known = this.#known.get(entry);
		if (known?.name === name) return known.draft;
		const taken = at.taken;
		const draft = parse(name, entry, at.in(name));
		if (draft !== undefined && at.taken === taken) this.#known.set(entry, { name, draft });
		return draft;
	}
}

/** Takes down who has an id that another has already. */
function oneEach<Id extends string>(entries: Drafts<{ readonly [id in Id]: number }>, id: Id, at: Place): void {
	const owners = new Map<number, string>();
	for (const [name, { [id]: number }] of present(entries)) {
		if (number === undefined) continue;
		const owner = owners.get(number);
		if (owner === undefined) owners.set(number, name);
		else at.in(name).in(id).fault(`is ${number}, and so is that of ${owner}`, "Give each its own");
	}
}

interface Membership {
	readonly index: GroupIndex;
	/** The members of each group, in the order of names. */
	readonly members: Map<string, string[]>;
	/** The user's place. */
	readonly at: Place;
}

/** Puts a user's name to the members of the secondary groups. */
function join(name: string, { groups = [] }: Draft<UserEntry>, { index, members, at }: Membership): void {
	for (const group of index.secondary(groups, at.in("groups"))) {
		const names = members.get(group);
		if (names) names.push(name);
		else members.set(group, [name]);
	}
}

/** The administrators of a group who are not absent. */
function adminsOf({ admins = [] }: Draft<GroupEntry>, users: Drafts<UserEntry>, at: Place): readonly string[] {
	for (const name of admins) {
		if (!users.has(name)) at.in("admins").fault(`has a user who is not in ${USERS}: ${JSON.stringify(name)}`);
	}
	return admins.filter((name) => users.get(name) !== "absent").sort(compareBytes);
}
