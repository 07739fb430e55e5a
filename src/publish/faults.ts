import { describePath, type Fault } from "../accounts/faults.js";
import { TroclaError } from "../errors.js";
import { shown } from "./difference/shown.js";

/** A fault or a note in a site's data, and the hosts that see it. */
export interface SiteFault {
	/** The file that has it, and the line, from 1; `undefined` where that is not known. */
	readonly file: string | undefined;
	readonly line: number | undefined;
	/** The key, and the names below it; empty where it is the file as a whole. */
	readonly path: readonly string[];
	readonly message: string;
	readonly hint: string | undefined;
	/** In the order in which they were read. */
	readonly hosts: readonly string[];
}

/** Faults in the data: nothing was written. */
export class FaultyData extends TroclaError {
	override name = "FaultyData";
	readonly faults: readonly SiteFault[];

	constructor(faults: readonly SiteFault[]) {
		const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
		super("data", `the data has ${count}, so nothing was published`, "Mend what is listed, and run it again");
		this.faults = faults;
	}
}

/** The same without the hosts that see it. */
export type Located = Omit<SiteFault, "hosts">;

/** Faults, each once however many hosts see it, and the notes likewise. */
export class FaultList {
	readonly #found = new Map<string, Located & { readonly hosts: Set<string> }>();

	/** Takes down what a host sees. */
	add(host: string, faults: Iterable<Located>): void {
		for (const fault of faults) {
			const { file, line, path, message } = fault;
			const id = JSON.stringify([file, line, path, message]);
			const known = this.#found.get(id);
			if (known) known.hosts.add(host);
			else this.#found.set(id, { ...fault, hosts: new Set([host]) });
		}
	}

	/** By file and line; what has no file comes last. */
	all(): readonly SiteFault[] {
		const faults = [...this.#found.values()].map((fault) => ({ ...fault, hosts: [...fault.hosts] }));
		return faults.sort((a, b) => compareFiles(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0));
	}

	get isEmpty(): boolean {
		return this.#found.size === 0;
	}

	/** @throws {FaultyData} where there is any */
	refuse(): void {
		if (!this.isEmpty) throw new FaultyData(this.all());
	}
}

function compareFiles(a: string | undefined, b: string | undefined): number {
	if (a === b) return 0;
	if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
	return a < b ? -1 : 1;
}

/** What is wrong at a place that is known otherwise. */
export function locate(
	{ path, message, hint }: Fault,
	place: { file?: string | undefined; line?: number | undefined },
) {
	return { file: place.file, line: place.line, path, message, hint };
}

const MOST_HOSTS = 3;

/** A fault on one line, without its hint: `data/common.yaml:12: accounts::users.alice.uid is missing (on 3 hosts: ...)`. */
export function describeSiteFault({ file, line, path, message, hosts }: SiteFault): string {
	const where =
		file === undefined ? "" : `${/\p{C}/u.test(file) ? shown(file) : file}${line === undefined ? "" : `:${line}`}: `;
	const what = path.length === 0 ? message : `${describePath(path)} ${message}`;
	return `${where}${what}${describeHosts(hosts)}`;
}

function describeHosts(hosts: readonly string[]): string {
	const named = hosts.slice(0, MOST_HOSTS).map(shown).join(", ");
	const rest = hosts.length > MOST_HOSTS ? ` and ${hosts.length - MOST_HOSTS} more` : "";
	return ` (${named}${rest})`;
}
