import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { replaceableIn } from "../../../backends/replaceable.js";
import { shellQuote } from "../../../backends/shell-quote.js";
import { TroclaError } from "../../errors.js";
import { generationNumber, type Layout } from "./layout.js";

/** What mkfs(8) puts into a file system of one's own. */
const NOT_COUNTED = ["lost+found"];

/**
 * Looks at the place where a tree is or is to become, without changing anything.
 *
 * @returns whether a directory is there
 * @throws {TroclaError} `config` where something else is there; `store` where others can read or write it, or it is another one's;
 *   `damaged` where it is a tree with something else in the place of its directories
 */
export function checkPlace(layout: Layout, use: "read" | "write"): boolean {
	const { directory } = layout;
	const open = replaceableIn(directory);
	if (open) {
		throw new TroclaError(
			"store",
			`${open.directory} can be written by others (mode ${open.mode}), who could put another tree there`,
			`Run: chmod go-w ${shellQuote(open.directory)}`,
		);
	}
	const stats = find(directory);
	if (!stats) return false;
	if (!stats.isDirectory()) {
		const what = stats.isSymbolicLink() ? "is a symbolic link" : "is not a directory";
		throw new TroclaError("config", `${directory} ${what}`, "Name the directory that the tree is, or is to become");
	}
	refuseOthers(stats, directory, use);
	// What is no tree must not be closed to others either.
	refuseForeign(layout);
	refuseExposed(stats, directory);
	return true;
}

/**
 * A user who owns a tree could lead another one's writes out of it by a link in its place, root's too, and could not
 * read what another one wrote. To read it, root may.
 */
function refuseOthers({ uid }: Stats, directory: string, use: "read" | "write"): void {
	const me = process.geteuid?.();
	if (uid === me || (use === "read" && me === 0)) return;
	throw new TroclaError(
		"store",
		`${directory} belongs to another user`,
		"Run it as that user; or give the tree to the one who publishes, with chown -R",
	);
}

function refuseExposed({ mode }: Stats, directory: string): void {
	if (!(mode & 0o077)) return;
	throw new TroclaError(
		"store",
		`${directory} can be read or written by others (mode ${(mode & 0o7777).toString(8).padStart(4, "0")})`,
		`Run: chmod 700 ${shellQuote(directory)}. Whoever read it has the hashes of all passwords in it`,
	);
}

/** Of what is not a tree, nothing must be removed. */
function refuseForeign(layout: Layout): void {
	const names = readdirSync(layout.directory).filter((name) => !NOT_COUNTED.includes(name));
	if (names.length === 0) return;
	// Either is enough: the lock may be all that a killed run made, and someone may have removed it.
	if (find(layout.lock)?.isFile() !== true && !isPublished(layout)) {
		throw new TroclaError(
			"config",
			`${layout.directory} is not empty, and is no tree that trocla published`,
			"Name a directory that is empty or not there yet; nothing in this one was changed",
		);
	}
	for (const path of [layout.objects, layout.generations]) {
		if (find(path)?.isDirectory() ?? true) continue;
		throw new TroclaError("damaged", `${path} is not a directory`, "Restore the tree, or name another directory");
	}
}

function isPublished({ hosts }: Layout): boolean {
	try {
		return generationNumber(readlinkSync(hosts).replace(/^generations\//, "")) !== undefined;
	} catch {
		return false;
	}
}

function find(path: string): Stats | undefined {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch (error) {
		const why = (error as NodeJS.ErrnoException).message; // of the file system
		throw new TroclaError("config", `${path} can't be looked at: ${why}`, "Name a directory that the tree can be");
	}
}
