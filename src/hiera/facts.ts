import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { TroclaError } from "../errors.js";
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
 * @throws {TroclaError} `invalid` for a name that can't be a file's; `data` where the file is faulty
 */
export async function loadHost(directory: string, name: string): Promise<Host | undefined> {
	if (name === "" || name.startsWith(".") || /[/\0]/.test(name)) {
		throw new TroclaError("invalid", `${JSON.stringify(name)} can't be a host's name`, "As in: www1.example.com");
	}
	for (const ending of ENDINGS) {
		const facts = await readFacts(join(directory, `${name}${ending}`));
		if (!facts) continue;
		const trusted = facts.get("trusted");
		return isHash(trusted) ? { name, facts, trusted } : { name, facts };
	}
	return undefined;
}

/**
 * The facts in a file, JSON by its name and else YAML: a map of them, or what Puppet stores, with its tags.
 *
 * @returns `undefined` where there is no such file
 * @throws {DataError}
 */
export async function readFacts(file: string): Promise<Hash | undefined> {
	let text: string;
	try {
		text = await readFile(file, "utf8");
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR") return undefined;
		throw new DataError({ file }, `the facts can't be read: ${message}`);
	}
	const value = parse(text, file);
	if (!isHash(value)) throw new DataError({ file }, `facts are a map of names to values, not ${kindOf(value)}`);
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
