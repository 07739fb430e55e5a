import { compareBytes, complete, type Draft, type Drafts, entriesOf, isKnockedOut, present } from "./entry.js";
import { type Checked, type Place, Report, type Where } from "./faults.js";
import { type GroupEntry, parseGroup } from "./group.js";
import { GroupIndex } from "./group-index.js";
import { allRules, type Rules } from "./rules.js";
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
export function parseAccounts(users: unknown, groups: unknown, where?: Where, rules: Rules = {}): Checked<Accounts> {
	const report = new Report(where);
	const all = allRules(rules);
	const groupsAt = report.at(GROUPS);
	const usersAt = report.at(USERS);
	const groupDrafts = readEntries(groups, groupsAt, (name, entry, at) => parseGroup(name, entry, at, all));
	const userDrafts = readEntries(users, usersAt, (name, entry, at) => parseUser(name, entry, at, all));
	if (groupDrafts) oneEach(groupDrafts, "gid", groupsAt);
	if (userDrafts) oneEach(userDrafts, "uid", usersAt);
	if (!groupDrafts || !userDrafts) return report.checked<Accounts>(undefined);

	const index = new GroupIndex(groupDrafts);
	const members = new Map<string, string[]>();
	const resolved = [...present(userDrafts)].map(([name, user]) => withGroups(name, user, index, members, usersAt));
	const found = [...present(groupDrafts)].map(([name, group]) => {
		const admins = adminsOf(group, userDrafts, groupsAt.in(name));
		return complete<Group>({ ...group, admins, members: members.get(name) ?? [] });
	});
	return report.checked({
		users: resolved.filter((user) => user !== undefined).sort((a, b) => a.uid - b.uid),
		groups: found.filter((group) => group !== undefined).sort((a, b) => a.gid - b.gid),
	});
}

function readEntries<T>(
	value: unknown,
	at: Place,
	parse: (name: string, value: unknown, at: Place) => Draft<T> | "absent" | undefined,
): Drafts<T> | undefined {
	const entries = entriesOf(value, at);
	if (!entries) return undefined;
	return new Map(
		entries.map(([name, entry]) => [name, isKnockedOut(entry) ? "absent" : parse(name, entry, at.in(name))]),
	);
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

/** A user with the number of the primary group; the name goes to the members of the others, and names come in order. */
function withGroups(
	name: string,
	{ gid: primary, groups = [], ...rest }: Draft<UserEntry>,
	index: GroupIndex,
	members: Map<string, string[]>,
	usersAt: Place,
): User | undefined {
	const at = usersAt.in(name);
	for (const group of index.secondary(groups, at.in("groups"))) {
		const names = members.get(group);
		if (names) names.push(name);
		else members.set(group, [name]);
	}
	return complete<User>({ ...rest, gid: primary === undefined ? undefined : index.primary(primary, at.in("gid")) });
}

/** The administrators of a group who are not absent. */
function adminsOf({ admins = [] }: Draft<GroupEntry>, users: Drafts<UserEntry>, at: Place): readonly string[] {
	for (const name of admins) {
		if (!users.has(name)) at.in("admins").fault(`has a user who is not in ${USERS}: ${JSON.stringify(name)}`);
	}
	return admins.filter((name) => users.get(name) !== "absent").sort(compareBytes);
}
