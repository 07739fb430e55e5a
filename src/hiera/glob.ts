import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Where a run looked: what is there says what it found. */
export interface Looked {
	/** The files that were asked for, whether they are there or not. */
	readonly files: Set<string>;
	/** The directories that were listed, likewise. */
	readonly directories: Set<string>;
}

export const lookedNowhere = (): Looked => ({ files: new Set(), directories: new Set() });

/**
 * The files that match a glob as Ruby's `Dir.glob` matches: `*`, `?`, `[a-z]`, `{a,b}`, `**` for any number of
 * directories, `\` before a character that is meant. No hidden files unless the pattern has the dot, and no directories.
 * Each directory's entries come in the order of their bytes, the alternatives of braces in theirs.
 *
 * @param pattern - absolute
 * @param looked - gets where it looked
 */
export async function expandGlob(pattern: string, looked = lookedNowhere()): Promise<string[]> {
	const found: string[] = [];
	for (const alternative of expandBraces(pattern)) {
		const parts = alternative.split("/").filter((part) => part !== "");
		await walk("/", parts, { found, looked });
	}
	const isFile = await Promise.all(found.map(async (path) => (await stat(path).catch(() => undefined))?.isDirectory()));
	return found.filter((_, index) => isFile[index] === false);
}

/** `a{b,c{d,e}}` as `ab`, `acd` and `ace`. */
function expandBraces(pattern: string): string[] {
	let depth = 0;
	let open = -1;
	let parts: string[] = [];
	let start = 0;
	for (let at = 0; at < pattern.length; at++) {
		const character = pattern[at];
		if (character === "\\") at++;
		else if (character === "{") {
			if (depth++ === 0) [open, start, parts] = [at, at + 1, []];
		} else if (depth === 1 && (character === "," || character === "}")) {
			parts.push(pattern.slice(start, at));
			start = at + 1;
			if (character === "}") {
				const [before, after] = [pattern.slice(0, open), pattern.slice(at + 1)];
				return parts.flatMap((part) => expandBraces(before + part + after));
			}
		} else if (character === "}" && depth > 0) depth--;
	}
	return [pattern];
}

/** What a walk gathers. */
interface Walk {
	readonly found: string[];
	readonly looked: Looked;
}

/** Finds what is under a directory, depth first; a path may be found in more than one way, and counts once. */
async function walk(directory: string, parts: readonly string[], into: Walk): Promise<void> {
	const [part, ...rest] = parts;
	if (part === undefined) return;
	if (part !== "**" && !/[*?[]/.test(part)) {
		const path = join(directory, part.replace(/\\(.)/g, "$1"));
		if (rest.length > 0) return await walk(path, rest, into);
		into.looked.files.add(path);
		if (await stat(path).catch(() => undefined)) into.found.push(path);
		return;
	}
	await walkEntries(directory, [parts], into);
}

/** All patterns at once, since what `**` and what follows it find comes in one order. */
async function walkEntries(directory: string, patterns: readonly (readonly string[])[], into: Walk): Promise<void> {
	into.looked.directories.add(directory);
	const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
	entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
	for (const entry of entries) {
		const path = join(directory, entry.name);
		const next = patterns.flatMap((parts) => advance(parts, entry));
		if (next.some((parts) => parts.length === 0)) into.found.push(path);
		const deeper = next.filter((parts) => parts.length > 0);
		if (deeper.length === 0) continue;
		const [only = []] = deeper;
		if (deeper.length === 1 && only[0] !== "**") await walk(path, only, into);
		else await walkEntries(path, deeper, into);
	}
}

/** What is left of a pattern to match below this entry; a pattern that is used up has found it. */
function advance(parts: readonly string[], entry: Dirent): (readonly string[])[] {
	const [part = "", ...rest] = parts;
	if (part !== "**" || rest.length === 0) return matches(part === "**" ? "*" : part, entry.name) ? [rest] : [];
	const enters = entry.isDirectory() && !entry.name.startsWith(".");
	return [...(enters ? [parts] : []), ...advance(rest, entry)];
}

function matches(pattern: string, name: string): boolean {
	if (name.startsWith(".") && !/^\\?\./.test(pattern)) return false;
	let source = "";
	for (const [token] of pattern.matchAll(/\\.|\[[!^]?(?:\\.|[^\]\\])+\]|[\s\S]/gu)) source += translate(token);
	try {
		return new RegExp(`^${source}$`, "us").test(name);
	} catch {
		return false;
	}
}

function translate(token: string): string {
	if (token === "*") return ".*";
	if (token === "?") return ".";
	if (token.length > 2 && token.startsWith("[")) {
		const negated = /^\[[!^]/.test(token);
		const members = token
			.slice(negated ? 2 : 1, -1)
			.replace(/\\?([\s\S])/g, (_, character: string) =>
				character === "-" ? "-" : character.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&"),
			);
		return `[${negated ? "^" : ""}${members}]`;
	}
	return token.replace(/^\\/, "").replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
}
