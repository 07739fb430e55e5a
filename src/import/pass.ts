import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, relative, sep } from "node:path";
import type { Foreign, Reader } from "./foreign.js";
import { sourceError, unreadable } from "./source-error.js";
import { decodeUtf8 } from "./utf8.js";

const SUFFIX = ".gpg";
const PAGE_ENTRIES = 4 * availableParallelism();
/** More than any entry with its notes has. */
const MAX_ENTRY_BYTES = 4 * 1024 * 1024;

/**
 * A tree of pass(1), the password store: each file that GnuPG can open is a key, its path without `.gpg`, and the first
 * line in it the plaintext. What stands below that line is pass's notes, and stays there.
 *
 * Hidden files and directories are not pass's entries. A link is followed to a file of the same tree only.
 *
 * @param root - the store's directory
 * @throws {TroclaError} `source`
 */
export async function* readPass(root: string): Reader {
	const hint = "Name the password store's directory with --file";
	const top = await realpath(root).catch((error: unknown) => {
		throw unreadable(root, error, hint);
	});
	await checkGpg();
	// GnuPG's agent opens several at a time.
	let page: string[] = [];
	let count = 0;
	const readPage = () => Promise.all(page.map((path) => readEntry(path, top)));
	for await (const path of entriesOf(top)) {
		count++;
		if (page.push(path) < PAGE_ENTRIES) continue;
		yield* await readPage();
		page = [];
	}
	yield* await readPage();
	if (count === 0) throw sourceError(`${root} has no ${SUFFIX} files`, hint);
}

/** The paths of all entries, links among them, in the order of their names. */
async function* entriesOf(directory: string): AsyncGenerator<string> {
	const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
		throw unreadable(directory, error);
	});
	for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
		if (entry.name.startsWith(".")) continue;
		const path = join(directory, entry.name);
		if (entry.isDirectory()) yield* entriesOf(path);
		else if (entry.name.endsWith(SUFFIX) || entry.isSymbolicLink()) yield path;
	}
}

async function readEntry(path: string, top: string): Promise<Foreign> {
	const key = relative(top, path).slice(0, path.endsWith(SUFFIX) ? -SUFFIX.length : undefined);
	const fault = (why: string, hint = `See: gpg --decrypt ${JSON.stringify(path)}`) => ({ key, fault: why, hint });
	try {
		const target = await realpath(path);
		if (!target.startsWith(top + sep)) return fault("is a link out of the tree", "Import that other tree by itself");
		if (!(await stat(target)).isFile()) return fault("is a link to a directory", "Its entries come in where they are");
		const opened = await gpg(["--decrypt"], await readFile(target));
		if (typeof opened === "string") return fault(`can't be decrypted: ${opened}`);
		const end = opened.indexOf("\n");
		const plain = decodeUtf8(end === -1 ? opened : opened.subarray(0, end));
		return plain === undefined ? fault("is not UTF-8") : { key, formats: { plain } };
	} catch (error) {
		return fault(`can't be read: ${(error as Error).message}`);
	}
}

/** What GnuPG writes, or what it says is wrong. */
async function gpg(args: readonly string[], input: Buffer | undefined): Promise<Buffer | string> {
	const child = spawn("gpg", ["--batch", "--quiet", ...args], { env: { ...process.env, LC_ALL: "C" } });
	// One that ends before it has read all says why by itself.
	child.stdin.on("error", () => {});
	child.stdin.end(input);
	const [output, told, [code]] = await Promise.all([
		collect(child.stdout),
		collect(child.stderr),
		once(child, "close"),
	]);
	if (output === undefined) return "it is too long";
	if (code === 0) return output;
	const [reason = "gpg failed"] = told?.toString().trim().split("\n").slice(-1) ?? [];
	return reason.replace(/^gpg: /, "");
}

/** All that a program writes; `undefined` where that is too much. */
async function collect(stream: NodeJS.ReadableStream): Promise<Buffer | undefined> {
	const chunks: Buffer[] = [];
	let length = 0;
	stream.on("data", (chunk: Buffer) => {
		length += chunk.length;
		if (length <= MAX_ENTRY_BYTES) chunks.push(chunk);
	});
	await once(stream, "end");
	return length <= MAX_ENTRY_BYTES ? Buffer.concat(chunks) : undefined;
}

async function checkGpg(): Promise<void> {
	const outcome = await gpg(["--version"], undefined).catch((error: NodeJS.ErrnoException) => error);
	if (Buffer.isBuffer(outcome)) return;
	throw sourceError("gpg does not run here, and pass's files are GnuPG's", "Install GnuPG: apt-get install gpg");
}
