import fc from "fast-check";
import { accountsPrinter } from "../../src/accounts/account-files.js";
import { type Accounts, parseAccounts } from "../../src/accounts/accounts.js";
import { printUserKeys } from "../../src/accounts/user-keys.js";
import type { FileTexts } from "../../src/publish/file-texts.js";
import { accounts, type Given, type GivenUser } from "./arbitrary-accounts.js";

/** A host's accounts at one time, as the model and as its files have them. */
export interface Moment {
	readonly accounts: Accounts;
	readonly texts: FileTexts;
}

/** Two moments of one host, of which the second has some users, groups and fields otherwise, and others as before. */
export const moments: fc.Arbitrary<readonly [Moment, Moment]> = fc
	.tuple(accounts, fc.infiniteStream(fc.nat({ max: 9 })))
	.map(([given, stream]) => {
		const chance = () => Number(stream.next().value) < 3;
		return [given, altered(given, chance)] as const;
	})
	.map(([before, after]) => [momentOf(before), momentOf(after)] as const);

function momentOf({ users, groups }: Given): Moment {
	const { value, faults } = parseAccounts(users, groups);
	if (!value) throw new Error(JSON.stringify(faults));
	const texts = accountsPrinter(() => undefined)(value);
	return { accounts: value, texts: { ...texts, authorized_keys: "", user_keys: printUserKeys(value.users) } };
}

function altered({ users, groups }: Given, chance: () => boolean): Given {
	const models = Object.values(users);
	const kept = Object.entries(users).filter(() => !chance());
	const changed = kept.map(([name, user], index) => [name, mixed(user, models[index] ?? user, chance)] as const);
	const primary = new Set(changed.map(([, { gid }]) => gid));
	const left = Object.entries(groups).filter(([name]) => primary.has(name) || !chance());
	const hasGroup = (group: string) => left.some(([name]) => name === group);
	const isThere = (user: string) => changed.some(([name]) => name === user);
	return {
		users: Object.fromEntries(changed.map(([name, user]) => [name, { ...user, groups: user.groups.filter(hasGroup) }])),
		groups: Object.fromEntries(
			left.map(([name, { gid, admins }]) => [
				name,
				{ gid, admins: admins.filter((user) => isThere(user) && !chance()) },
			]),
		),
	};
}

/** A user with some of the fields of another; the ids stay each one's own. */
function mixed(user: GivenUser, other: GivenUser, chance: () => boolean): GivenUser {
	const fields = Object.entries(other).filter(([field]) => field !== "uid" && chance());
	return { ...user, ...Object.fromEntries(fields) };
}
