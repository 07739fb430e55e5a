import { DataError, type Place } from "./data-error.js";
import { isArray, isHash, kindOf, type Value } from "./value.js";

/** What a look-up gives that finds nothing; nil is a value like others. */
export const NOT_FOUND = Symbol("not found");
export type Outcome = Value | typeof NOT_FOUND;

/** A part of a dotted key: a bare number is an index, or an integer as a hash's key. */
export type Segment = string | bigint;

/** A dotted key: what is looked up in the files, and where in the value that is found there. */
export interface DottedKey {
	/** As it was written. */
	readonly text: string;
	readonly root: string;
	readonly path: readonly Segment[];
}

/**
 * Splits `root.sub."quoted.sub".0` at its dots. Quoted parts may have dots and digits in them; blanks around a part
 * don't count. A text without dots and quotes is a root key as it is.
 *
 * @param place - for the error, where the key stands in a text
 * @throws {DataError} where a quote is open, a part is empty, or the first part is a bare number
 */
export function parseKey(text: string, place?: Place): DottedKey {
	const [root, ...path] = segmentsOf(text) ?? [];
	if (typeof root === "string") return { text, root, path };
	const hint = "Parts stand between dots; one that has dots itself is quoted";
	// What stands in a text may be a part of a password.
	if (place) throw new DataError(place, "what stands between %{ and } is no key", hint);
	throw new DataError({ key: text }, "it is no key", hint);
}

/** The dotted key that these parts make, none of which is an index: `root.sub."quoted.sub"`. */
export function dottedKey(parts: readonly string[]): string {
	const [only, ...more] = parts;
	if (only !== undefined && more.length === 0 && !/['".]/.test(only)) return only;
	return parts.map((part) => (/^[^'".\s\0+:\d-][^'".\s\0]*$/.test(part) ? part : quotedPart(part))).join(".");
}

const quotedPart = (part: string) => (part.includes('"') ? `'${part}'` : `"${part}"`);

function segmentsOf(text: string): Segment[] | undefined {
	if (!/['".]/.test(text)) return [text];
	// What nearly all dotted keys are.
	if (/^\w+(?:\.[A-Za-z_]\w*)+$/.test(text) && !/^\d+\./.test(text)) return text.split(".");
	const pieces = text.split(/(\s*"[^"]+"\s*|\s*'[^']+'\s*|[^'".]+)/);
	if (pieces.at(-1) === "") pieces.pop();
	if (pieces.shift() !== "") return undefined;
	const parts = pieces.filter((piece) => piece !== ".");
	return parts.length > 0 && parts.length * 2 === pieces.length + 1 ? parts.map(segment) : undefined;
}

function segment(piece: string): Segment {
	const part = piece.replace(/^[\s\0]+|[\s\0]+$/g, "");
	if (/^["']/.test(part)) return part.slice(1, -1);
	// A colon before the digits is Puppet's own slip: it reads such a part as 0.
	if (/^:[+-]?\d+$/.test(part)) return 0n;
	return /^[+-]?\d+$/.test(part) ? BigInt(part.replace(/^\+/, "")) : part;
}

/**
 * What stands at a key's path in the value of its root.
 *
 * @throws {DataError} where a part of the path goes through what is neither hash nor array
 */
export function dig({ text, path }: DottedKey, value: Value, place: Place = { key: text }): Outcome {
	let found = value;
	for (const part of path) {
		if (found === null) return NOT_FOUND;
		const inside = isArray(found) && typeof part === "bigint" ? found[Number(part)] : member(found, part, place);
		if (inside === undefined) return NOT_FOUND;
		found = inside;
	}
	return found;
}

function member(value: Value, part: Segment, place: Place): Value | undefined {
	if (isHash(value)) return value.get(part);
	throw new DataError(
		place,
		`${JSON.stringify(String(part))} can't be taken out of ${kindOf(value)}`,
		"Only hashes have keys, and arrays numbers from 0",
	);
}
