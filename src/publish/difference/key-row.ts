import { splitKeyLine } from "../../accounts/authorized-key.js";
import type { KeyField } from "./difference.js";
import { harmless, hasControl, isName } from "./harmless.js";
import { sorted } from "./sorted.js";

/** A line of authorized_keys, or of user_keys, that has a key. */
export interface KeyRow {
	readonly line: string;
	/** Empty for root. */
	readonly user: string;
	readonly type: string;
	/** In base64. */
	readonly key: string;
	readonly options: string;
	readonly comment: string;
}

/** @param user - who stands before the key with a colon; empty for nobody */
export function readKeyRow(line: string, user: string): KeyRow | undefined {
	if (hasControl(line)) return undefined;
	const parts = splitKeyLine(user === "" ? line : line.slice(user.length + 1));
	if (!parts || !isBase64(parts.key) || !isName(parts.type)) return undefined;
	return { line, user, ...parts, comment: harmless(parts.comment ?? "") };
}

const isBase64 = (text: string) => text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);

/** What is different in two lines that are not the same and have the same key. */
export function changedKeyFields(before: KeyRow, after: KeyRow): readonly KeyField[] {
	const fields: KeyField[] = [];
	if (before.options !== after.options) fields.push({ field: "options", names: changedOptions(before, after) });
	if (before.comment !== after.comment) {
		fields.push({ field: "comment", before: before.comment, after: after.comment });
	}
	return fields.length > 0 ? fields : [{ field: "text" }];
}

/** Only names: the value of an option, as of `environment`, may be a secret. */
function changedOptions(before: KeyRow, after: KeyRow): readonly string[] {
	const [old, now] = [optionsOf(before), optionsOf(after)];
	const differing = [
		...old.filter((option) => !now.includes(option)),
		...now.filter((option) => !old.includes(option)),
	];
	return sorted(new Set(differing.map((option) => harmless(option.replace(/=.*/s, "")))));
}

/** Split at the commas that are not in quotes, where a backslash means something before a quote only. */
function optionsOf({ options }: KeyRow): readonly string[] {
	return options.match(/(?:[^,"]|"(?:\\"|\\(?!")|[^"\\])*"|")+/g) ?? [];
}
