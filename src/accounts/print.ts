import { TroclaError } from "../errors.js";
import type { Group, User } from "./accounts.js";
import type { Ageing } from "./ageing.js";
import { NO_PASSWORD } from "./password.js";

/** A user's line of passwd(5); the hash is in shadow. */
export function passwdLine({ name, uid, gid, gecos, home, shell }: User): string {
	return line([name, "x", uid, gid, gecos, home, shell]);
}

/**
 * A user's line of shadow(5).
 *
 * @param hash - `undefined` where there is none; no password lets such a user in
 * @param changed - the day on which the password was set, in days since 1970-01-01, unless the data says so
 */
export function shadowLine(user: User, hash: string | undefined, changed: number | undefined): string {
	const { min, max, warn, inactive, expire, changed: said }: Ageing = user.ageing;
	const locked = user.locked ? "!" : "";
	const days = [said ?? changed ?? null, min, max, warn, inactive, expire].map((day) => day ?? "");
	return line([user.name, `${locked}${hash ?? NO_PASSWORD}`, ...days, ""]);
}

/** A group's line of group(5). */
export function groupLine({ name, gid, members }: Group): string {
	return line([name, "x", gid, members.join(",")]);
}

/** A group's line of gshadow(5): it has no password, so that nobody but its members can use it. */
export function gshadowLine({ name, admins, members }: Group): string {
	return line([name, "!", admins.join(","), members.join(",")]);
}

/** @throws {TroclaError} `invalid` for a field that would give the account another meaning */
function line(fields: readonly (string | number)[]): string {
	const bad = fields.find((field) => /[:\n\r\0]/.test(String(field)));
	if (bad === undefined) return `${fields.join(":")}\n`;
	throw new TroclaError("invalid", `${fields[0]} has a field with a colon or a newline`, "Let parseAccounts check it");
}
