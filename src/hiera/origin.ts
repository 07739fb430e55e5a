import type { Place } from "./data-error.js";
import type { DataFiles, Lined } from "./data-files.js";
import type { Source } from "./host-levels.js";
import { dottedKey } from "./key.js";
import { keyText } from "./key-lines.js";
import type { Strategy } from "./merge.js";
import { isHash, type Value } from "./value.js";

/**
 * Where a part of a merged value is written: in the file that gives the part, or else the most of what is around it.
 *
 * @param path - the root key, and the names of hashes' members inside of it
 * @param sources - where the root key is, the highest first
 */
export async function originOf(
	path: readonly string[],
	sources: readonly Source[],
	strategy: Strategy,
	files: DataFiles,
): Promise<Place | undefined> {
	const [root = "", ...names] = path;
	const source = giving(names, sources, strategy);
	if (!source) return undefined;
	const { entry, syntax } = source;
	const read = await files.readLines(entry.file, syntax);
	const followed = membersOf(entry.value, names).length;
	const key = dottedKey([root, ...names.slice(0, followed)]);
	const line = read && lineIn(read, [root, ...names]);
	return line === undefined
		? { file: entry.file, line: entry.line, key: dottedKey([root]) }
		: { file: entry.file, line, key };
}

/** The source that a part's value comes from. */
function giving(names: readonly string[], sources: readonly Source[], strategy: Strategy): Source | undefined {
	const [highest] = sources;
	if (strategy.id === "hash") {
		// The members come whole.
		return sources.find(({ entry }) => membersOf(entry.value, names.slice(0, 1)).length > 0) ?? highest;
	}
	if (!strategy.id.startsWith("deep")) return highest;
	const scores = sources.map(({ entry }) => score(membersOf(entry.value, names)));
	return sources[scores.indexOf(Math.max(...scores))];
}

/** How much of a path there is; nil at its end, which never wins a deep merge, counts less than a value. */
const score = (members: readonly Value[]) => members.length - (members.at(-1) === null ? 0.5 : 0);

/** What stands at the names of a path, as far as they lead through hashes. */
function membersOf(value: Value, names: readonly string[]): Value[] {
	const members: Value[] = [];
	let inside = value;
	for (const name of names) {
		const member = memberOf(inside, name);
		if (member === undefined) break;
		members.push(member);
		inside = member;
	}
	return members;
}

function lineIn({ value, lines }: Lined, path: readonly string[]): number | undefined {
	let line: number | undefined;
	let inside = value;
	for (const name of path) {
		const member = memberOf(inside, name);
		if (member === undefined || !isHash(inside)) break;
		line = lines.get(inside)?.get(name) ?? line;
		inside = member;
	}
	return line;
}

/** A hash's member; keys that are numbers go by their texts. */
function memberOf(value: Value, name: string): Value | undefined {
	if (!isHash(value)) return undefined;
	const member = value.get(name);
	if (member !== undefined) return member;
	const numbers = /^-?\d+$/.test(name) ? [BigInt(name), Number(name)] : [Number(name)];
	const key = numbers.find((number) => value.has(number) && keyText(number) === name);
	return key === undefined ? undefined : value.get(key);
}
