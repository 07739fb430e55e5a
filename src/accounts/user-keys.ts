import { TroclaError } from "../errors.js";
import { type AuthorizedKey, printKey } from "./authorized-key.js";

/** A user, as far as their keys go. */
export interface KeyOwner {
	readonly name: string;
	readonly keys: readonly AuthorizedKey[];
}

/**
 * The text of user_keys, which has the keys of all users of a host: a line for each key, with the user's name and a colon
 * before what authorized_keys, sshd(8), would have. Users and their keys come in the order given, which is that of passwd
 * and of the keys' names where `parseAccounts` made them.
 *
 * @throws {TroclaError} `invalid` for what it did not make, and would be another line or another user's
 */
export function printUserKeys(users: readonly KeyOwner[]): string {
	return users.map(userKeyLines).join("");
}

/** The lines of one of them. */
export function userKeyLines({ name, keys }: KeyOwner): string {
	return keys.map((key) => line(name, printKey(key))).join("");
}

function line(user: string, key: string): string {
	if (user !== "" && !/[:\p{Cc}]/u.test(user) && !/\p{Cc}/u.test(key)) return `${user}:${key}\n`;
	throw new TroclaError(
		"invalid",
		`${JSON.stringify(user)} has a key with a newline, or a name with a colon`,
		"Let parseAccounts check it",
	);
}
