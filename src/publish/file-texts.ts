import { accountsPrinter, type HashOf } from "../accounts/account-files.js";
import type { User } from "../accounts/accounts.js";
import { printKeys } from "../accounts/authorized-keys.js";
import type { Fault } from "../accounts/faults.js";
import { onceEach } from "../accounts/once-each.js";
import { userKeyLines } from "../accounts/user-keys.js";
import type { HostAccounts } from "./host-accounts.js";
import { FILES, type FileDigests, sha256 } from "./manifest.js";

/** The contents of a host's file set, but for those that say which host and when. */
export type FileTexts = { readonly [file in (typeof FILES)[number]]: string };

export interface PrintedSet {
	readonly texts: FileTexts;
	/** The users whose hash the store does not have: no password lets them in. */
	readonly withoutHash: readonly User[];
	readonly faults: readonly Fault[];
}

/** Prints what hosts' data say, with the hashes of the store; a user whom several hosts have is printed once. */
export function setPrinter(hashOf: HashOf): (set: HostAccounts) => PrintedSet {
	const print = accountsPrinter(hashOf);
	const keyLines = onceEach(userKeyLines);
	return ({ accounts, rootKeys }) => {
		const { files, withoutHash, faults } = print(accounts);
		const user_keys = accounts.users.map(keyLines).join("");
		return { texts: { ...files, authorized_keys: printKeys(rootKeys), user_keys }, withoutHash, faults };
	};
}

export function digestsOf(texts: FileTexts): FileDigests {
	return Object.fromEntries(FILES.map((file) => [file, sha256(texts[file])])) as FileDigests; // each file has one
}
