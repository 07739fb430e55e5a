import { type Ageing, ageing, NO_AGEING } from "./ageing.js";
import type { AuthorizedKey } from "./authorized-key.js";
import { keysOf } from "./authorized-keys.js";
import { type Check, type Draft, Entry } from "./entry.js";
import type { Place } from "./faults.js";
import { absolutePath, boolean, fieldText, oneOf, textList } from "./fields.js";
import { accountId } from "./ids.js";
import { accountName } from "./names.js";
import { NO_PASSWORD, type Password, password } from "./password.js";
import type { AllRules } from "./rules.js";

/** A user as the data has them, before anybody knows whether their groups exist. */
export interface UserEntry {
	readonly name: string;
	readonly uid: number;
	/** The primary group's name or number. */
	readonly gid: string | number;
	/** The names of the other groups. */
	readonly groups: readonly string[];
	readonly gecos: string;
	readonly home: string;
	readonly shell: string;
	readonly locked: boolean;
	readonly password: Password;
	readonly ageing: Ageing;
	/** Those that let the user in: none where the account is locked, unless the data keeps them. */
	readonly keys: readonly AuthorizedKey[];
}

const MEMBERS = [
	"uid",
	"gid",
	"groups",
	"gecos",
	"home",
	"shell",
	"ensure",
	"password",
	"ageing",
	"keys",
	"keep_keys",
] as const;

/**
 * An entry of `accounts::users`; `undefined`, with a fault, where it is none. Of one that is absent only the names of its
 * members are checked.
 */
export function parseUser(
	name: string,
	value: unknown,
	at: Place,
	rules: AllRules,
): Draft<UserEntry> | "absent" | undefined {
	const entry = Entry.read(value, at, MEMBERS);
	const checkedName = accountName(rules.names)(name, at);
	if (!entry) return undefined;
	const ensure = entry.optional("ensure", oneOf(["present", "absent", "locked"]), "present");
	if (ensure === "absent") return "absent";
	const isLocked = ensure === "locked";
	const keys = entry.optional("keys", keysOf, []);
	const keepKeys = entry.optional("keep_keys", boolean, false);
	const draft: Draft<UserEntry> = {
		name: checkedName,
		uid: entry.required("uid", accountId("uid", rules.minUid), "Give the user a number: uid: 2001"),
		gid: entry.optional("gid", groupReference, name),
		groups: entry.optional("groups", textList, []),
		gecos: entry.optional("gecos", fieldText, ""),
		home: entry.optional("home", absolutePath, `/home/${name}`),
		shell: entry.optional("shell", absolutePath, "/bin/bash"),
		locked: ensure && isLocked,
		password: entry.optional("password", password(name), { key: `user_${name}`, format: "sha512crypt" as const }),
		ageing: entry.optional("ageing", ageing, NO_AGEING),
		keys: keys && isLocked && !keepKeys ? [] : keys,
	};
	noteIdleAgeing(draft, at);
	return draft;
}

/** shadow(5): without the day of its last change, a password does not age. */
function noteIdleAgeing({ ageing, password }: Draft<UserEntry>, at: Place): void {
	if (!ageing || !password || !("hash" in password) || password.hash === NO_PASSWORD) return;
	if (ageing.changed !== null || (ageing.max === null && ageing.min === null)) return;
	at.in("ageing").note(
		"has no effect: it is not known when the password was set",
		"Add the day: changed: '2026-01-31'",
	);
}

const groupReference: Check<string | number> = (value, at) =>
	typeof value === "string" || typeof value === "number"
		? value
		: at.fault("must be a group's name or number", "It is a key of accounts::groups, or the gid of one");
