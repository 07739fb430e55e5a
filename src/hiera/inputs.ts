import { createHash } from "node:crypto";
import type { DataFiles } from "./data-files.js";

/**
 * What the answers for a host come from, besides its facts: the absolute path of each file that is read, or would be if it
 * were there, and each glob that is expanded, as `glob:` and its absolute pattern.
 */
export type Inputs = readonly string[];

/**
 * Inputs and what they were like, for a later run to compare with; plain JSON. A file's state is the SHA-256 of its bytes
 * in hex, `null` where there is none, or where it can't be read a `!` and the error's code; a glob's is that of the list
 * of its files.
 */
export type InputTable = readonly (readonly [input: string, state: string | null])[];

const GLOB = "glob:";

/** The name of a glob among inputs. */
export const globInput = (pattern: string) => GLOB + pattern;

/** Takes down the inputs of many hosts, each input once, as they are in this run. */
export class InputRecorder {
	readonly #files: DataFiles;
	readonly #numbers = new Map<string, number>();
	readonly #rows: (readonly [string, string | null])[] = [];

	/** @param files - which the hosts' answers came out of, so that the states are those that the answers saw */
	constructor(files: DataFiles) {
		this.#files = files;
	}

	/** The numbers of a host's inputs in the table, which stand for them in `RecordedInputs`. */
	async add(inputs: Inputs): Promise<number[]> {
		return await Promise.all(inputs.map((input) => this.#numbers.get(input) ?? this.#add(input)));
	}

	/** All that were taken down up to now. */
	get table(): InputTable {
		return this.#rows;
	}

	async #add(input: string): Promise<number> {
		const state = await stateOf(input, this.#files);
		// Another host may have had the same meanwhile.
		const number = this.#numbers.get(input) ?? this.#rows.push([input, state]) - 1;
		this.#numbers.set(input, number);
		return number;
	}
}

/** The inputs of an earlier run, compared with what is there in this one: each once, when the first host is asked for. */
export class RecordedInputs {
	readonly #table: InputTable;
	readonly #files: DataFiles;
	readonly #same: (boolean | Promise<boolean> | undefined)[] = [];

	/** @throws {TypeError} where the table is none, as one that is damaged */
	constructor(table: unknown, files: DataFiles) {
		if (!isTable(table)) throw new TypeError("it is no table of inputs");
		this.#table = table;
		this.#files = files;
	}

	/**
	 * Whether all inputs of a host are as they were; not where a number is none of the table's. Many hosts may be asked for at
	 * once.
	 */
	async isSame(numbers: readonly number[]): Promise<boolean> {
		// All at once, since most are in files of their own.
		const compared = numbers.map((number) => this.#isSame(number));
		for (const same of compared) if (!(typeof same === "boolean" ? same : await same)) return false;
		return true;
	}

	/** The inputs under these numbers, to be taken down again. */
	inputs(numbers: readonly number[]): Inputs {
		return numbers.flatMap((number) => this.#table[number]?.[0] ?? []);
	}

	#isSame(number: number): boolean | Promise<boolean> {
		const known = this.#same[number];
		if (known !== undefined) return known;
		const row = this.#table[number];
		if (!row) return false;
		const [input, before] = row;
		const same = stateOf(input, this.#files).then((state) => {
			this.#same[number] = state === before;
			return state === before;
		});
		this.#same[number] = same;
		return same;
	}
}

async function stateOf(input: string, files: DataFiles): Promise<string | null> {
	if (!input.startsWith(GLOB)) return await files.contents.digest(input);
	const paths = await files.glob(input.slice(GLOB.length));
	return createHash("sha256").update(JSON.stringify(paths)).digest("hex");
}

function isTable(table: unknown): table is InputTable {
	const isRow = (row: unknown) =>
		Array.isArray(row) &&
		row.length === 2 &&
		typeof row[0] === "string" &&
		(row[1] === null || typeof row[1] === "string");
	return Array.isArray(table) && table.every(isRow);
}
