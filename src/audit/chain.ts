import type { HeadEntry } from "./head.js";
import { follows, type Link, NO_LINE, type ParsedLine, parseLine, sha256 } from "./line.js";
import type { Piece } from "./lines.js";

/** Where a line stands: `audit.jsonl.1:17`. */
type Placed = ParsedLine & {
	readonly where: string;
	/** False for the first line of all, where older ones are not there any more. */
	readonly isAnchored: boolean;
};

/** Half-written lines that may wait for the line that marks them. */
const MAX_TORN = 16;

/**
 * Follows the chain of an audit through its files, the oldest first, and names each place where it is broken.
 *
 * A file may begin with lines that the one before it ends with, as a rotation repeats them: the line that both have
 * last must be the same, and by the chain so are all before it.
 */
export class Chain {
	readonly #head: HeadEntry | undefined;
	/** The last line of the files so far. */
	#known: Placed | undefined;
	/** The last line of this file. */
	#local: Placed | undefined;
	/** A line that does not follow the one before; which of the two is wrong, the next one tells. */
	#doubtful: { readonly line: Placed; readonly before: Placed | undefined } | undefined;
	/** Where the pieces are that are no lines, by their SHA-256. */
	readonly #torn = new Map<string, string>();
	#file = "";
	#number = 0;
	#repeats = false;
	#written: Placed | undefined;
	#faults = 0;
	/** How many lines of the chain are not there any more, before the first one. */
	before = 0;
	/** How many lines there are. */
	lines = 0;

	/** @param head - what was last appended, as the audit's head has it */
	constructor(head: HeadEntry | undefined) {
		this.#head = head;
	}

	get last(): Link | undefined {
		return this.#known;
	}

	/** Begins with a file. */
	begin(file: string): void {
		this.#file = file;
		this.#number = 0;
		this.#local = undefined;
	}

	/** The faults that show at a line of the file. */
	*line({ bytes, isEnded }: Piece): Generator<string> {
		const where = `${this.#file}:${++this.#number}`;
		const line = parseLine(bytes);
		if (!line) {
			// What is being written just now, or was when the power went, the next one to append takes care of.
			if (isEnded) this.#torn.set(sha256(bytes), where);
			if (this.#torn.size > MAX_TORN) yield* this.#foreign();
			return;
		}
		this.lines++;
		if (line.torn) this.#torn.delete(line.torn);
		const isAnchored = follows(line, NO_LINE) || this.#local !== undefined || this.#known !== undefined;
		yield* this.#follow({ ...line, where, isAnchored });
	}

	/** The faults that show at the end of the file. */
	*end(): Generator<string> {
		yield* this.#decide(undefined);
		yield* this.#foreign();
		const { n = 0, where = "" } = this.#local ?? {};
		if (this.#local && this.#known && n < this.#known.n) {
			yield this.#fault(`${where} is line ${n}, though ${this.#known.where} is line ${this.#known.n} already`);
		}
		this.#known = this.#local ?? this.#known;
		this.#repeats = false;
	}

	/** How many lines the head knows of that come after the last one. */
	get missing(): number {
		return Math.max((this.#head?.n ?? 0) - (this.#known?.n ?? 0), 0);
	}

	/** The faults that only the head tells, when all files are read. */
	*finish(): Generator<string> {
		const head = this.#head;
		const last = this.#known;
		if (!head) return;
		if (this.missing > 0) {
			const end = last ? `${last.where} is the last line and has the number ${last.n}` : "no line is there any more";
			yield this.#fault(`${end}, but line ${head.n} was written too: ${this.missing} missing at the end`);
		} else if (this.#written && this.#written.hash !== head.hash && this.#faults === 0) {
			yield this.#fault(
				`${this.#written.where} is not what was written as line ${head.n}: lines were changed, up to the last one`,
			);
		}
	}

	*#follow(line: Placed): Generator<string> {
		if (this.#head?.n === line.n) this.#written = line;
		if (this.#doubtful) yield* this.#decide(line);
		else {
			const before = this.#before(line);
			if (before === "any" || follows(line, before ?? NO_LINE)) yield* this.#compare(line);
			else if (this.#torn.size > 0 && line.n === (before?.n ?? 0) + 1 + this.#torn.size) yield* this.#foreign();
			else this.#doubtful = { line, before };
		}
		this.#local = line;
	}

	/** What a line is to follow: the first one that is there follows any. */
	#before(line: Placed): Placed | undefined | "any" {
		if (this.#local) return this.#local;
		if (!this.#known) {
			if (line.n > 1) this.before = line.n - 1;
			return line.n > 1 ? "any" : undefined;
		}
		if (line.n > this.#known.n) return this.#known;
		this.#repeats = true;
		return "any";
	}

	/** Where a file repeats lines, the last of those must be the one that is known. */
	*#compare(line: Placed): Generator<string> {
		if (!this.#repeats || line.n !== this.#known?.n) return;
		this.#repeats = false;
		if (line.hash !== this.#known.hash) {
			yield this.#fault(`${line.where} and ${this.#known.where} are both line ${line.n}, and differ`);
		}
	}

	/** Names the line that is wrong of two that don't follow each other, by the one that comes after both. */
	*#decide(next: Placed | undefined): Generator<string> {
		if (!this.#doubtful) return;
		const { line, before } = this.#doubtful;
		this.#doubtful = undefined;
		const isSound = next ? follows(next, line) : this.#head?.n === line.n && this.#head.hash === line.hash;
		yield this.#fault(isSound ? explainSound(line, before) : explainUnsound(line, before, next));
	}

	*#foreign(): Generator<string> {
		for (const where of this.#torn.values()) yield this.#fault(`${where} is not a line of the audit`);
		this.#torn.clear();
	}

	#fault(message: string): string {
		this.#faults++;
		return message;
	}
}

/** What is wrong before a line that others follow. */
function explainSound(line: Placed, before: Placed | undefined): string {
	const expected = (before?.n ?? 0) + 1;
	if (before && line.n === expected) return `${before.where} was changed after it was written`;
	if (line.n > expected) {
		const gone = line.n - 1 === expected ? `line ${expected} is` : `lines ${expected} to ${line.n - 1} are`;
		return `${gone} missing before ${line.where}`;
	}
	// Both were written after the same line, or the first line of all is not the first that was written.
	if (before && (line.prev === before.prev || !before.isAnchored)) return alien(before);
	return `${line.where} is line ${line.n}, where line ${expected} belongs`;
}

/** What is wrong with a line that nothing follows. */
function explainUnsound(line: Placed, before: Placed | undefined, next: Placed | undefined): string {
	if (before && !before.isAnchored && line.n < before.n) return alien(before);
	if (next && before && follows(next, before)) return alien(line);
	return `${line.where} is not what was written as line ${(before?.n ?? 0) + 1}`;
}

const alien = ({ where }: Placed) => `${where} does not belong here`;
