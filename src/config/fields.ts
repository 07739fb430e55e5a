import type { TroclaError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import type { Options } from "../records/record.js";
import type { SecretSource } from "../secret.js";
import { isMap, quoteValue } from "../value.js";

/** Makes the error of a faulty configuration. */
export type Fail = (message: string, hint?: string) => TroclaError;

/** @param what - what it must be, where that is not a file's path */
export function filePath(name: string, path: unknown, fail: Fail, what = "a file's path"): void {
	if (typeof path !== "string" || path === "") throw fail(`${name} must be ${what}`);
	if (/^~(?!\/)[^/]*(\/|$)/.test(path)) {
		throw fail(
			`${name} ${quoteValue(path)}: only ~/ at its beginning is a home directory`,
			"Write the path out; a file whose name begins with ~ is ./~NAME",
		);
	}
}

export function map(value: unknown, fail: Fail): Options {
	if (isMap(value)) return value;
	throw fail(`must be a map of names to values, not ${quoteValue(value)}`);
}

export function onlyKnown(config: Options, known: readonly string[], fail: Fail): void {
	const unknown = Object.keys(config).find((name) => !known.includes(name));
	if (unknown !== undefined) throw fail(`unknown key ${JSON.stringify(unknown)}`, didYouMean(unknown, known));
}

export function oneOf(words: readonly string[], value: unknown, fail: Fail): void {
	if (words.some((word) => word === value)) return;
	throw fail(
		`${quoteValue(value)} is not known`,
		didYouMean(typeof value === "string" ? value : quoteValue(value), words),
	);
}

/** A map with these names only. */
export function known(value: unknown, names: readonly string[], fail: Fail): Options {
	const read = map(value, fail);
	onlyKnown(read, names, fail);
	return read;
}

export function match(name: string, value: unknown, shape: RegExp, fail: Fail): void {
	if (typeof value !== "string" || !shape.test(value)) throw fail(`${name} can't be ${quoteValue(value)}`);
}

export function wholeNumber(
	name: string,
	value: unknown,
	{ min, max }: { readonly min: number; readonly max: number },
	fail: Fail,
): void {
	if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return;
	throw fail(`${name} must be a whole number from ${min} to ${max}, not ${quoteValue(value)}`);
}

const SOURCES = ["file", "env", "credential"] as const;

/** The names under which something secret may be found: `password_file`, `password_env`, `password_credential`. */
export function secretNames(what: string): string[] {
	return SOURCES.map((kind) => `${what}_${kind}`);
}

/** Where something secret is; what stands there may be the secret itself, put into the wrong place: it is not shown. */
export function secretPlace(name: string, value: unknown, fail: Fail): void {
	if (name.endsWith("_file") && (typeof value !== "string" || value === "" || value.includes("\0"))) {
		throw fail(`${name} must be a file's path`);
	}
	if (name.endsWith("_env") && !/^[A-Za-z_]\w*$/.test(String(value))) throw fail(`${name} must be a variable's name`);
	if (name.endsWith("_credential") && !/^(?!\.)[\w.-]+$/.test(String(value))) {
		throw fail(`${name} must be a credential's name, as in LoadCredential=`);
	}
}

/** Where something secret is, of options that were checked; `undefined` where they don't say. */
export function secretOf(
	options: { readonly [name: string]: unknown },
	what: string,
	absolute: (path: string) => string,
): SecretSource | undefined {
	const [kind] = SOURCES.filter((source) => options[`${what}_${source}`] !== undefined);
	if (kind === undefined) return undefined;
	const value = String(options[`${what}_${kind}`]);
	return kind === "file" ? { kind, path: absolute(value) } : { kind, name: value };
}
