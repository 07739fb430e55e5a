import { onceEach } from "../accounts/once-each.js";
import type { StoredPassword } from "../accounts/password.js";
import type { DataFiles } from "../hiera/data-files.js";
import { InputRecorder, type Inputs, type InputTable, RecordedInputs } from "../hiera/inputs.js";
import type { Hashes } from "./hashes.js";
import type { FileDigests } from "./manifest.js";
import { PasswordMap } from "./password-map.js";
import { isIn, type Ranges, toRanges } from "./ranges.js";
import { SharedList } from "./shared-list.js";
import type { SigningKey } from "./signing-key.js";

/** The name of the file beside the sets in which a run says for the next one what they hang on. */
export const LAST_RUN = "last-run.json";

/** What a host's set hung on, besides what is the same for all hosts. */
export interface Grounds {
	/** The files that its data came from; its facts among them. */
	readonly inputs: Inputs;
	/** The passwords of its users; hosts with the same list share one. */
	readonly passwords: SharedList<StoredPassword>;
}

/** A run that reads or writes the file. */
export interface Run {
	/** What is the same for all hosts, and must be as it was: one line. */
	readonly circumstances: string;
	readonly key: SigningKey;
	readonly files: DataFiles;
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
	readonly #rows: readonly PasswordRow[];
	readonly #passwords: readonly StoredPassword[];
	/** The numbers of the passwords whose hash is not there, or not as it was, ascending. */
	readonly #changed = onceEach((hashes: Hashes) => this.#changedIn(hashes));
	readonly #known = new Map<number, SharedList<StoredPassword>>();

	private constructor(rows: Rows, files: DataFiles) {
		this.stamp = rows.stamp;
		this.#hosts = new Map(rows.hosts.map((row) => [row[0], row]));
		this.#inputs = new RecordedInputs(rows.inputs, files);
		this.#lists = rows.lists;
		this.#sets = rows.sets;
		this.#rows = rows.passwords;
		this.#passwords = rows.passwords.map(([key, format]) => ({ key, format }));
	}

	/**
	 * What was written under the same circumstances, and with the same key, since that will sign what is recalled.
	 *
	 * @param file - its content; `undefined` where there is none
	 */
	static read(file: string | undefined, { circumstances, key, files }: Run): LastRun | undefined {
		const [mac = "", text = ""] = file?.split("\n") ?? [];
		if (mac !== key.authenticate(`${circumstances}\n${text}`)) return undefined;
		const rows = JSON.parse(text) as Rows; // its own run wrote it
		return new LastRun(rows, files);
	}

	/** What the set of a host hung on, where its inputs are as they were. Whether its hashes are, the caller finds out. */
	async recall(host: string): Promise<Recalled | undefined> {
		const [, inputs, listNumber = -1, setNumber = -1] = this.#hosts.get(host) ?? [];
		const ranges = this.#lists[listNumber];
		const digests = this.#sets[setNumber];
		if (!inputs || !ranges || !digests || !(await this.#inputs.isSame(inputs))) return undefined;
		const grounds = { inputs: this.#inputs.inputs(inputs), passwords: this.#list(listNumber, ranges) };
		const isCurrent = (hashes: Hashes) => !this.#changed(hashes).some((number) => isIn(ranges, number));
		return { digests, grounds, isCurrent };
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

	async add(host: string, digests: FileDigests, { inputs, passwords }: Grounds): Promise<void> {
		this.#hosts.push([host, await this.#inputs.add(inputs), this.#list(passwords), this.#set(digests)]);
	}

	/** The content of the file. */
	file({ circumstances, key, stamp }: Omit<Run, "files"> & { readonly stamp: number }): string {
		const rows: Rows = {
			stamp,
			inputs: this.#inputs.table,
			passwords: this.#rows,
			lists: this.#lists,
			sets: this.#sets,
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

type HostRow = readonly [host: string, inputs: readonly number[], list: number, set: number];
type PasswordRow = readonly [key: string, format: StoredPassword["format"], digest: string];

/** What is in the file. */
interface Rows {
	readonly stamp: number;
	readonly inputs: InputTable;
	readonly passwords: readonly PasswordRow[];
	readonly lists: readonly Ranges[];
	readonly sets: readonly FileDigests[];
	readonly hosts: readonly HostRow[];
}
