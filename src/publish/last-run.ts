import { onceEach } from "../accounts/once-each.js";
import type { StoredPassword } from "../accounts/password.js";
import type { DataFiles } from "../hiera/data-files.js";
import { InputRecorder, type InputTable, RecordedInputs } from "../hiera/inputs.js";
import type { Hashes } from "./hashes.js";
import type { FileDigests } from "./manifest.js";
import { PasswordMap } from "./password-map.js";
import { isIn, type Ranges, toRanges } from "./ranges.js";
import { SharedList } from "./shared-list.js";
import type { SigningKey } from "./signing-key.js";
import type { Origins } from "./site.js";

/** The name of the file beside the sets in which a run says for the next one what they hang on. */
export const LAST_RUN = "last-run.json";

/** What a host's set hung on, besides what is the same for all hosts. */
export interface Grounds {
	readonly origins: Origins;
	/** The passwords of its users; hosts with the same list share one. */
	readonly passwords: SharedList<StoredPassword>;
}

/** A run that reads or writes the file. */
export interface Run {
	/** What is the same for all hosts, and must be as it was: one line. */
	readonly circumstances: string;
	readonly key: SigningKey;
	readonly files: DataFiles;
	/** The digest of what variables of a host are now; `undefined` where it has none. */
	readonly digestVariables: (host: string, variables: readonly string[]) => Promise<string | undefined>;
}

/** A set as it was published. */
export interface Recalled {
	readonly digests: FileDigests;
	readonly grounds: Grounds;
	/** Whether all of its users' hashes are there, and as they were. */
	isCurrent(hashes: Hashes): boolean;
}

/**
 * What the published sets hung on when they were made: where all of that is as it was, a set would be as it is, and the host
 * needs no look-ups.
 */
export class LastRun {
	/** The time of its sets, in milliseconds since the epoch; no set of the tree has a later one. */
	readonly stamp: number;
	readonly #hosts: ReadonlyMap<string, HostRow>;
	readonly #inputs: RecordedInputs;
	readonly #lists: readonly Ranges[];
	readonly #sets: readonly FileDigests[];
	readonly #variables: readonly (readonly string[])[];
	readonly #digestVariables: Run["digestVariables"];
	readonly #rows: readonly PasswordRow[];
	readonly #passwords: readonly StoredPassword[];
	/** The numbers of the passwords whose hash is not there, or not as it was, ascending. */
	readonly #changed = onceEach((hashes: Hashes) => this.#changedIn(hashes));
	readonly #known = new Map<number, SharedList<StoredPassword>>();

	private constructor(rows: Rows, { files, digestVariables }: Run) {
		this.stamp = rows.stamp;
		this.#hosts = new Map(rows.hosts.map((row) => [row[0], row]));
		this.#inputs = new RecordedInputs(rows.inputs, files);
		this.#lists = rows.lists;
		this.#sets = rows.sets;
		this.#variables = rows.variables;
		this.#digestVariables = digestVariables;
		this.#rows = rows.passwords;
		this.#passwords = rows.passwords.map(([key, format]) => ({ key, format }));
	}

	/**
	 * What was written under the same circumstances, and with the same key, since that will sign what is recalled.
	 *
	 * @param file - its content; `undefined` where there is none
	 */
	static read(file: string | undefined, run: Run): LastRun | undefined {
		const { circumstances, key } = run;
		const [mac = "", text = ""] = file?.split("\n") ?? [];
		if (mac !== key.authenticate(`${circumstances}\n${text}`)) return undefined;
		const rows = JSON.parse(text) as Rows; // its own run wrote it
		return new LastRun(rows, run);
	}

