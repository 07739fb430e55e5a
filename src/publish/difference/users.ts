import type { AddedUser, AgeingField, Membership, UserDifference, UserField } from "./difference.js";
import { NO_SHADOW, type PasswdEntry, type ShadowEntry } from "./entries.js";
import type { Groups } from "./membership.js";
import type { Row, Rows } from "./rows.js";
import { sorted } from "./sorted.js";

/** A host's users before and after, and what is known about their groups. */
export interface UserSource {
	readonly passwd: Rows<PasswdEntry>;
	readonly shadow: Rows<ShadowEntry>;
	readonly groupsBefore: Groups;
	readonly groupsAfter: Groups;
	/** Who joins and leaves groups. */
	readonly moves: ReadonlyMap<string, Membership<"groups">>;
}

/** The users that come, go and change, in the order of their names. */
export function userDifferences(source: UserSource): readonly UserDifference[] {
	const { passwd, shadow, moves } = source;
	const names = new Set([...passwd.names, ...shadow.names, ...moves.keys()]);
	const all = sorted(names).map((name) => userDifference(name, source));
	return all.filter((difference) => difference !== undefined);
}

function userDifference(name: string, source: UserSource): UserDifference | undefined {
	const { passwd, groupsBefore, groupsAfter } = source;
	const [before, after] = [passwd.before(name), passwd.after(name)];
	if (!after) return before && { kind: "user", change: "removed", name, uid: before.entry.uid };
	if (!before) return added(name, after.entry, source);
	const fields = [
		...passwdFields(before, after, groupsBefore, groupsAfter),
		...present(source.moves.get(name)),
		...shadowFields(source.shadow.before(name), source.shadow.after(name)),
	];
	return fields.length > 0 ? { kind: "user", change: "changed", name, fields } : undefined;
}

function added(name: string, entry: PasswdEntry, { shadow, groupsAfter }: UserSource): AddedUser {
	const { password, locked } = shadow.after(name)?.entry ?? NO_SHADOW;
	const group = groupsAfter.nameOf(entry.gid);
	const { uid, gid, gecos, home, shell } = entry;
	const groups = groupsAfter.of(name);
	return { kind: "user", change: "added", name, uid, gid, group, groups, gecos, home, shell, locked, password };
}

function passwdFields(
	{ line: lineBefore, entry: before }: Row<PasswdEntry>,
	{ line: lineAfter, entry: after }: Row<PasswdEntry>,
	groupsBefore: Groups,
	groupsAfter: Groups,
): readonly UserField[] {
	if (lineBefore === lineAfter) return [];
	const fields: UserField[] = [];
	if (before.uid !== after.uid) fields.push({ field: "uid", before: before.uid, after: after.uid });
	if (before.gid !== after.gid) {
		const [groupBefore, groupAfter] = [groupsBefore.nameOf(before.gid), groupsAfter.nameOf(after.gid)];
		fields.push({ field: "gid", before: before.gid, after: after.gid, groupBefore, groupAfter });
	}
	for (const field of ["gecos", "home", "shell"] as const) {
		if (before[field] !== after[field]) fields.push({ field, before: before[field], after: after[field] });
	}
	return fields.length > 0 ? fields : [{ field: "text", file: "passwd" }];
}

function shadowFields(
	rowBefore: Row<ShadowEntry> | undefined,
	rowAfter: Row<ShadowEntry> | undefined,
): readonly UserField[] {
	if (rowBefore?.line === rowAfter?.line) return [];
	const [before, after] = [rowBefore?.entry ?? NO_SHADOW, rowAfter?.entry ?? NO_SHADOW];
	const fields: UserField[] = [];
	if (before.password !== after.password || (after.password === "set" && before.secret !== after.secret)) {
		fields.push({ field: "password", before: before.password, after: after.password });
	}
	if (before.locked !== after.locked) fields.push({ field: "locked", before: before.locked, after: after.locked });
	fields.push(...ageingFields(before.days, after.days));
	return fields.length > 0 ? fields : [{ field: "text", file: "shadow" }];
}

type Days = ShadowEntry["days"];

const AGEING = ["changed", "min", "max", "warn", "inactive", "expire"] as const;

function* ageingFields(before: Days, after: Days): Generator<AgeingField> {
	for (const [index, field] of AGEING.entries()) {
		const [old, now] = [before[index] ?? null, after[index] ?? null];
		if (old === now) continue;
		if (field === "changed" || field === "expire") yield { field, before: dateOf(old), after: dateOf(now) };
		else yield { field, before: old, after: now };
	}
}

/** A day as `2027-01-31`. */
function dateOf(day: number | null): string | null {
	return day === null ? null : (new Date(day * 86_400_000).toISOString().split("T")[0] ?? null);
}

function present<T>(value: T | undefined): readonly T[] {
	return value === undefined ? [] : [value];
}
