import { USERS } from "../accounts/accounts.js";
import { isCryptHash, type StoredPassword } from "../accounts/password.js";
import { shellWord } from "../input.js";
import type { Located } from "./faults.js";
import type { Hashes } from "./hashes.js";
import type { HostAccounts } from "./host-accounts.js";

/** The users of a host whose hash can't be had, or is none that shadow(5) can hold. */
export function* hashFaults({ accounts }: HostAccounts, hashes: Hashes): Generator<Located> {
	for (const { name, password } of accounts.users) {
		const fault = "hash" in password ? undefined : hashFault(password, hashes);
		if (fault) yield { file: undefined, line: undefined, path: [USERS, name, "password"], ...fault };
	}
}

function hashFault(password: StoredPassword, hashes: Hashes): Pick<Located, "message" | "hint"> | undefined {
	const { key, format } = password;
	const what = `the ${format} of ${JSON.stringify(key)}`;
	const error = hashes.faultOf(password);
	if (error) return { message: `can't be had, ${what}: ${error.message}`, hint: error.hint };
	const stored = hashes.of(password);
	if (stored === undefined || isCryptHash(typeof stored === "string" ? stored : stored.hash)) return undefined;
	return {
		message: `has a value in the store that is no hash of crypt(5): ${what}`,
		hint: `Make another of the same password: trocla reset ${shellWord(key)} ${format}`,
	};
}
