import { type Draft, Entry } from "./entry.js";
import type { Place } from "./faults.js";
import { oneOf, textList } from "./fields.js";
import { accountId } from "./ids.js";
import { accountName } from "./names.js";
import type { AllRules } from "./rules.js";

/** A group as the data has it, before anybody knows whether its administrators exist. */
export interface GroupEntry {
	readonly name: string;
	readonly gid: number;
	readonly admins: readonly string[];
}

const MEMBERS = ["gid", "admins", "ensure"];

/** An entry of `accounts::groups`; `undefined`, with a fault, where it is none. */
export function parseGroup(
	name: string,
	value: unknown,
	at: Place,
	rules: AllRules,
): Draft<GroupEntry> | "absent" | undefined {
	const entry = Entry.read(value, at, MEMBERS);
	const checkedName = accountName(rules.names)(name, at);
	if (!entry) return undefined;
	const ensure = entry.optional("ensure", oneOf(["present", "absent"]), "present");
	if (ensure === "absent") return "absent";
	return {
		name: checkedName,
		gid: entry.required("gid", accountId("gid", rules.minGid), "Give the group a number: gid: 2000"),
		admins: entry.optional("admins", textList, []),
	};
}
