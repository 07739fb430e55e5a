import { AccountsParser, GROUPS, USERS } from "../accounts/accounts.js";
import { parseKeys, ROOT_KEYS } from "../accounts/authorized-keys.js";
import type { Fault } from "../accounts/faults.js";
import type { Rules } from "../accounts/rules.js";
import { type ErrorCode, TroclaError } from "../errors.js";
import { DataError } from "../hiera/data-error.js";
import type { DataFiles } from "../hiera/data-files.js";
import { factsFiles, loadHost } from "../hiera/facts.js";
import type { Hiera } from "../hiera/hiera.js";
import type { Inputs } from "../hiera/inputs.js";
import { Scope } from "../hiera/scope.js";
import { digestVariables, usedVariables } from "../hiera/used-variables.js";
import { isHash, sharedPlainValues, type Value } from "../hiera/value.js";
import { FaultList, type Located, locate } from "./faults.js";
import { AccountsKeeper, type HostAccounts } from "./host-accounts.js";
import { checkHostName } from "./manifest.js";

export interface SiteSettings {
	readonly hiera: Hiera;
	/** Which the data are read through. */
	readonly files: DataFiles;
	/** The directory of hosts: a file of facts for each. */
	readonly directory: string;
	readonly environment: string;
	readonly rules: Rules;
}

/** A host that was read. */
export interface ReadHost {
	readonly set: HostAccounts;
	/** What the set came from; `undefined` where that can't be told, or there are notes, which each run is to say again. */
	readonly origins: Origins | undefined;
}

/** What a host's data come from. */
export interface Origins {
	/** The files of the data. */
	readonly inputs: Inputs;
	/** Those of the host's facts. */
	readonly facts: Inputs;
	/** What of the facts was asked for, and the digest of that: the rest of them may change. */
	readonly variables: readonly string[];
	readonly digest: string;
}

/** How the keys are merged unless `lookup_options` say it: root's as Hiera's `hiera_hash` does, accounts to any depth. */
const MERGES = { [USERS]: "deep", [GROUPS]: "deep", [ROOT_KEYS]: "hash" } as const;

/** What fails every other host too. */
const OF_THE_WHOLE: readonly ErrorCode[] = ["store", "damaged", "ring"];

/** Stands for what can't be looked up. */
const FAULTY = Symbol("faulty");

/** What a look-up gives. */
type Found = Value | undefined | typeof FAULTY;

/** What is said of accounts or keys that can't be looked up, beyond that. */
const UNCHECKED = { value: undefined, faults: [], notes: [] } as const;

interface Parsed {
	readonly value: HostAccounts | undefined;
	readonly faults: readonly Located[];
	readonly notes: readonly Located[];
}

/** The hosts of a site, with their accounts and root's keys as Hiera's data have them. */
export class Site {
	readonly faults = new FaultList();
	/** What is worth knowing, and stops nothing. */
	readonly notes = new FaultList();
	readonly #settings: SiteSettings;
	readonly #parser: AccountsParser;
	readonly #keeper = new AccountsKeeper();
	readonly #plain = sharedPlainValues();
	readonly #parsed = new Map<string, Parsed>();
	readonly #ids = new WeakMap<object, number>();
	#nextId = 0;

	constructor(settings: SiteSettings) {
		this.#settings = settings;
		this.#parser = new AccountsParser(settings.rules);
	}

	/**
	 * Reads a host's accounts; what is wrong with them goes to `faults`.
	 *
	 * @returns `undefined` where there are faults, `"nothing"` where no level has any of the keys
	 */
	async read(name: string): Promise<ReadHost | "nothing" | undefined> {
		try {
			checkHostName(name);
			return await this.#read(name);
		} catch (error) {
			this.faults.add(name, faultsIn(error));
			return undefined;
		}
	}

