import { isUtf8 } from "node:buffer";
import { TroclaError } from "../errors.js";
import type { Options } from "../records/record.js";
import { isMap } from "../value.js";

/** The longest line that is read, in bytes. */
export const MAX_LINE_BYTES = 64 * 1024;

/** What a line asks for. */
export interface BatchRequest {
	readonly key: string;
	readonly format: string;
	/** The options' JSON as it stands there. */
	readonly options: string | undefined;
}

const LINE =
	/^[ \t]*(?<key>"(?:[^"\\]|\\.)*"|[^" \t][^ \t]*)[ \t]+(?<format>[^ \t]+)(?:[ \t]+(?<options>.*?))?[ \t]*$/su;

/**
 * Reads a line `KEY FORMAT [OPTIONS]`, its parts separated by blanks or tabs; a KEY with a blank, or that begins with a
 * quotation mark, is a JSON string. Nothing for an empty line.
 *
 * @param bytes - the line without its newline; of one that is longer than `MAX_LINE_BYTES`, at least one byte more
 * @throws {TroclaError} `invalid`
 */
export function readBatchLine(bytes: Buffer): BatchRequest | undefined {
	if (bytes.length > MAX_LINE_BYTES) throw refusal(`is longer than ${MAX_LINE_BYTES} bytes`);
	const text = decode(bytes);
	if (/^[ \t]*$/.test(text)) return undefined;
	const { key = "", format = "", options } = LINE.exec(text)?.groups ?? {};
	if (key === "") throw refusal("has no KEY and FORMAT");
	return { key: key.startsWith('"') ? readJsonKey(key) : key, format, options: options || undefined };
}

/**
 * Reads the options of a line.
 *
 * @throws {TroclaError} `invalid`; it does not repeat what stands there, which may be a secret
 */
export function readBatchOptions(json: string | undefined): Options {
	if (json === undefined) return {};
	const options = parse(json);
	if (isMap(options)) return options;
	throw new TroclaError("invalid", "OPTIONS must be a JSON object", `For example: {"length": 32}`);
}

function decode(bytes: Buffer): string {
	if (!isUtf8(bytes)) throw refusal("is not UTF-8", "Convert it, for example with iconv");
	// Windows ends a line with CR LF, and its editors put a byte order mark before the first one.
	return bytes.toString().replace(/^\ufeff|\r$/g, "");
}

function readJsonKey(json: string): string {
	const key = parse(json);
	if (typeof key === "string") return key;
	throw refusal("has a KEY in quotation marks that is not a JSON string");
}

function parse(json: string): unknown {
	try {
		return JSON.parse(json);
	} catch {
		return undefined;
	}
}

const SHAPE = `It must be KEY FORMAT [OPTIONS], as in: alice plain {"length": 32}; a KEY with a blank is a JSON string: "my key"`;

function refusal(why: string, hint = SHAPE): TroclaError {
	return new TroclaError("invalid", `the line ${why}`, hint);
}
