import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { TroclaError } from "../errors.js";
import { Contents } from "./contents.js";
import { DataError } from "./data-error.js";
import { JsonError, parseJson } from "./json.js";
import { parsePsych } from "./psych.js";
import { YamlError } from "./psych-syntax.js";
import type { Host } from "./scope.js";
import { type Hash, isHash, kindOf, type Value } from "./value.js";

const ENDINGS = [".yaml", ".yml", ".json"] as const;

/** What Puppet's own objects of facts have besides the facts. */
const FACTS_OBJECT = ["name", "values", "timestamp", "expiration"];

/**
 * The names of the hosts that have a file in a directory, in the order of their bytes: `NAME.yaml`, `.yml` or `.json`.
 *
 * @throws {TroclaError} `config` where the directory can't be read
 */
export async function listHosts(directory: string): Promise<string[]> {
	let files: string[];
	try {
		files = await readdir(directory);
	} catch (error) {
		const why = (error as Error).message; // of the file system
		throw new TroclaError("config", `the hosts in ${directory} can't be listed: ${why}`, "Name their directory");
	}
	const names = files.flatMap((file) => {
		const ending = ENDINGS.find((one) => file.endsWith(one));
		return ending === undefined || file.startsWith(".") ? [] : [file.slice(0, -ending.length)];
	});
	return [...new Set(names)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/**
 * A host with the facts of its file in a directory; `undefined` where it has none.
 *
 * @param contents - what was read already
 * @throws {TroclaError} `invalid` for a name that can't be a file's; `data` where the file is faulty
 */
export async function loadHost(directory: string, name: string, contents = new Contents()): Promise<Host | undefined> {
	for (const path of factsFiles(directory, name)) {
		const facts = await readFacts(path, contents);
		if (!facts) continue;
		const trusted = facts.get("trusted");
		return isHash(trusted) ? { name, facts, trusted } : { name, facts };
	}
	return undefined;
}

/**
 * Where the facts of a host may be: the first of these files that is there has them.
 *
 * @throws {TroclaError} `invalid` for a name that can't be a file's
 */
export function factsFiles(directory: string, name: string): readonly string[] {
	if (name === "" || name.startsWith(".") || /[/\0]/.test(name)) {
		throw new TroclaError("invalid", `${JSON.stringify(name)} can't be a host's name`, "As in: www1.example.com");
	}
	return ENDINGS.map((ending) => join(directory, `${name}${ending}`));
}

/**
 * The facts in a file, JSON by its name and else YAML: a map of them, or what Puppet stores, with its tags.
 *
 * @returns `undefined` where there is no such file
 * @throws {DataError}
 */
export async function readFacts(file: string, contents = new Contents()): Promise<Hash | undefined> {
	let bytes: Uint8Array | undefined;
	try {
		bytes = await contents.bytes(file);
	} catch (error) {
		throw new DataError({ file }, `the facts can't be read: ${(error as Error).message}`); // the file system's reason
	}
	if (!bytes) return undefined;
	const value = parse(new TextDecoder().decode(bytes), file);
	if (!isHash(value)) {
		const hint = value === null ? "For a host without any, write {} into it" : "As in: role: web";
		throw new DataError({ file }, `facts are a map of names to values, not ${kindOf(value)}`, hint);
	}
	const values = value.get("values");
	const isObject = isHash(values) && [...value.keys()].every((key) => FACTS_OBJECT.includes(String(key)));
	return isObject ? values : value;
}

function parse(text: string, file: string): Value {
	try {
		return file.endsWith(".json") ? parseJson(text).value : parsePsych(text, { objects: true }).value;
	} catch (error) {
		if (error instanceof YamlError || error instanceof JsonError) {
			throw new DataError({ file, line: error.line }, error.message);
		}
		throw error;
	}
}
