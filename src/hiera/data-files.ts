import { Contents } from "./contents.js";
import { DataError, type Place } from "./data-error.js";
import { expandGlob, type Looked, lookedNowhere } from "./glob.js";
import { isDynamic } from "./interpolate.js";
import { JsonError, parseJson } from "./json.js";
import type { KeyLines, Wanted } from "./key-lines.js";
import { parsePsych } from "./psych.js";
import { YamlError } from "./psych-syntax.js";
import { isArray, isHash, kindOf, RubySymbol, type Value } from "./value.js";

export type DataSyntax = "yaml" | "json";

/** A key of a data file. */
export interface Entry {
	readonly key: string;
	readonly value: Value;
	/** Another number for each entry. */
	readonly id: number;
	/** Whether there is anything in the value to interpolate. */
	readonly dynamic: boolean;
	readonly file: string;
	readonly line: number | undefined;
}

/** A data file as it was read. */
export interface DataFile {
	readonly path: string;
	/** @throws {DataError} where the key's value is what no look-up may give */
	entry(key: string): Entry | undefined;
}

/** All that is in a file, and on which lines. */
export interface Lined {
	readonly value: Value;
	readonly lines: KeyLines;
}

/**
 * The data files of one run: each is read once, however many hosts ask for it, and so is the list of a glob's files. What
 * changes on disk meanwhile is not seen.
 */
export class DataFiles {
	/** The bytes of these files, and of what else a run reads once. */
	readonly contents = new Contents();
	readonly #files = new Map<string, Promise<DataFile | undefined>>();
	readonly #lines = new Map<string, Promise<Lined | undefined>>();
	readonly #globs = new Map<string, Promise<readonly string[]>>();
	readonly #looked = lookedNowhere();
	#entries = 0;

	/**
	 * A file's data; `undefined` where there is no file.
	 *
	 * @throws {DataError} where it can't be read, or is not what its syntax says
	 */
	read(path: string, syntax: DataSyntax): Promise<DataFile | undefined> {
		const name = `${syntax}:${path}`;
		const known = this.#files.get(name);
		if (known) return known;
		const file = this.#read(path, syntax);
		this.#files.set(name, file);
		return file;
	}

	/** The files that match a glob, in the order in which Ruby lists them. */
	glob(pattern: string): Promise<readonly string[]> {
		const known = this.#globs.get(pattern);
		if (known) return known;
		const paths = expandGlob(pattern, this.#looked);
		this.#globs.set(pattern, paths);
		return paths;
	}

	/** Where all that was asked for up to now would be: a later run that finds the same there gets the same answers. */
	looked(): Looked {
		const { files, directories } = this.#looked;
		return { files: new Set([...this.contents.paths, ...files]), directories: new Set(directories) };
	}

	/**
	 * A file's value with the lines of all its keys, for which it is read and parsed a second time; to say where a fault is.
	 * `undefined` where it can't be read any more, or is not what it was.
	 */
	readLines(path: string, syntax: DataSyntax): Promise<Lined | undefined> {
		const name = `${syntax}:${path}`;
		const known = this.#lines.get(name) ?? this.#readLines(path, syntax);
		this.#lines.set(name, known);
		return known;
	}

	async #readLines(path: string, syntax: DataSyntax) {
		try {
			const text = await this.#text(path);
			return text === undefined ? undefined : parse(text, path, syntax, "all");
		} catch (error) {
			if (error instanceof DataError) return undefined;
			throw error;
		}
	}

	async #read(path: string, syntax: DataSyntax): Promise<DataFile | undefined> {
		const text = await this.#text(path);
		if (text === undefined) return undefined;
		const { value, lines } = parse(text, path, syntax);
		if (!isHash(value)) {
			// A YAML file without a map counts as empty, as Puppet has it; JSON is stricter.
			if (syntax === "yaml") return { path, entry: () => undefined };
			throw new DataError({ file: path }, `it holds ${kindOf(value)}, and data is an object of keys`);
		}
		const entries = new Map<string, Entry>();
		return {
			path,
			entry: (key) => {
				const known = entries.get(key);
				if (known || !value.has(key)) return known;
				const found = value.get(key) ?? null;
				const line = lines.get(value)?.get(key);
				checkValue(found, { file: path, line, key });
				const entry = { key, value: found, id: ++this.#entries, dynamic: isDynamic(found), file: path, line };
				entries.set(key, entry);
				return entry;
			},
		};
	}

	async #text(path: string): Promise<string | undefined> {
		try {
			const bytes = await this.contents.bytes(path);
			return bytes && new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		} catch (error) {
			const { code, message } = error as NodeJS.ErrnoException; // the file system's, or the decoder's
			if (code === "EISDIR") throw new DataError({ file: path }, "it is a directory, and data is a file");
			const why = code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8" : `it can't be read: ${message}`;
			throw new DataError({ file: path }, why);
		}
	}
}

function parse(text: string, file: string, syntax: DataSyntax, lines: Wanted = "top") {
	try {
		return syntax === "yaml" ? parsePsych(text, { lines }) : parseJson(text, lines);
	} catch (error) {
		if (!(error instanceof YamlError || error instanceof JsonError)) throw error;
		throw new DataError({ file, line: error.line }, error.message);
	}
}

/** Far more than a file has that a person wrote; aliases of aliases make billions out of a few lines. */
const MAX_VALUES = 5_000_000;

/** Puppet's rule of what a look-up may give: plain data, in hashes whose keys are texts or numbers. */
function checkValue(value: Value, place: Place, seen = { values: 0 }): void {
	if (++seen.values > MAX_VALUES) throw new DataError(place, `it has more than ${MAX_VALUES} values`);
	if (value instanceof RubySymbol) {
		throw new DataError(place, "a Ruby symbol is no data", "Put a text that begins with a colon into quotes");
	}
	if (isArray(value)) for (const member of value) checkValue(member, place, seen);
	if (!isHash(value)) return;
	for (const [key, member] of value) {
		if (!["string", "bigint", "number"].includes(typeof key)) {
			throw new DataError(place, `${kindOf(key)} can't be a hash's key`, "Put it into quotes");
		}
		checkValue(member, place, seen);
	}
}
