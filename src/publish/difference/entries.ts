import type { PasswordState } from "./difference.js";
import { harmless, hasControl, isName } from "./harmless.js";

/** Reads a line of a file; `undefined` where it is none that such a file has. */
export type Read<Entry> = (line: string) => Entry | undefined;

export interface PasswdEntry {
	readonly uid: number;
	readonly gid: number;
	readonly gecos: string;
	readonly home: string;
	readonly shell: string;
}

export interface ShadowEntry {
	/** The field without the `!` before it. It is compared, and never told. */
	readonly secret: string;
	readonly password: PasswordState;
	readonly locked: boolean;
	/** In the order of shadow(5): changed, min, max, warn, inactive, expire. */
	readonly days: readonly (number | null)[];
}

export interface GroupEntry {
	readonly gid: number;
	readonly members: readonly string[];
}

export interface GshadowEntry {
	readonly admins: readonly string[];
	readonly members: readonly string[];
}

/** A user or a group without a line in the other file is as one who has this. */
export const NO_SHADOW: ShadowEntry = {
	secret: "",
	password: "none",
	locked: false,
	days: [null, null, null, null, null, null],
};
export const NO_GSHADOW: GshadowEntry = { admins: [], members: [] };

export const readPasswd: Read<PasswdEntry> = (line) => {
	const fields = fieldsOf(line, 7);
	if (!fields) return undefined;
	const [, , uid = "", gid = "", gecos = "", home = "", shell = ""] = fields;
	if (!ID.test(uid) || !ID.test(gid)) return undefined;
	return { uid: Number(uid), gid: Number(gid), gecos: harmless(gecos), home: harmless(home), shell: harmless(shell) };
};

export const readShadow: Read<ShadowEntry> = (line) => {
	const fields = fieldsOf(line, 9);
	if (!fields) return undefined;
	const [, field = "", ...rest] = fields;
	const days = rest.slice(0, 6);
	if (!days.every((day) => DAYS.test(day))) return undefined;
	const secret = field.replace(/^!+/, "");
	return {
		secret,
		password: passwordState(field, secret),
		locked: field.startsWith("!"),
		days: days.map((day) => (day === "" ? null : Number(day))),
	};
};

export const readGroup: Read<GroupEntry> = (line) => {
	const fields = fieldsOf(line, 4);
	if (!fields) return undefined;
	const [, , gid = "", members = ""] = fields;
	return ID.test(gid) ? { gid: Number(gid), members: listOf(members) } : undefined;
};

export const readGshadow: Read<GshadowEntry> = (line) => {
	const fields = fieldsOf(line, 4);
	if (!fields) return undefined;
	const [, , admins = "", members = ""] = fields;
	return { admins: listOf(admins), members: listOf(members) };
};

const ID = /^\d{1,10}$/;
/** Up to the year 29349; a longer number is none of days, and may be a part of something else. */
const DAYS = /^\d{0,7}$/;

/** The fields of a line, where it has so many, and a name. */
function fieldsOf(line: string, count: number): readonly string[] | undefined {
	const fields = line.split(":");
	return fields.length === count && isName(fields[0] ?? "") && !hasControl(line) ? fields : undefined;
}

const listOf = (field: string) => (field === "" ? [] : field.split(",").map(harmless));

/** crypt(5): the shortest hashes, those of DES, have 13 characters, and none has a `*` or a `!`. */
function passwordState(field: string, secret: string): PasswordState {
	if (field === "") return "empty";
	return /^[^*!]{13,}$/.test(secret) ? "set" : "none";
}