	/** What the set of a host hung on, where its data are as they were. Whether its hashes are, the caller finds out. */
	async recall(host: string): Promise<Recalled | undefined> {
		const row = this.#hosts.get(host);
		if (!row || !(await this.#inputs.isSame(row[1])) || !(await this.#hasSameFacts(row))) return undefined;
		const [, inputs, listNumber, setNumber, facts, variablesNumber, digest] = row;
		const ranges = this.#lists[listNumber];
		const digests = this.#sets[setNumber];
		const variables = this.#variables[variablesNumber];
		if (!ranges || !digests || !variables) return undefined;
		const files = { inputs: this.#inputs.inputs(inputs), facts: this.#inputs.inputs(facts) };
		const grounds = { origins: { ...files, variables, digest }, passwords: this.#list(listNumber, ranges) };
		const isCurrent = (hashes: Hashes) => !this.#changed(hashes).some((number) => isIn(ranges, number));
		return { digests, grounds, isCurrent };
	}

	/** Puppet's facts change with every run of an agent; those that are asked for hardly ever do. */
	async #hasSameFacts([host, , , , facts, variablesNumber, digest]: HostRow): Promise<boolean> {
		if (await this.#inputs.isSame(facts)) return true;
		return (await this.#digestVariables(host, this.#variables[variablesNumber] ?? [])) === digest;
	}

	#list(number: number, ranges: Ranges): SharedList<StoredPassword> {
		const known = this.#known.get(number);
		if (known) return known;
		const passwords = new SharedList(this.#passwords, ranges);
		this.#known.set(number, passwords);
		return passwords;
	}

	#changedIn(hashes: Hashes): number[] {
		return this.#passwords.flatMap((password, number) => {
			const isSame = hashes.of(password) && hashes.digest([password]) === this.#rows[number]?.[2];
			return isSame ? [] : [number];
		});
	}
}

/** Takes down what the sets of a run hang on, for the next one. */
export class RunRecorder {
	readonly #inputs: InputRecorder;
	readonly #hashes: Hashes;
	readonly #hosts: HostRow[] = [];
	readonly #lists: Ranges[] = [];
	readonly #sets: FileDigests[] = [];
	readonly #variables: (readonly string[])[] = [];
	readonly #variablesByText = new Map<string, number>();
	readonly #numbers = new WeakMap<FileDigests, number>();
	readonly #passwords = new PasswordMap<number>();
	readonly #rows: PasswordRow[] = [];
	/** The numbers of a table's passwords, by their places; 0 is for one that has none yet, 1 for the first. */
	readonly #numbered = new Map<readonly StoredPassword[], number[]>();
	/** Lists by what they are made of, and by their numbers as a text. */
	readonly #known = new WeakMap<SharedList<StoredPassword>, number>();
	readonly #same = new Map<string, number>();

	/**
	 * @param files - which the data came out of
	 * @param hashes - which are in the sets
	 */
	constructor(files: DataFiles, hashes: Hashes) {
		this.#inputs = new InputRecorder(files);
		this.#hashes = hashes;
	}

	async add(host: string, digests: FileDigests, { origins, passwords }: Grounds): Promise<void> {
		const { inputs, facts, variables, digest } = origins;
		const files = { data: await this.#inputs.add(inputs), facts: await this.#inputs.add(facts) };
		const numbers = [this.#list(passwords), this.#set(digests)] as const;
		this.#hosts.push([host, files.data, ...numbers, files.facts, this.#variablesNumber(variables), digest]);
	}

	/** The content of the file. */
	file({ circumstances, key, stamp }: Pick<Run, "circumstances" | "key"> & { readonly stamp: number }): string {
		const rows: Rows = {
			stamp,
			inputs: this.#inputs.table,
			passwords: this.#rows,
			lists: this.#lists,
			sets: this.#sets,
			variables: this.#variables,
			hosts: this.#hosts,
		};
		const text = JSON.stringify(rows);
		return `${key.authenticate(`${circumstances}\n${text}`)}\n${text}`;
	}

	#set(digests: FileDigests): number {
		const number = this.#numbers.get(digests) ?? this.#sets.push(digests) - 1;
		this.#numbers.set(digests, number);
		return number;
	}

	#variablesNumber(variables: readonly string[]): number {
		const text = JSON.stringify(variables);
		const number = this.#variablesByText.get(text) ?? this.#variables.push(variables) - 1;
		this.#variablesByText.set(text, number);
		return number;
	}

	#list(passwords: SharedList<StoredPassword>): number {
		const known = this.#known.get(passwords);
		if (known !== undefined) return known;
		const ranges = toRanges(this.#numbersOf(passwords));
		const text = ranges.join();
		const number = this.#same.get(text) ?? this.#lists.push(ranges) - 1;
		this.#same.set(text, number);
		this.#known.set(passwords, number);
		return number;
	}

	/** Found by their places, since hosts have a thousand passwords each, and most of them in common. */
	#numbersOf({ table, places }: SharedList<StoredPassword>): number[] {
		const numbered = this.#numbered.get(table) ?? new Array<number>(table.length).fill(0);
		this.#numbered.set(table, numbered);
		return places.map((place) => {
			const password = table[place];
			const number = numbered[place] || (password ? this.#numberOf(password) + 1 : 0);
			numbered[place] = number;
			return number - 1;
		});
	}

	#numberOf(password: StoredPassword): number {
		const known = this.#passwords.get(password);
		if (known !== undefined) return known;
		const number = this.#rows.push([password.key, password.format, this.#hashes.digest([password])]) - 1;
		this.#passwords.set(password, number);
		return number;
	}
}

type HostRow = readonly [
	host: string,
	inputs: readonly number[],
	list: number,
	set: number,
	facts: readonly number[],
	variables: number,
	digest: string,
];
type PasswordRow = readonly [key: string, format: StoredPassword["format"], digest: string];

/** What is in the file. */
interface Rows {
	readonly stamp: number;
	readonly inputs: InputTable;
	readonly passwords: readonly PasswordRow[];
	readonly lists: readonly Ranges[];
	readonly sets: readonly FileDigests[];
	/** The names that hosts have asked for; most have asked for the same. */
	readonly variables: readonly (readonly string[])[];
	readonly hosts: readonly HostRow[];
}