	async #read(name: string): Promise<ReadHost | "nothing" | undefined> {
		const { hiera, directory } = this.#settings;
		const scope = await this.#scope(name);
		if (!scope) throw new TroclaError("not_found", `the file of ${name} in ${directory} went away meanwhile`);
		const values: Found[] = [];
		for (const [key, unlessTold] of Object.entries(MERGES)) {
			const found = hiera.find([key], scope, { unlessTold }).then((found) => found?.value);
			values.push(await found.catch((error: unknown) => this.#refuse(name, error)));
		}
		if (values.every((value) => value === undefined || value === null)) return "nothing";
		const id = values.map((value) => this.#id(value)).join();
		const parsed = this.#parsed.get(id) ?? (await this.#parse(values, scope));
		this.#parsed.set(id, parsed);
		this.faults.add(name, parsed.faults);
		this.notes.add(name, parsed.notes);
		return (
			parsed.value && {
				set: parsed.value,
				origins: parsed.notes.length > 0 ? undefined : await this.#origins(name, scope),
			}
		);
	}

	/** Takes down why a key can't be looked up; with the others of the host something else may be wrong. */
	#refuse(name: string, error: unknown): typeof FAULTY {
		this.faults.add(name, faultsIn(error));
		return FAULTY;
	}

	/** What the variables of a host are now; `undefined` where its facts can't be read, or one of them can't be told. */
	async digestVariables(name: string, variables: readonly string[]): Promise<string | undefined> {
		try {
			const scope = await this.#scope(name);
			return scope && digestVariables(variables, scope);
		} catch (error) {
			if (error instanceof TroclaError) return undefined;
			throw error;
		}
	}

	async #scope(name: string): Promise<Scope | undefined> {
		const { files, directory, environment } = this.#settings;
		const host = await loadHost(directory, name, files.contents);
		return host && Scope.of({ ...host, environment });
	}

	/** What the data of a host come from, after its look-ups. */
	async #origins(name: string, scope: Scope): Promise<Origins | undefined> {
		const { hiera, files, directory } = this.#settings;
		const inputs = await hiera.inputs(scope);
		const variables = usedVariables(scope);
		const digest = digestVariables(variables, scope);
		if (!inputs || digest === undefined) return undefined;
		const facts: string[] = [];
		for (const path of factsFiles(directory, name)) {
			facts.push(path);
			if ((await files.contents.digest(path)) !== null) break;
		}
		return { inputs, facts, variables, digest };
	}

	async #parse([users, groups, keys]: readonly Found[], scope: Scope): Promise<Parsed> {
		const plain = (value: Value | undefined) => (value === undefined ? undefined : this.#plain(value));
		const accounts =
			users === FAULTY || groups === FAULTY ? UNCHECKED : this.#parser.parse(plain(users), plain(groups));
		const rootKeys = keys === FAULTY ? UNCHECKED : parseKeys(plain(keys));
		const located = async (found: readonly Fault[]) => {
			const result: Located[] = [];
			for (const fault of found) {
				const [root = ""] = fault.path;
				const unlessTold = MERGES[root as keyof typeof MERGES]; // faults are below one of them
				result.push(locate(fault, (await this.#settings.hiera.origin(fault.path, scope, { unlessTold })) ?? {}));
			}
			return result;
		};
		return {
			value: accounts.value && rootKeys.value && this.#keeper.keep(accounts.value, rootKeys.value),
			faults: await located([...accounts.faults, ...rootKeys.faults]),
			notes: await located([...accounts.notes, ...rootKeys.notes]),
		};
	}

	/**
	 * The same text for the same hash, and another one for every other. Anything else is a fault, which may stand in another
	 * file for each host.
	 */
	#id(value: Found): string {
		if (value === undefined || value === null || value === FAULTY) return String(value);
		const known = (isHash(value) ? this.#ids.get(value) : undefined) ?? ++this.#nextId;
		if (isHash(value)) this.#ids.set(value, known);
		return String(known);
	}
}

/** What fails a host, as faults of its data; what fails all is thrown. */
function faultsIn(error: unknown): readonly Located[] {
	if (!(error instanceof TroclaError) || OF_THE_WHOLE.includes(error.code)) throw error;
	const { message, hint } = error;
	if (!(error instanceof DataError)) return [{ file: undefined, line: undefined, path: [], message, hint }];
	return error.all.map(({ what, hint, place: { file, line } }) => ({ file, line, path: [], message: what, hint }));
}
