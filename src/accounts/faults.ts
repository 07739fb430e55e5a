/** What is wrong in a site's data, where, and what mends it. A note has the same form, and stops nothing. */
export interface Fault {
	/** The file or the level that the value comes from, where that is known. */
	readonly where: string | undefined;
	/** The key, and the names below it: `["accounts::users", "alice", "uid"]`. */
	readonly path: readonly string[];
	/** A sentence that follows the path. It never has a password, a hash or a key in it. */
	readonly message: string;
	readonly hint: string | undefined;
}

/** A message and a hint that have no place yet. */
export type Problem = readonly [message: string, hint?: string];

/** Where data comes from: one file, or what knows the file of each path. */
export type Where = string | ((path: readonly string[]) => string | undefined);

/** What was made of data: a value where nothing is wrong in it, and else all that is. */
export type Checked<T> =
	| { readonly value: T; readonly faults: readonly []; readonly notes: readonly Fault[] }
	| { readonly value: undefined; readonly faults: readonly Fault[]; readonly notes: readonly Fault[] };

/** Takes down all faults and notes of one check. */
export class Report {
	readonly #faults: Fault[] = [];
	readonly #notes: Fault[] = [];
	readonly #where: Where | undefined;

	constructor(where: Where | undefined) {
		this.#where = where;
	}

	/** The place of a key's value. */
	at(key: string): Place {
		return new Place(this, key, undefined);
	}

	add(kind: "fault" | "note", path: readonly string[], message: string, hint: string | undefined): void {
		const where = typeof this.#where === "function" ? this.#where(path) : this.#where;
		(kind === "fault" ? this.#faults : this.#notes).push({ where, path, message, hint });
	}

	/** How many faults and notes there are so far. */
	get taken(): number {
		return this.#faults.length + this.#notes.length;
	}

	get faults(): readonly Fault[] {
		return this.#faults;
	}

	/** @param value - `undefined` only where a fault was taken down */
	checked<T>(value: T | undefined): Checked<T> {
		const { faults } = this;
		const notes = this.#notes;
		return value !== undefined && faults.length === 0
			? { value, faults: [], notes }
			: { value: undefined, faults, notes };
	}
}

/** Where a value stands in the data. */
export class Place {
	readonly #report: Report;
	readonly #name: string;
	readonly #parent: Place | undefined;

	constructor(report: Report, name: string, parent: Place | undefined) {
		this.#report = report;
		this.#name = name;
		this.#parent = parent;
	}

	/** The place of a member. */
	in(name: string): Place {
		return new Place(this.#report, name, this);
	}

	get path(): readonly string[] {
		return [...(this.#parent?.path ?? []), this.#name];
	}

	/** How many faults and notes were taken down so far, here and elsewhere. */
	get taken(): number {
		return this.#report.taken;
	}

	/** Takes down what is wrong here; gives `undefined`, which stands for the value that there can't be. */
	fault(message: string, hint?: string): undefined {
		this.#report.add("fault", this.path, message, hint);
	}

	/** Takes down what is worth knowing, and stops nothing. */
	note(message: string, hint?: string): void {
		this.#report.add("note", this.path, message, hint);
	}
}

/** A fault or a note on one line, without its hint: `data/common.yaml: accounts::users.alice.uid is missing`. */
export function describeFault({ where, path, message }: Fault): string {
	return `${where === undefined ? "" : `${where}: `}${describePath(path)} ${message}`;
}

/** A path as Hiera's dotted keys are written: a name with a dot in it is quoted. */
export function describePath(path: readonly string[]): string {
	return path.map((name) => (/^[^.\s"'\p{C}]+$/u.test(name) ? name : JSON.stringify(name))).join(".");
}
