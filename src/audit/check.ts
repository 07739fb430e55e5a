import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Finding, fault, note, ok } from "../doctor/finding.js";
import { TroclaError } from "../errors.js";
import { Chain } from "./chain.js";
import { refuseUnsafe } from "./file.js";
import { type HeadState, headFile, readHead } from "./head.js";
import { parseLine } from "./line.js";
import { pieces } from "./lines.js";
import { lock } from "./lock.js";
import { lostLines } from "./place.js";

/** A file of an audit, open, so that a rotation meanwhile does not take it away. */
interface AuditFile {
	readonly path: string;
	readonly file: FileHandle;
	/** The number of its first line. */
	readonly first: number;
	readonly changed: number;
}

/** Faults that are told; who finds as many has to look at all of it. */
const MAX_FAULTS = 20;
const MEND = "Somebody changed it by hand, or its disk did: compare it with a copy on another host, or in a backup";

/**
 * Checks an audit: that it can be written, and the chain of its lines through the file and those beside it that it
 * was rotated into, in constant memory.
 *
 * @param seen - hears how many lines were looked at so far
 */
export async function* checkAudit(audit: string, seen: (lines: number) => void): AsyncGenerator<Finding> {
	const files: AuditFile[] = [];
	try {
		const isThere = refuseUnsafe(audit) !== undefined;
		// First the head: whatever it knows of then is in the files.
		const head = await readHead(audit);
		if (!isThere && !head?.last) return yield ok("audit", `${audit} is not there yet; the first change makes it`);
		await tryLock(audit);
		for await (const found of openFiles(audit)) {
			if ("first" in found) files.push(found);
			else yield found;
		}
		// A file that repeats all of the one before has the same first line.
		const age = ({ path, changed }: AuditFile) => (path === audit ? Number.POSITIVE_INFINITY : changed);
		files.sort((a, b) => a.first - b.first || (age(a) < age(b) ? -1 : 1));
		yield* checkChain(audit, files, head, seen);
	} catch (error) {
		yield fault("audit", unreadable(error, audit));
	} finally {
		for (const { file } of files) await file.close();
	}
}

async function* checkChain(
	audit: string,
	files: readonly AuditFile[],
	head: HeadState | undefined,
	seen: (lines: number) => void,
): AsyncGenerator<Finding> {
	const chain = new Chain(head?.last);
	let faults = 0;
	const finding = (message: string): Finding => ({ check: "audit", state: "fault", message, mend: MEND });
	for await (const message of follow(chain, files, seen)) if (++faults <= MAX_FAULTS) yield finding(message);
	if (faults > MAX_FAULTS) yield finding(`there are ${faults - MAX_FAULTS} more such lines`);
	if (head && chain.missing > 0 && chain.missing <= (await lostIn(files, audit, head))) {
		const what = `a rotation took away ${chain.missing} lines while they were written`;
		yield note("audit", what, "The next change writes them again");
	} else {
		for (const message of chain.finish()) {
			faults++;
			yield finding(message);
		}
	}
	if (!head?.last) {
		yield note("audit", `${headFile(audit)} is not there`, "Whether lines are missing at the end can't be told");
	}
	if (faults === 0) yield ok("audit", describe(audit, chain, files.length));
}

async function* follow(chain: Chain, files: readonly AuditFile[], seen: (lines: number) => void) {
	for (const { path, file } of files) {
		chain.begin(path);
		try {
			for await (const found of await piecesOf(path, file)) {
				for (const piece of found) yield* chain.line(piece);
				seen(chain.lines);
			}
		} catch (error) {
			yield `${path} can't be read to its end: ${(error as Error).message}`;
		}
		yield* chain.end();
	}
}

/** How many lines at its end an audit's head can give back. */
async function lostIn(files: readonly AuditFile[], audit: string, head: HeadState): Promise<number> {
	const current = await stat(audit, { bigint: true }).catch(() => undefined);
	// One that has lines of its own was not truncated just now.
	if (!current || files.some(({ path }) => path === audit)) return 0;
	return lostLines(head, { inode: String(current.ino), changed: Number(current.mtimeMs) }).length;
}

function describe(audit: string, { lines, before, last }: Chain, files: number): string {
	const many = files > 1 ? ` in ${files} files` : "";
	const gone = before > 0 ? `; the chain begins with line ${before + 1}, older ones are not beside it` : "";
	return `${audit}: ${lines} lines${many}, none changed or missing${gone}${last ? `; the last is ${last.n}, ${last.hash}` : ""}`;
}

/** What the file system refuses is a finding too. */
function unreadable(error: unknown, audit: string): unknown {
	if (!(error instanceof Error) || !("code" in error) || error instanceof TroclaError) return error;
	return new TroclaError(
		"store",
		`${audit} can't be checked: ${error.message}`,
		"Run it as the user who owns the audit",
	);
}

/** Appending needs a lock, and not every file system has them. */
async function tryLock(audit: string): Promise<void> {
	await using directory = await open(dirname(audit), "r");
	await lock(directory, dirname(audit));
}

/** The audit and what it was rotated into, with a finding for each that can't be read. */
async function* openFiles(audit: string): AsyncGenerator<AuditFile | Finding> {
	const directory = dirname(audit);
	const names = await readdir(directory);
	const rotated = names.filter((name) => isRotated(name, basename(audit)) && !names.includes(headName(name)));
	for (const name of [basename(audit), ...rotated]) {
		const path = join(directory, name);
		// One that is being compressed just now is there twice.
		if (name.endsWith(".gz") && names.includes(name.slice(0, -".gz".length))) continue;
		if (/\.(xz|bz2|zst)$/.test(name)) {
			yield note(
				"audit",
				`${path} can't be unpacked here, so its lines count as missing`,
				"Unpack it, or compress with gzip",
			);
			continue;
		}
		const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
			if (error.code === "ENOENT") return undefined;
			throw error;
		});
		if (!file) continue;
		const first = await firstNumber(path, file);
		if (first === undefined) await file.close();
		else yield { path, file, first, changed: (await file.stat()).mtimeMs };
	}
}

/** The names that logrotate gives: `.1`, `-20261122` and the like, also before the name's extension. */
function isRotated(name: string, audit: string): boolean {
	const dot = audit.lastIndexOf(".");
	const [stem, extension] = dot > 0 ? [audit.slice(0, dot), audit.slice(dot)] : [audit, ""];
	const number = /^[.-]\d[\d.-]*/;
	const packed = name.replace(/\.(gz|xz|bz2|zst)$/, "").replace(/\.backup$/, "");
	const behind = packed.startsWith(audit) ? packed.slice(audit.length) : "";
	const between =
		packed.startsWith(stem) && packed.endsWith(extension)
			? packed.slice(stem.length, -extension.length || undefined)
			: "";
	return [behind, between].some((part) => number.exec(part)?.[0] === part);
}

/** A file with a head is another audit. */
const headName = (name: string) => basename(headFile(name));

/** The number of a file's first line; of one that begins with something else 0, and `undefined` of an empty one. */
async function firstNumber(path: string, file: FileHandle): Promise<number | undefined> {
	try {
		for await (const found of await piecesOf(path, file)) {
			const line = found.map(({ bytes }) => parseLine(bytes)).find((parsed) => parsed !== undefined);
			return line?.n ?? 0;
		}
		return undefined;
	} catch {
		return 0;
	}
}

async function piecesOf(path: string, file: FileHandle) {
	if (!path.endsWith(".gz")) return pieces(file, 0);
	const { createGunzip } = await import("node:zlib");
	return pieces(file, 0, createGunzip());
}
