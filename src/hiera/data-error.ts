import { TroclaError } from "../errors.js";

/** Where a fault in Hiera's data is. */
export interface Place {
	/** The file's path. */
	readonly file?: string | undefined;
	/** From 1. */
	readonly line?: number | undefined;
	/** The key that was looked up, or that the fault is in. */
	readonly key?: string | undefined;
}

/** A fault in a data file, or between several: its place, and then what is wrong there. */
export class DataError extends TroclaError {
	override name = "DataError";
	readonly place: Place;
	/** The message without the file and the line. */
	readonly what: string;

	constructor(place: Place, message: string, hint?: string) {
		const { file, line, key } = place;
		const where = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
		const what = key === undefined ? message : `key ${JSON.stringify(key)}: ${message}`;
		super("data", `${where}${what}`, hint);
		this.place = place;
		this.what = what;
	}

	/** This fault, and those that were found with it. */
	get all(): readonly DataError[] {
		return [this];
	}
}

/** Faults in several files at once; it tells the first of them, and has all. */
export class DataErrors extends DataError {
	readonly #all: readonly DataError[];

	constructor(first: DataError, others: readonly DataError[]) {
		const { file, line } = first.place;
		super({ file, line }, first.what, first.hint);
		this.#all = [first, ...others];
	}

	override get all(): readonly DataError[] {
		return this.#all;
	}
}
