import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { shellQuote } from "../../../backends/shell-quote.js";
import { TroclaError } from "../../errors.js";

/** The files in a host's directory. */
export const HOST_FILES = ["Host", "TimeStamp", "HashDigest", "HashDigest.signed"] as const;

/**
 * Where things lie in a tree.
 *
 *     objects/<sha256>        each content once
 *     generations/<number>/   what a run published, a directory a host; each run's number is one more
 *     hosts                   a link to the newest generation, which is what is published
 *     publish.lock            who locks it publishes
 *     publisher.json          who that is, for those who can't
 *
 * A generation whose number is above the link's was never published; the one right below it is the previous one.
 */
export class Layout {
	readonly directory: string;
	readonly objects: string;
	readonly generations: string;
	readonly hosts: string;
	/** The link that will be renamed to `hosts`. */
	readonly newHosts: string;
	readonly lock: string;
	readonly publisher: string;

	/** @param directory - absolute */
	constructor(directory: string) {
		this.directory = directory;
		this.objects = join(directory, "objects");
		this.generations = join(directory, "generations");
		this.hosts = join(directory, "hosts");
		this.newHosts = join(directory, "hosts.new");
		this.lock = join(directory, "publish.lock");
		this.publisher = join(directory, "publisher.json");
	}

	object(digest: string): string {
		return join(this.objects, digest);
	}

	generation(number: number): string {
		return join(this.generations, String(number));
	}

	/** What `hosts` points to, relative to the tree so that it can be moved. */
	target(number: number): string {
		return `generations/${number}`;
	}

	/**
	 * The number of the generation that is published; `undefined` where none is.
	 *
	 * @throws {TroclaError} `damaged` where `hosts` is not a link to one
	 */
	published(): number | undefined {
		const target = this.#readLink();
		if (target === undefined) return undefined;
		const number = generationNumber(/^generations\/(.*)$/.exec(target)?.[1] ?? "");
		if (number === undefined || !isDirectory(this.generation(number))) {
			throw this.#broken(`leads to ${JSON.stringify(target)}, where no generation is`);
		}
		return number;
	}

	/** The numbers of the generations that are there, the lowest first, whole or not. A link to elsewhere is none. */
	numbers(): number[] {
		const entries = readdirSync(this.generations, { withFileTypes: true }).filter((entry) => entry.isDirectory());
		const numbers = entries.map(({ name }) => generationNumber(name));
		return numbers.filter((number) => number !== undefined).sort((a, b) => a - b);
	}

	#readLink(): string | undefined {
		try {
			return readlinkSync(this.hosts);
		} catch (error) {
			const { code, message } = error as NodeJS.ErrnoException;
			if (code === "ENOENT") return undefined;
			throw this.#broken(code === "EINVAL" ? "is no link to a generation" : `can't be read: ${message}`);
		}
	}

	#broken(what: string): TroclaError {
		const hint = `Restore it, or remove it and publish all hosts: rm -r ${shellQuote(this.hosts)}`;
		return new TroclaError("damaged", `${this.hosts} ${what}`, hint);
	}
}

/** The number that a name in `generations` is, if it is one. */
export function generationNumber(name: string): number | undefined {
	return /^[1-9]\d{0,14}$/.test(name) ? Number(name) : undefined;
}

function isDirectory(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
