import { hash } from "node:crypto";
import { type ChangedFile, linesIn } from "./changed-lines.js";
import type { Key, KeyChange, KeyDifference, LinesDifference } from "./difference.js";
import { isName } from "./harmless.js";
import { changedKeyFields, type KeyRow, readKeyRow } from "./key-row.js";
import { nameOf } from "./rows.js";
import { sorted } from "./sorted.js";

type KeyFile = "authorized_keys" | "user_keys";

/**
 * The keys that come, go and change in one of the files: user by user in the order of names, and of each first those that
 * go or change, in the order of the file. Of several lines with the same key the first counts, as it does for sshd.
 */
export function keyDifferences(
	{ before, after, gone, come }: ChangedFile,
	file: KeyFile,
): readonly (KeyDifference | LinesDifference)[] {
	const users = new Set([...gone, ...come].map(file === "user_keys" ? nameOf : () => ""));
	const [old, now] = [rowsOf(file, before, users), rowsOf(file, after, users)];
	const differences = new Map<string, KeyDifference[]>();
	const tell = (row: KeyRow, change: KeyChange) => {
		const known = differences.get(row.user);
		if (known) known.push(keyOf(row, change));
		else differences.set(row.user, [keyOf(row, change)]);
	};
	for (const [id, row] of old) {
		const same = now.get(id);
		if (!same) tell(row, { change: "removed" });
		else if (same.line !== row.line) tell(same, { change: "changed", fields: changedKeyFields(row, same) });
	}
	for (const [id, row] of now) if (!old.has(id)) tell(row, { change: "added" });
	return [
		...sorted(differences.keys()).flatMap((user) => differences.get(user) ?? []),
		...leftOver(file, "removed", gone, [old, now]),
		...leftOver(file, "added", come, [now, old]),
	];
}

type KeyRows = ReadonlyMap<string, KeyRow>;

/** The keys of some users, by user and key. */
function rowsOf(file: KeyFile, text: string, users: ReadonlySet<string>): KeyRows {
	const rows = new Map<string, KeyRow>();
	if (users.size === 0) return rows;
	for (const line of linesIn(text)) {
		const user = file === "user_keys" ? nameOf(line) : "";
		// Without a colon, or with a hash in the name's place, it is nobody's.
		if (!users.has(user) || user === line || (file === "user_keys" && !isName(user))) continue;
		const row = readKeyRow(line, user);
		if (!row) continue;
		const id = `${user}:${row.key}`;
		if (!rows.has(id)) rows.set(id, row);
	}
	return rows;
}

/** How many lines that come or go none of the differences tells. */
function leftOver(
	file: KeyFile,
	change: LinesDifference["change"],
	lines: readonly string[],
	[own, other]: readonly [own: KeyRows, other: KeyRows],
): readonly LinesDifference[] {
	if (lines.length === 0) return [];
	const told = new Set<string>();
	for (const [id, { line }] of own) if (other.get(id)?.line !== line) told.add(line);
	const count = lines.filter((line) => !told.has(line)).length;
	return count > 0 ? [{ kind: "lines", change, file, count }] : [];
}

function keyOf({ user, type, key, comment }: KeyRow, change: KeyChange): KeyDifference {
	const parts = { type, fingerprint: fingerprint(key), comment };
	const told: Key = user === "" ? { kind: "root key", ...parts } : { kind: "user key", user, ...parts };
	return { ...told, ...change };
}

/** As `ssh-keygen -l` prints it. */
function fingerprint(key: string): string {
	return `SHA256:${hash("sha256", Buffer.from(key, "base64"), "base64").replace(/=+$/, "")}`;
}
