import type { GroupDifference, GroupField } from "./difference.js";
import { type GroupEntry, type GshadowEntry, NO_GSHADOW, type PasswdEntry } from "./entries.js";
import { isUser, membership } from "./membership.js";
import type { Row, Rows } from "./rows.js";
import { sorted } from "./sorted.js";

/** A host's groups before and after. */
export interface GroupSource {
	readonly group: Rows<GroupEntry>;
	readonly gshadow: Rows<GshadowEntry>;
	readonly passwd: Rows<PasswdEntry>;
}

interface Change<Entry> {
	readonly before: Row<Entry> | undefined;
	readonly after: Row<Entry> | undefined;
}

/** The groups that come, go and change, in the order of their names. */
export function groupDifferences(source: GroupSource): readonly GroupDifference[] {
	const names = new Set([...source.group.names, ...source.gshadow.names]);
	const all = sorted(names).map((name) => groupDifference(name, source));
	return all.filter((difference) => difference !== undefined);
}

function groupDifference(name: string, { group, gshadow, passwd }: GroupSource): GroupDifference | undefined {
	const [before, after] = [group.before(name), group.after(name)];
	const known = (names: readonly string[]) => names.filter((each) => isUser(passwd, each));
	if (!after) return before && { kind: "group", change: "removed", name, gid: before.entry.gid };
	const { gid, members } = after.entry;
	const secret = { before: gshadow.before(name), after: gshadow.after(name) };
	if (!before) {
		const admins = known(secret.after?.entry.admins ?? []);
		return { kind: "group", change: "added", name, gid, members, admins };
	}
	const isStranger = (member: string) => !isUser(passwd, member);
	const fields = [
		...groupFields({ before, after }, isStranger),
		...gshadowFields(secret, { before, after }, isStranger),
	];
	return fields.length > 0 ? { kind: "group", change: "changed", name, fields } : undefined;
}

/** Members who are users have it told as theirs. */
function groupFields({ before, after }: Change<GroupEntry>, isStranger: (name: string) => boolean): GroupField[] {
	if (!before || !after || before.line === after.line) return [];
	const fields: GroupField[] = [];
	const [old, now] = [before.entry, after.entry];
	if (old.gid !== now.gid) fields.push({ field: "gid", before: old.gid, after: now.gid });
	const strangers = membership("members", old.members.filter(isStranger), now.members.filter(isStranger));
	if (strangers) fields.push(strangers);
	const isTold = fields.length > 0 || membership("members", old.members, now.members) !== undefined;
	return isTold ? fields : [{ field: "text", file: "group" }];
}

/**
 * The names of gshadow, whose lines have passwords too, are told of users only. Its members are those of group, where they
 * have been told.
 */
function gshadowFields(
	{ before, after }: Change<GshadowEntry>,
	group: Change<GroupEntry>,
	isStranger: (name: string) => boolean,
): GroupField[] {
	if (before?.line === after?.line) return [];
	const [old, now] = [before?.entry ?? NO_GSHADOW, after?.entry ?? NO_GSHADOW];
	const known = (names: readonly string[]) => names.filter((name) => !isStranger(name));
	const admins = membership("admins", known(old.admins), known(now.admins));
	const moved = membership("members", old.members, now.members);
	const movedThere = membership("members", group.before?.entry.members ?? [], group.after?.entry.members ?? []);
	const isTold = admins !== undefined || (moved !== undefined && JSON.stringify(moved) === JSON.stringify(movedThere));
	return [...(admins ? [admins] : []), ...(isTold ? [] : [{ field: "text", file: "gshadow" } as const])];
}
