import type { Accounts, Group, User } from "../accounts/accounts.js";
import type { AuthorizedKey } from "../accounts/authorized-key.js";
import type { StoredPassword } from "../accounts/password.js";
import { ListTable, type SharedList } from "./shared-list.js";

/** What a host's data say; hosts with the same data share one. */
export interface HostAccounts {
	readonly accounts: Accounts;
	/** The passwords of its users that are in the store. */
	readonly passwords: SharedList<StoredPassword>;
	/** In the order of their names. */
	readonly rootKeys: readonly AuthorizedKey[];
}

/** Keeps the accounts of all hosts of a site, who have most of their users in common, in little memory. */
export class AccountsKeeper {
	readonly #users = new ListTable<User>();
	readonly #members = new ListTable<string>();
	readonly #passwords = new ListTable<StoredPassword>();

	keep({ users, groups }: Accounts, rootKeys: readonly AuthorizedKey[]): HostAccounts {
		const passwords = users.flatMap(({ password }) => ("hash" in password ? [] : [password]));
		return new KeptAccounts(
			this.#users.list(users),
			groups.map((group) => ({ ...group, members: this.#members.list(group.members) })),
			this.#passwords.list(passwords),
			rootKeys,
		);
	}
}

interface KeptGroup extends Omit<Group, "members"> {
	readonly members: SharedList<string>;
}

class KeptAccounts implements HostAccounts {
	readonly passwords: SharedList<StoredPassword>;
	readonly rootKeys: readonly AuthorizedKey[];
	readonly #users: SharedList<User>;
	readonly #groups: readonly KeptGroup[];

	constructor(
		users: SharedList<User>,
		groups: readonly KeptGroup[],
		passwords: SharedList<StoredPassword>,
		rootKeys: readonly AuthorizedKey[],
	) {
		this.#users = users;
		this.#groups = groups;
		this.passwords = passwords;
		this.rootKeys = rootKeys;
	}

	get accounts(): Accounts {
		const groups = this.#groups.map((group) => ({ ...group, members: group.members.toArray() }));
		return { users: this.#users.toArray(), groups };
	}
}
