import type { FileTexts } from "../file-texts.js";
import { type ChangedFile, changedFile } from "./changed-lines.js";
import type { Difference, EarlierTexts, FileDifference, FileName } from "./difference.js";
import { readGroup, readGshadow, readPasswd, readShadow } from "./entries.js";
import { groupDifferences } from "./groups.js";
import { keyDifferences } from "./keys.js";
import { Groups, isUser, membersThatMove } from "./membership.js";
import { Rows } from "./rows.js";
import { userDifferences } from "./users.js";

/**
 * What a publication changes on one host, in an order that depends on nothing but the texts: users, groups, root's keys,
 * users' keys, and what is left. It is empty only where no byte differs.
 *
 * The text before may be any; a line that can't be read counts, and is never shown.
 *
 * @param before - `undefined` for a host that is new
 */
export function differences(before: EarlierTexts | undefined, after: FileTexts): readonly Difference[] {
	const of = (file: FileName) => changedFile(file, before?.[file] ?? "", after[file]);
	const files: ChangedFiles = {
		passwd: of("passwd"),
		group: of("group"),
		shadow: of("shadow"),
		gshadow: of("gshadow"),
		authorized_keys: of("authorized_keys"),
		user_keys: of("user_keys"),
	};
	const passwd = new Rows(files.passwd, readPasswd);
	const shadow = new Rows(files.shadow, readShadow);
	const group = new Rows(files.group, readGroup);
	const gshadow = new Rows(files.gshadow, readGshadow);
	const groupsBefore = new Groups(files.group.before);
	const groupsAfter = new Groups(after.group);
	const isKnownGroup = (name: string) => group.before(name) !== undefined || group.after(name) !== undefined;
	return [
		...userDifferences({ passwd, shadow, groupsBefore, groupsAfter, moves: membersThatMove(group) }),
		...groupDifferences({ group, gshadow, passwd }),
		...keyDifferences(files.authorized_keys, "authorized_keys"),
		...keyDifferences(files.user_keys, "user_keys"),
		...passwd.leftOver(() => true),
		...group.leftOver(() => true),
		...shadow.leftOver((name) => isUser(passwd, name)),
		...gshadow.leftOver(isKnownGroup),
		...Object.values(files).filter(isRearranged).map(rearranged),
	];
}

type ChangedFiles = { readonly [file in FileName]: ChangedFile };

/** Whether a file has the same lines, and is not the same. */
function isRearranged({ before, after, gone, come }: ChangedFile): boolean {
	return before !== after && gone.length + come.length === 0;
}

function rearranged({ file }: ChangedFile): FileDifference {
	return { kind: "file", change: "changed", file };
}
