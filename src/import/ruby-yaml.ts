import { readFile } from "node:fs/promises";
import type { Foreign, Reader } from "./foreign.js";
import type { RubyValue } from "./marshal.js";
import { keyOf, readEntry, strangeKey } from "./ruby-entry.js";
import type { Decrypt } from "./ruby-ssl.js";
import { sourceError, unreadable } from "./source-error.js";
import { decodeUtf8 } from "./utf8.js";

/** A key with its entry, or what could not be read in its place. */
type Entry = readonly [key: RubyValue, value: RubyValue] | Foreign;

/**
 * A Ruby trocla's YAML store: one map of keys to entries, as Ruby's YAML::Store writes it.
 *
 * Such a file always ends with a newline. One without was cut off, and then even what can be read of it may be wrong,
 * so nothing is imported. A file that is not YAML in some place is read entry by entry.
 *
 * @param decrypt - opens the values; `undefined` where they are not encrypted
 * @throws {TroclaError} `source`
 */
export async function* readRubyYaml(path: string, decrypt: Decrypt | undefined): Reader {
	const text = await readText(path);
	const { parseRubyYaml } = await import("./ruby-yaml-values.js");
	for (const entry of readWhole(text, path, parseRubyYaml) ?? readPieces(text, path, parseRubyYaml)) {
		if ("key" in entry) {
			yield entry;
			continue;
		}
		const [name, value] = entry;
		const key = keyOf(name);
		if (key === undefined) yield strangeKey(name);
		else yield* readEntry(key, value, decrypt);
	}
}

async function readText(path: string): Promise<string> {
	const bytes = await readFile(path).catch((error: unknown) => {
		throw unreadable(path, error);
	});
	if (bytes.length === 0) throw damaged(path, "is empty, which no store of the Ruby trocla ever is");
	if (bytes.at(-1) !== "\n".charCodeAt(0)) throw damaged(path, "is cut off: it does not end with a newline");
	const text = decodeUtf8(bytes);
	if (text === undefined) throw damaged(path, "is not UTF-8, so it is no YAML store");
	return text;
}

const damaged = (path: string, why: string) =>
	sourceError(`${path} ${why}`, "Nothing was imported. Restore it from a backup, or name another file with --file");

type Parse = (text: string) => RubyValue;

/** All entries; `undefined` where the text as a whole is not YAML. */
function readWhole(text: string, path: string, parse: Parse): Iterable<Entry> | undefined {
	let document: RubyValue;
	try {
		document = parse(text);
	} catch {
		return undefined;
	}
	if (document instanceof Map) return document;
	throw damaged(path, "is not a YAML store: it holds no map of keys");
}

/** The entries one by one, where one that is broken does not hide the others. */
function readPieces(text: string, path: string, parse: Parse): Entry[] {
	const seen = new Set<RubyValue>();
	const pieces = split(text).map(({ line, piece }): Entry => {
		const [first = ""] = piece.split("\n", 1);
		const key = /^([\w.@%+,/-]+):/.exec(first)?.[1] ?? `line ${line}`;
		const hint = `Look at line ${line} of ${path}`;
		try {
			const document = parse(piece);
			const [entry] = document instanceof Map ? document : [];
			if (!entry) return { key, fault: "is not a YAML map", hint };
			if (seen.has(entry[0])) return { key, fault: "is in the file twice; the first one came in", hint };
			seen.add(entry[0]);
			return entry;
		} catch (error) {
			return { key, fault: `is not YAML: ${(error as Error).message}`, hint };
		}
	});
	if (seen.size === 0) throw damaged(path, "is not a YAML store");
	return pieces;
}

/** Where Ruby begins an entry: with a key at the margin, where else only `- ` and `: ` stand, or with `? `. */
const BEGINNING = /^(\? |([^\s#:-]|[:-]\S).*:( |$))/;

function split(text: string): { line: number; piece: string }[] {
	const pieces: { line: number; lines: string[] }[] = [];
	for (const [index, line] of text.split("\n").entries()) {
		const isLost = pieces.length === 0 && /^[^#]/.test(line) && line !== "---";
		if (isLost || BEGINNING.test(line)) pieces.push({ line: index + 1, lines: [] });
		pieces.at(-1)?.lines.push(line);
	}
	return pieces.map(({ line, lines }) => ({ line, piece: `${lines.join("\n")}\n` }));
}
