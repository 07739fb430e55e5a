import { changedLines } from "./changed-lines.js";
import type { Difference, EarlierTexts, FileDifference, FileName, FileTexts } from "./difference.js";
import { readGroup, readGshadow, readPasswd, readShadow } from "./entries.js";
import { groupDifferences } from "./groups.js";
import { keyDifferences } from "./keys.js";
import { Groups, isUser, membersThatMove } from "./membership.js";
import { Rows } from "./rows.js";
import { userDifferences } from "./users.js";

const FILES: readonly FileName[] = ["passwd", "group", "shadow", "gshadow", "authorized_keys", "user_keys"];

/**
 * What a publication changes on one host, in an order that depends on nothing but the texts: users, groups, root's keys,
 * users' keys, and what is left. It is empty only where no byte differs.
 *
 * The text before may be any; a line that can't be read counts, and is never shown.
 *
 * @param before - `undefined` for a host that is new
 */
export function differences(before: EarlierTexts | undefined, after: FileTexts): readonly Difference[] {
	const text = (file: FileName) => before?.[file] ?? "";
	const passwd = new Rows("passwd", text("passwd"), after.passwd, readPasswd);
	const shadow = new Rows("shadow", text("shadow"), after.shadow, readShadow);
	const group = new Rows("group", text("group"), after.group, readGroup);
	const gshadow = new Rows("gshadow", text("gshadow"), after.gshadow, readGshadow);
	const groupsBefore = new Groups(text("group"));
	const groupsAfter = new Groups(after.group);
	const isKnownGroup = (name: string) => group.before(name) !== undefined || group.after(name) !== undefined;
	return [
		...userDifferences({ passwd, shadow, groupsBefore, groupsAfter, moves: membersThatMove(group) }),
		...groupDifferences({ group, gshadow, passwd }),
		...keyDifferences("authorized_keys", text("authorized_keys"), after.authorized_keys),
		...keyDifferences("user_keys", text("user_keys"), after.user_keys),
		...passwd.leftOver(() => true),
		...group.leftOver(() => true),
		...shadow.leftOver((name) => isUser(passwd, name)),
		...gshadow.leftOver(isKnownGroup),
		...rearranged(text, after),
	];
}

/** Files that have the same lines, and are not the same. */
function rearranged(before: (file: FileName) => string, after: FileTexts): readonly FileDifference[] {
	const files = FILES.filter((file) => {
		if (before(file) === after[file]) return false;
		const { gone, come } = changedLines(before(file), after[file]);
		return gone.length + come.length === 0;
	});
	return files.map((file) => ({ kind: "file", change: "changed", file }));
}
