import type { FileName } from "./difference.js";

/** The lines that one text has and another does not, in their order; a line that is there twice counts twice. */
export interface ChangedLines {
	readonly gone: readonly string[];
	readonly come: readonly string[];
}

/** A file before and after, with the lines that this makes come and go. */
export interface ChangedFile extends ChangedLines {
	readonly file: FileName;
	readonly before: string;
	readonly after: string;
}

export function changedFile(file: FileName, before: string, after: string): ChangedFile {
	return { file, before, after, ...changedLines(before, after) };
}

const NONE: ChangedLines = { gone: [], come: [] };

/** Empty lines count for nothing. The time that it takes beyond a comparison of the bytes is that of what differs. */
function changedLines(before: string, after: string): ChangedLines {
	if (before === after) return NONE;
	const start = sameStart(before, after);
	const tail = sameEnd(before, after, start);
	const old = linesIn(before.slice(start, before.length - tail));
	const now = linesIn(after.slice(start, after.length - tail));
	return old.length === 0 || now.length === 0 ? { gone: old, come: now } : without(old, now);
}

export function linesIn(text: string): readonly string[] {
	return text.split("\n").filter((line) => line !== "");
}

/** Up to where all lines are the same: the start of a line. */
function sameStart(before: string, after: string): number {
	const end = Math.min(before.length, after.length);
	let same = 0;
	while (same < end && before.charCodeAt(same) === after.charCodeAt(same)) same++;
	return same === 0 ? 0 : before.lastIndexOf("\n", same - 1) + 1;
}

/** How long the end is in which all lines are the same. */
function sameEnd(before: string, after: string, start: number): number {
	const end = Math.min(before.length, after.length) - start;
	let same = 0;
	while (same < end && before.charCodeAt(before.length - 1 - same) === after.charCodeAt(after.length - 1 - same))
		same++;
	// The first line of what is the same may have another start.
	const newline = before.indexOf("\n", before.length - same);
	return newline < 0 ? 0 : before.length - newline - 1;
}

function without(old: readonly string[], now: readonly string[]): ChangedLines {
	const left = new Map<string, number>();
	for (const line of old) left.set(line, (left.get(line) ?? 0) + 1);
	const take = (line: string) => {
		const count = left.get(line) ?? 0;
		if (count > 0) left.set(line, count - 1);
		return count > 0;
	};
	const come = now.filter((line) => !take(line));
	return { gone: old.filter(take), come };
}
