import { USERS } from "../accounts/accounts.js";
import { ROOT_KEYS } from "../accounts/authorized-keys.js";
import type { Located } from "./faults.js";
import type { HostAccounts } from "./host-accounts.js";
import { type FileDigests, NOTHING } from "./manifest.js";

/**
 * The losses of a host that is published and would have none of its users, or of root's keys, any more: data that went away
 * as a whole looks like data that says that nobody is left.
 */
export function* lossesOf(before: FileDigests, after: HostAccounts | undefined): Generator<Located> {
	if (!after) yield lost("the host is published, and no level has accounts or keys for it any more", USERS);
	else {
		const { accounts, rootKeys } = after;
		if (before.passwd !== NOTHING && accounts.users.length === 0) {
			yield lost("the host would lose all of its users", USERS);
		}
		if (before.authorized_keys !== NOTHING && rootKeys.length === 0) {
			yield lost("the host would lose all of root's keys", ROOT_KEYS);
		}
	}
}

const lost = (message: string, key: string): Located => ({
	file: undefined,
	line: undefined,
	path: [],
	message,
	hint: `Is the data whole? trocla lookup ${key} --node HOST --explain shows where it looks; --allow-empty publishes it so`,
});
