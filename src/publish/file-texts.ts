import { accountsPrinter, type HashOf } from "../accounts/account-files.js";
import { printKeys } from "../accounts/authorized-keys.js";
import { onceEach } from "../accounts/once-each.js";
import { userKeyLines } from "../accounts/user-keys.js";
import type { HostAccounts } from "./host-accounts.js";
import { FILES, type FileDigests, sha256 } from "./manifest.js";

/** The contents of a host's file set, but for those that say which host and when. */
export type FileTexts = { readonly [file in (typeof FILES)[number]]: string };

/** Prints what hosts' data say, with the hashes of the store; a user whom several hosts have is printed once. */
export function setPrinter(hashOf: HashOf): (set: HostAccounts) => FileTexts {
	const print = accountsPrinter(hashOf);
	const keyLines = onceEach(userKeyLines);
	return ({ accounts, rootKeys }) => ({
		...print(accounts),
		authorized_keys: printKeys(rootKeys),
		user_keys: accounts.users.map(keyLines).join(""),
	});
}

export function digestsOf(texts: FileTexts): FileDigests {
	return Object.fromEntries(FILES.map((file) => [file, sha256(texts[file])])) as FileDigests; // each file has one
}
