import { createHash } from "node:crypto";
import { splitKeyLine } from "../../accounts/authorized-key.js";
import { compareBytes } from "../../accounts/entry.js";
import { changedLines, linesIn } from "./changed-lines.js";
import type { Key, KeyDifference, KeyField, LinesDifference } from "./difference.js";
import { harmless, hasControl, isName } from "./harmless.js";
import { nameOf } from "./rows.js";

/** A line with a key. */
interface KeyRow {
	readonly line: string;
	readonly type: string;
	readonly key: string;
	readonly options: string;
	readonly comment: string;
}

type Owner = { readonly kind: "root key" } | { readonly kind: "user key"; readonly user: string };

/** The keys of root's that come, go and change, in the order of the files: those that go, before those that come. */
export function rootKeyDifferences(before: string, after: string): readonly (KeyDifference | LinesDifference)[] {
	if (before === after) return [];
	const keys = new KeyLines({ kind: "root key" }, linesIn(before), linesIn(after));
	const { gone, come } = changedLines(before, after);
	return [
		...keys.differences(),
		...leftOver("authorized_keys", keys.unread(gone, "before"), keys.unread(come, "after")),
	];
}

/** The same for those of user_keys, in the order of the users' names. */
export function userKeyDifferences(before: string, after: string): readonly (KeyDifference | LinesDifference)[] {
	if (before === after) return [];
	const changed = changedLines(before, after);
	const [gone, come] = [byUser(changed.gone), byUser(changed.come)];
	const users = new Set([...gone.keys(), ...come.keys()]);
	const [old, now] = [byUser(linesIn(before), users), byUser(linesIn(after), users)];
	const differences: KeyDifference[] = [];
	let [removed, added] = [0, 0];
	for (const user of [...users].sort(compareBytes)) {
		const keys = new KeyLines({ kind: "user key", user }, old.get(user) ?? [], now.get(user) ?? []);
		// A line without a name, or with a hash in its place, is nobody's.
		const isOwner = isName(user) && !hasControl(user);
		if (isOwner) differences.push(...keys.differences());
		const [went, came] = [gone.get(user) ?? [], come.get(user) ?? []];
		removed += isOwner ? keys.unread(went, "before") : went.length;
		added += isOwner ? keys.unread(came, "after") : came.length;
	}
	return [...differences, ...leftOver("user_keys", removed, added)];
}

/** What follows the names and their colons; a line without one has the empty name. */
function byUser(lines: readonly string[], only?: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
	const all = new Map<string, string[]>();
	for (const line of lines) {
		const name = nameOf(line);
		const user = name === line ? "" : name;
		if (only && !only.has(user)) continue;
		const rest = name === line ? line : line.slice(name.length + 1);
		const known = all.get(user);
		if (known) known.push(rest);
		else all.set(user, [rest]);
	}
	return all;
}

function* leftOver(file: LinesDifference["file"], removed: number, added: number): Generator<LinesDifference> {
	if (removed > 0) yield { kind: "lines", change: "removed", file, count: removed };
	if (added > 0) yield { kind: "lines", change: "added", file, count: added };
}

/** The lines of one owner before and after. sshd takes the first line that a key has. */
class KeyLines {
	readonly #owner: Owner;
	readonly #before: ReadonlyMap<string, KeyRow>;
	readonly #after: ReadonlyMap<string, KeyRow>;

	constructor(owner: Owner, before: readonly string[], after: readonly string[]) {
		this.#owner = owner;
		this.#before = rowsOf(before);
		this.#after = rowsOf(after);
	}

	*differences(): Generator<KeyDifference> {
		for (const [key, row] of this.#before) {
			const now = this.#after.get(key);
			if (!now) yield { ...this.#key(row), change: "removed" };
			else if (now.line !== row.line) yield { ...this.#key(now), change: "changed", fields: fieldsOf(row, now) };
		}
		for (const [key, row] of this.#after) if (!this.#before.has(key)) yield { ...this.#key(row), change: "added" };
	}

	/** How many of such lines none of the differences tells. */
	unread(lines: readonly string[], side: "before" | "after"): number {
		const [own, other] = side === "before" ? [this.#before, this.#after] : [this.#after, this.#before];
		const isTold = (line: string) => {
			const key = readKey(line)?.key ?? "";
			return own.get(key)?.line === line && other.get(key)?.line !== line;
		};
		return lines.filter((line) => !isTold(line)).length;
	}

	#key({ type, key, comment }: KeyRow): Key {
		return { ...this.#owner, type, fingerprint: fingerprint(key), comment };
	}
}

function rowsOf(lines: readonly string[]): ReadonlyMap<string, KeyRow> {
	const rows = new Map<string, KeyRow>();
	for (const line of lines) {
		const row = readKey(line);
		if (row && !rows.has(row.key)) rows.set(row.key, row);
	}
	return rows;
}

function readKey(line: string): KeyRow | undefined {
	const parts = hasControl(line) ? undefined : splitKeyLine(line);
	if (!parts || !isBase64(parts.key) || !isName(parts.type)) return undefined;
	return { line, ...parts, comment: harmless(parts.comment ?? "") };
}

const isBase64 = (text: string) => Buffer.from(text, "base64").toString("base64") === text;

/** As `ssh-keygen -l` prints it. */
function fingerprint(key: string): string {
	const digest = createHash("sha256").update(key, "base64").digest("base64");
	return `SHA256:${digest.replace(/=+$/, "")}`;
}

function fieldsOf(before: KeyRow, after: KeyRow): readonly KeyField[] {
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
	return [...new Set(differing.map((option) => harmless(option.replace(/=.*/s, ""))))].sort(compareBytes);
}

/** Split at the commas that are not in quotes, where a backslash means something before a quote only. */
function optionsOf({ options }: KeyRow): readonly string[] {
	return options.match(/(?:[^,"]|"(?:\\"|\\(?!")|[^"\\])*"|")+/g) ?? [];
}
