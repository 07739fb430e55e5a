import type { FileHandle } from "node:fs/promises";
import type { Head, HeadEntry, HeadState } from "./head.js";
import { follows, type Link, NO_LINE, parseLine, sha256 } from "./line.js";
import { pieces } from "./lines.js";

/** How long a rotation by copytruncate may take from the end of its copy until it truncates. */
const COPYTRUNCATE_MS = 10_000;
/** How long a line may take to get into a file that was renamed meanwhile, and is perhaps being compressed. */
const RENAME_MS = 100;

/** A line and its place in the chain. */
export type ChainedLine = Pick<HeadEntry, "n" | "hash" | "prev" | "line">;

/** Where the next line of an audit belongs. */
export interface Place {
	/** The line that it follows. */
	readonly before: Link;
	/** Lines of the chain up to that one that may not be in any file, and are to be written again. */
	readonly repeated: readonly (ChainedLine & { readonly isConfirmed: boolean })[];
	/** The SHA-256 of each piece that is no whole line, and that nothing marks as such yet. */
	readonly torn: readonly string[];
	readonly needsNewline: boolean;
	/** The file as it was looked at. */
	readonly inode: string;
	readonly size: number;
}

/**
 * Finds where the chain stands, by the head and by what the file holds that the head does not know of.
 *
 * @param confirmed - the head's last line, where no other is pending
 */
export async function findPlace(file: FileHandle, head: Head, confirmed: HeadEntry | undefined): Promise<Place> {
	const stats = await file.stat({ bigint: true });
	const [inode, size] = [String(stats.ino), Number(stats.size)];
	if (confirmed?.inode === inode && confirmed.end === size) {
		return { before: confirmed, repeated: [], torn: [], needsNewline: false, inode, size };
	}
	const state = await head.state();
	const { last, pending } = state;
	const isRotated = last !== undefined && !(last.inode === inode && (await holds(file, last)));
	const { before, first, lastInFile, torn, needsNewline } = await readOn(file, last && !isRotated ? last.end : 0, last);
	if (isRotated && last.inode === inode && first !== undefined && first > last.n) {
		// Who truncated it was not noticed by a process that then died: it wrote what is pending, but not what may be
		// lost and belongs before it.
		await file.truncate(0);
		return await findPlace(file, head, undefined);
	}
	const changed = Number(stats.mtimeMs);
	const lost = isRotated ? lostLines(state, { inode, changed }).filter(({ n }) => n > lastInFile) : [];
	const unwritten = pending.filter(({ n }) => n > before.n);
	const goesOn = unwritten[0] !== undefined && follows(unwritten[0], before);
	const repeated = [
		...lost.map((entry) => ({ ...entry, isConfirmed: true })),
		...(goesOn ? unwritten.map((entry) => ({ ...entry, isConfirmed: false })) : []),
	];
	return { before: (goesOn && unwritten.at(-1)) || before, repeated, torn, needsNewline, inode, size };
}

/**
 * The lines that a rotation may have lost: those last written to the file that it took away.
 *
 * @param file - the one that is there now, and when it was last changed, in milliseconds since 1970
 */
export function lostLines(
	{ last, recent }: HeadState,
	{ inode, changed }: { inode: string; changed: number },
): readonly HeadEntry[] {
	const since = changed - (last?.inode === inode ? COPYTRUNCATE_MS : RENAME_MS);
	const begin = recent.findLastIndex(({ inode, end }, i) => {
		const before = recent[i - 1];
		return before && (before.inode !== inode || before.end >= end);
	});
	return recent.slice(Math.max(begin, 0)).filter(({ at }) => at >= since);
}

/** Whether a line stands in a file where it was written. */
async function holds(file: FileHandle, { line, end }: HeadEntry): Promise<boolean> {
	const written = Buffer.from(`${line}\n`);
	const { buffer, bytesRead } = await file.read(Buffer.alloc(written.length), 0, written.length, end - written.length);
	return bytesRead === written.length && buffer.equals(written);
}

/** Follows the chain from a line on through what stands in the file behind it. */
async function readOn(file: FileHandle, start: number, last: Link | undefined) {
	let before = last ?? NO_LINE;
	let first: number | undefined;
	let lastInFile = 0;
	let needsNewline = false;
	const torn = new Set<string>();
	for await (const found of pieces(file, start)) {
		for (const { bytes, isEnded } of found) {
			const line = parseLine(bytes);
			needsNewline = !isEnded;
			if (!line) {
				if (bytes.length > 0) torn.add(sha256(bytes));
				continue;
			}
			if (line.torn) torn.delete(line.torn);
			first ??= line.n;
			lastInFile = line.n;
			// Without a head there is nothing to compare with, and the chain goes on from where the file ends.
			if (!last || follows(line, before)) before = line;
		}
	}
	return { before, first, lastInFile, torn: [...torn], needsNewline };
}
