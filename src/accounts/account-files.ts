import { shellWord } from "../input.js";
import { type Accounts, USERS, type User } from "./accounts.js";
import { daysSinceEpoch } from "./day.js";
import { type Fault, type Place, Report, type Where } from "./faults.js";
import { onceEach } from "./once-each.js";
import { isCryptHash, NO_PASSWORD, type StoredPassword } from "./password.js";
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

export interface PrintedAccounts {
	readonly files: AccountFiles;
	/** The users whose hash the store does not have: no password lets them in. */
	readonly withoutHash: readonly User[];
	/** The users whose value in the store is no hash that shadow(5) can hold: no password lets them in either. */
	readonly faults: readonly Fault[];
}

/**
 * Prints what `parseAccounts` made, with the hashes of the store.
 *
 * @throws {TroclaError} `invalid` for what it did not make, with a colon or a newline in a field
 */
export function printAccounts(accounts: Accounts, hashOf: HashOf, where?: Where): PrintedAccounts {
	return accountsPrinter(hashOf)(accounts, where);
}

/** The same for many hosts: a user whom several of them have, one object for all, is printed once. */
export function accountsPrinter(hashOf: HashOf): (accounts: Accounts, where?: Where) => PrintedAccounts {
	const print = onceEach((user: User) => printUser(user, hashOf));
	return ({ users, groups }, where) => {
		const report = new Report(where);
		const printed = users.map(print);
		for (const { user, isFaulty } of printed) if (isFaulty) takeFault(user, report.at(USERS).in(user.name));
		return {
			files: {
				passwd: printed.map(({ passwd }) => passwd).join(""),
				shadow: printed.map(({ shadow }) => shadow).join(""),
				group: groups.map(groupLine).join(""),
				gshadow: groups.map(gshadowLine).join(""),
			},
			withoutHash: printed.filter(({ hasHash }) => !hasHash).map(({ user }) => user),
			faults: report.faults,
		};
	};
}

interface PrintedUser {
	readonly user: User;
	readonly passwd: string;
	readonly shadow: string;
	readonly hasHash: boolean;
	/** Whether the store's value is no hash. */
	readonly isFaulty: boolean;
}

function printUser(user: User, hashOf: HashOf): PrintedUser {
	const { hash, changed } = storedFor(user, hashOf);
	const isFaulty = hash !== undefined && !("hash" in user.password) && !isCryptHash(hash);
	const shadow = isFaulty
		? shadowLine(user, NO_PASSWORD, undefined)
		: shadowLine(user, hash, changed && dayOfChange(changed));
	return { user, passwd: passwdLine(user), shadow, hasHash: hash !== undefined, isFaulty };
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

function takeFault({ password }: User, at: Place): void {
	if ("hash" in password) return;
	at.in("password").fault(
		`has a value in the store that is no hash of crypt(5): the ${password.format} of ${JSON.stringify(password.key)}`,
		`Make another of the same password: trocla reset ${shellWord(password.key)} ${password.format}`,
	);
}
