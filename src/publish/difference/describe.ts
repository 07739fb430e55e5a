import type {
	AddedUser,
	Changed,
	Difference,
	GroupDifference,
	GroupField,
	KeyDifference,
	KeyField,
	LinesDifference,
	Membership,
	PasswordState,
	UserDifference,
	UserField,
} from "./difference.js";
import { counted, shown } from "./shown.js";

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

/** A difference on one line, after its sign: `+ user alice (uid 2001, group people)`. */
export function describeDifference(difference: Difference): string {
	return `${SIGNS[difference.change]} ${body(difference)}`;
}

function body(difference: Difference): string {
	switch (difference.kind) {
		case "user":
			return user(difference);
		case "group":
			return group(difference);
		case "root key":
		case "user key":
			return key(difference);
		case "lines":
			return lines(difference);
		case "file":
			return `${difference.file}: the order of its lines, or empty ones`;
	}
}

function user(difference: UserDifference): string {
	const name = `user ${shown(difference.name)}`;
	if (difference.change === "removed") return name;
	if (difference.change === "changed") return `${name}: ${userFields(difference.fields).join("; ")}`;
	return `${name} (${addedUser(difference).join(", ")})`;
}

function addedUser({ uid, gid, group, groups, locked, password }: AddedUser): readonly string[] {
	return [
		`uid ${uid}`,
		group === null ? `gid ${gid}` : `group ${shown(group)}`,
		...(groups.length > 0 ? [`also in ${counted("group", groups)}`] : []),
		...(locked ? ["locked"] : []),
		...(password === "set" ? [] : [PASSWORDS[password]]),
	];
}

const PASSWORDS: { readonly [state in PasswordState]: string } = {
	set: "a password",
	none: "no password",
	empty: "an empty password",
};

function userFields(fields: readonly UserField[]): readonly string[] {
	const isSet = fields.some(({ field }) => field === "password");
	// Where the password is another, nobody is surprised that its day is.
	return fields.filter(({ field }) => !(isSet && field === "changed")).map(userField);
}

function userField(change: UserField): string {
	switch (change.field) {
		case "gid": {
			const name = (gid: number, group: string | null) => (group === null ? gid : `${shown(group)} (${gid})`);
			return `group ${name(change.before, change.groupBefore)} -> ${name(change.after, change.groupAfter)}`;
		}
		case "groups":
			return joinsAndLeaves(change);
		case "password":
			return passwordChange(change);
		case "locked":
			return change.after ? "locked" : "unlocked";
		case "text":
			return `the rest of its line in ${change.file}`;
		case "changed":
			return `password set on ${fromTo(change)}`;
		case "uid":
		case "gecos":
		case "home":
		case "shell":
		case "min":
		case "max":
		case "warn":
		case "inactive":
		case "expire":
			return `${change.field} ${fromTo(change)}`;
	}
}

function fromTo({ before, after }: Changed<string, string | number | null>): string {
	const value = (given: string | number | null) => (typeof given === "string" ? shown(given) : (given ?? "none"));
	return `${value(before)} -> ${value(after)}`;
}

function joinsAndLeaves({ joined, left }: Membership<"groups">): string {
	const joins = joined.length > 0 ? [`joins ${counted("group", joined)}`] : [];
	const leaves = left.length > 0 ? [`leaves ${counted("group", left)}`] : [];
	return [...joins, ...leaves].join("; ");
}

function passwordChange({ before, after }: Changed<"password", PasswordState>): string {
	if (after === "empty") return "has an empty password now, which lets anybody in";
	if (before === after) return "password changed";
	if (before === "empty")
		return after === "set" ? "gets a password instead of an empty one" : "has no empty password now";
	return after === "set" ? "gets a password" : "has no password now";
}

function group(difference: GroupDifference): string {
	const name = `group ${shown(difference.name)}`;
	if (difference.change === "removed") return name;
	if (difference.change === "changed") return `${name}: ${difference.fields.map(groupField).join("; ")}`;
	const { gid, admins } = difference;
	return `${name} (${[`gid ${gid}`, ...(admins.length > 0 ? [counted("admin", admins)] : [])].join(", ")})`;
}

function groupField(change: GroupField): string {
	if (change.field === "gid") return `gid ${fromTo(change)}`;
	if (change.field === "text") return `the rest of its line in ${change.file}`;
	const word = change.field === "admins" ? "admin" : "member";
	return [
		...(change.joined.length > 0 ? [`${counted(word, change.joined)} joined`] : []),
		...(change.left.length > 0 ? [`${counted(word, change.left)} left`] : []),
	].join("; ");
}

function key(difference: KeyDifference): string {
	const { type, fingerprint, comment } = difference;
	const name = comment === "" ? "without a comment" : shown(comment);
	const owner = difference.kind === "root key" ? `root key ${name}` : `key of ${shown(difference.user)}: ${name}`;
	const fields = difference.change === "changed" ? `: ${difference.fields.map(keyField).join("; ")}` : "";
	return `${owner} (${shown(type)} ${fingerprint})${fields}`;
}

function keyField(change: KeyField): string {
	if (change.field === "text") return "the blanks of its line";
	if (change.field === "comment") return `comment ${fromTo(change)}`;
	const { names } = change;
	return names.length > 0 ? `options changed: ${names.map(shown).join(", ")}` : "options in another order";
}

function lines({ file, count }: LinesDifference): string {
	return `${count} ${count === 1 ? "line" : "lines"} of ${file} that can't be read, or that another line hides`;
}
