import type { Accounts, User } from "./accounts.js";
import { daysSinceEpoch } from "./day.js";
import { onceEach } from "./once-each.js";
import { isCryptHash, type StoredPassword } from "./password.js";
import { groupLine, gshadowLine, passwdLine, shadowLine } from "./print.js";

/** What the store has for a key and a format. */
export interface StoredHash {
	readonly hash: string;
	/** When the password was set: without it, passwords don't age. */
	readonly changed?: Date | undefined;
}

/** Gives a hash of the store; `undefined` where there is none. */
export type HashOf = (password: StoredPassword) => StoredHash | string | undefined;

/** The texts of one host's files; the same accounts and hashes give the same bytes. */
export interface AccountFiles {
	/** passwd(5) and shadow(5), sorted by uid. */
	readonly passwd: string;
	readonly shadow: string;
	/** group(5) and gshadow(5), sorted by gid. */
	readonly group: string;
	readonly gshadow: string;
}

/**
 * Prints what `parseAccounts` made, for many hosts: a user whom several of them have, one object for all, is printed once.
 * No password lets in whose hash the store does not have, or has none that shadow(5) can hold.
 *
 * @throws {TroclaError} `invalid` for what it did not make, with a colon or a newline in a field
 */
export function accountsPrinter(hashOf: HashOf): (accounts: Accounts) => AccountFiles {
	const print = onceEach((user: User) => printUser(user, hashOf));
	return ({ users, groups }) => {
		const printed = users.map(print);
		return {
			passwd: printed.map(({ passwd }) => passwd).join(""),
			shadow: printed.map(({ shadow }) => shadow).join(""),
			group: groups.map(groupLine).join(""),
			gshadow: groups.map(gshadowLine).join(""),
		};
	};
}

function printUser(user: User, hashOf: HashOf): Pick<AccountFiles, "passwd" | "shadow"> {
	const { hash, changed } = storedFor(user, hashOf);
	const isNone = hash === undefined || (!("hash" in user.password) && !isCryptHash(hash));
	const shadow = isNone
		? shadowLine(user, undefined, undefined)
		: shadowLine(user, hash, changed && dayOfChange(changed));
	return { passwd: passwdLine(user), shadow };
}

/** shadow(5): 0 would make users set another password at their next login. */
function dayOfChange(changed: Date): number | undefined {
	const day = daysSinceEpoch(changed);
	return day > 0 ? day : undefined;
}

function storedFor({ password }: User, hashOf: HashOf): Partial<StoredHash> {
	if ("hash" in password) return password;
	const value = hashOf(password);
	return typeof value === "string" ? { hash: value } : { ...value };
}
