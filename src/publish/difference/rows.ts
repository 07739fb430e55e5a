import { type ChangedFile, linesIn } from "./changed-lines.js";
import type { LinesDifference } from "./difference.js";
import type { Read } from "./entries.js";

/** A line of a file, and what was read there. */
export interface Row<Entry> {
	readonly line: string;
	readonly entry: Entry;
}

/** From so many names on, an index of all is faster than a search for each. */
const MANY = 8;

/** One file before and after, of which only the lines are read that somebody asks for. */
export class Rows<Entry> {
	/** The names of all lines that come or go, as far as these can be read. */
	readonly names: ReadonlySet<string>;
	readonly #before: NamedLines<Entry>;
	readonly #after: NamedLines<Entry>;
	readonly #changed: ChangedFile;

	constructor(changed: ChangedFile, read: Read<Entry>) {
		this.#changed = changed;
		this.#before = new NamedLines(changed.before, changed.gone, read);
		this.#after = new NamedLines(changed.after, changed.come, read);
		this.names = new Set([...this.#before.names(), ...this.#after.names()]);
	}

	/** The row of a name. Where there are several, the first one counts, as it does for getpwnam(3). */
	before(name: string): Row<Entry> | undefined {
		return this.#before.row(name);
	}

	after(name: string): Row<Entry> | undefined {
		return this.#after.row(name);
	}

	/** Lines that come and go and are nobody's row. */
	*leftOver(isKnown: (name: string) => boolean): Generator<LinesDifference> {
		const count = (lines: readonly string[], own: NamedLines<Entry>, other: NamedLines<Entry>) => {
			const isTold = (line: string, name: string) =>
				own.row(name)?.line === line && other.row(name)?.line !== line && isKnown(name);
			return lines.filter((line) => !isTold(line, nameOf(line))).length;
		};
		const { file, gone, come } = this.#changed;
		const removed = count(gone, this.#before, this.#after);
		const added = count(come, this.#after, this.#before);
		if (removed > 0) yield { kind: "lines", change: "removed", file, count: removed };
		if (added > 0) yield { kind: "lines", change: "added", file, count: added };
	}
}

class NamedLines<Entry> {
	readonly #text: string;
	readonly #read: Read<Entry>;
	/** The lines that were read, because they come or go. */
	readonly #entries: ReadonlyMap<string, Entry | undefined>;
	readonly #rows = new Map<string, Row<Entry> | undefined>();
	#index: ReadonlyMap<string, string> | undefined;

	constructor(text: string, changed: readonly string[], read: Read<Entry>) {
		this.#text = text;
		this.#read = read;
		this.#entries = new Map(changed.map((line) => [line, read(line)]));
	}

	/** The names of those that were read, with what is one. */
	*names(): Generator<string> {
		for (const [line, entry] of this.#entries) if (entry !== undefined) yield nameOf(line);
	}

	row(name: string): Row<Entry> | undefined {
		if (this.#rows.has(name)) return this.#rows.get(name);
		const line = this.#line(name);
		const entry = line === undefined ? undefined : (this.#entries.get(line) ?? this.#read(line));
		const row = line === undefined || entry === undefined ? undefined : { line, entry };
		this.#rows.set(name, row);
		return row;
	}

	#line(name: string): string | undefined {
		if (!this.#index && this.#rows.size < MANY) return search(this.#text, name);
		this.#index ??= firstLines(this.#text);
		return this.#index.get(name);
	}
}

function search(text: string, name: string): string | undefined {
	const start = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`) + 1;
	if (start === 0 && !text.startsWith(`${name}:`)) return undefined;
	const end = text.indexOf("\n", start);
	return end < 0 ? text.slice(start) : text.slice(start, end);
}

function firstLines(text: string): ReadonlyMap<string, string> {
	const lines = new Map<string, string>();
	for (const line of linesIn(text)) {
		const name = nameOf(line);
		if (name !== line && !lines.has(name)) lines.set(name, line);
	}
	return lines;
}

/** What stands before the first colon. */
export function nameOf(line: string): string {
	const colon = line.indexOf(":");
	return colon < 0 ? line : line.slice(0, colon);
}
