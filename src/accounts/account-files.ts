import { shellWord } from "../input.js";
import { type Accounts, USERS, type User } from "./accounts.js";
import { daysSinceEpoch } from "./day.js";
import { type Fault, type Place, Report, type Where } from "./faults.js";
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
export function printAccounts({ users, groups }: Accounts, hashOf: HashOf, where?: Where): PrintedAccounts {
	const report = new Report(where);
	const hashes = users.map((user) => ({ user, stored: hashFor(user, hashOf, report.at(USERS).in(user.name)) }));
	const shadow = hashes.map(({ user, stored: { hash, changed } }) => {
		return shadowLine(user, hash, changed && dayOfChange(changed));
	});
	return {
		files: {
			passwd: users.map(passwdLine).join(""),
			shadow: shadow.join(""),
			group: groups.map(groupLine).join(""),
			gshadow: groups.map(gshadowLine).join(""),
		},
		withoutHash: hashes.filter(({ stored }) => stored.hash === undefined).map(({ user }) => user),
		faults: report.faults,
	};
}

/** shadow(5): 0 would make users set another password at their next login. */
function dayOfChange(changed: Date): number | undefined {
	const day = daysSinceEpoch(changed);
	return day > 0 ? day : undefined;
}

function hashFor({ password }: User, hashOf: HashOf, at: Place): Partial<StoredHash> {
	if ("hash" in password) return password;
	const value = hashOf(password);
	const stored: Partial<StoredHash> = typeof value === "string" ? { hash: value } : { ...value };
	if (stored.hash === undefined || isCryptHash(stored.hash)) return stored;
	at.in("password").fault(
		`has a value in the store that is no hash of crypt(5): the ${password.format} of ${JSON.stringify(password.key)}`,
		`Make another of the same password: trocla reset ${shellWord(password.key)} ${password.format}`,
	);
	return { hash: NO_PASSWORD };
}
