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

	constructor(place: Place, message: string, hint?: string) {
		super("data", `${describePlace(place)}${message}`, hint);
		this.place = place;
	}
}

function describePlace({ file, line, key }: Place): string {
	const where = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
	return key === undefined ? where : `${where}key ${JSON.stringify(key)}: `;
}
