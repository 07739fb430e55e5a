import type { FileTexts } from "../file-texts.js";

export type FileName = keyof FileTexts;

/** Texts that another version may have written, or somebody by hand; a file that is not there counts as empty. */
export type EarlierTexts = { readonly [name in FileName]?: string | undefined };

/**
 * What a publication changes on a host. None of them has a hash in it, or a part of one, nor the text of a line that could
 * not be read; all are JSON as they are.
 */
export type Difference = UserDifference | GroupDifference | KeyDifference | LinesDifference | FileDifference;

export type UserDifference =
	| AddedUser
	| { readonly kind: "user"; readonly change: "removed"; readonly name: string; readonly uid: number }
	| {
			readonly kind: "user";
			readonly change: "changed";
			readonly name: string;
			readonly fields: readonly UserField[];
	  };

export interface AddedUser {
	readonly kind: "user";
	readonly change: "added";
	readonly name: string;
	readonly uid: number;
	readonly gid: number;
	/** The primary group's name; null where the host's set has none of that gid. */
	readonly group: string | null;
	/** The other groups, sorted by bytes. */
	readonly groups: readonly string[];
	readonly gecos: string;
	readonly home: string;
	readonly shell: string;
	readonly locked: boolean;
	readonly password: PasswordState;
}

/** Whether there is a hash, none that a password could have, or an empty field, which lets in who gives no password. */
export type PasswordState = "set" | "none" | "empty";

export type UserField =
	| Changed<"uid", number>
	| (Changed<"gid", number> & { readonly groupBefore: string | null; readonly groupAfter: string | null })
	| Changed<"gecos" | "home" | "shell", string>
	| Membership<"groups">
	/** From `set` to `set`: another hash. */
	| Changed<"password", PasswordState>
	| Changed<"locked", boolean>
	| AgeingField
	| OtherText;

/** Days as numbers, and the days of the calendar as dates; null for an empty field. */
export type AgeingField =
	| Changed<"changed" | "expire", string | null>
	| Changed<"min" | "max" | "warn" | "inactive", number | null>;

export type GroupDifference =
	| {
			readonly kind: "group";
			readonly change: "added";
			readonly name: string;
			readonly gid: number;
			readonly members: readonly string[];
			readonly admins: readonly string[];
	  }
	| { readonly kind: "group"; readonly change: "removed"; readonly name: string; readonly gid: number }
	| {
			readonly kind: "group";
			readonly change: "changed";
			readonly name: string;
			readonly fields: readonly GroupField[];
	  };

/** Users that are there before and after join and leave as theirs; `members` are those who are in no passwd. */
export type GroupField = Changed<"gid", number> | Membership<"members" | "admins"> | OtherText;

/** A key of root's or of a user's. Another key under the same comment is one that is added, and one that is removed. */
export type KeyDifference = Key & KeyChange;

export type Key = { readonly type: string; readonly fingerprint: string; readonly comment: string } & (
	| { readonly kind: "root key" }
	| { readonly kind: "user key"; readonly user: string }
);

export type KeyChange =
	| { readonly change: "added" | "removed" }
	| { readonly change: "changed"; readonly fields: readonly KeyField[] };

export type KeyField =
	/** The names of the options that come, go, or have other values; none where only their order changes. */
	| { readonly field: "options"; readonly names: readonly string[] }
	| Changed<"comment", string>
	| { readonly field: "text" };

/** Lines that come or go and say nothing about a user, a group or a key: they can't be read, or another one counts. */
export interface LinesDifference {
	readonly kind: "lines";
	readonly change: "added" | "removed";
	readonly file: FileName;
	readonly count: number;
}

/** The same lines in another order, with other empty lines, or without the last newline. */
export interface FileDifference {
	readonly kind: "file";
	readonly change: "changed";
	readonly file: FileName;
}

export interface Changed<Field extends string, Value> {
	readonly field: Field;
	readonly before: Value;
	readonly after: Value;
}

export interface Membership<Field extends string> {
	readonly field: Field;
	/** Sorted by bytes. */
	readonly joined: readonly string[];
	readonly left: readonly string[];
}

/** Something else in a line, such as the order of names, or a hash where none belongs. */
export interface OtherText {
	readonly field: "text";
	readonly file: FileName;
}
