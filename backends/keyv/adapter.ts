import { realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join } from "node:path";
import { BackendError } from "../backend.js";
import type { OptionValues } from "../options.js";
import { replaceableIn } from "../replaceable.js";
import { shellQuote } from "../shell-quote.js";

/** What Keyv asks of a store, as far as it is used here: an adapter, or a Map. */
export interface Adapter {
	get(key: string): unknown;
	set(key: string, value: unknown): unknown;
	delete(key: string): unknown;
	on?(event: "error", listener: (error: unknown) => void): unknown;
	iterator?(namespace: string): AsyncIterable<readonly [string, unknown]>;
	disconnect?(): unknown;
	close?(): unknown;
}

/**
 * Loads an adapter's module and makes an adapter.
 *
 * @param argument - what its constructor, or the function that it exports instead, is given
 * @throws {BackendError} where there is no such module, others can write it, or what it makes is no adapter
 */
export async function makeAdapter(module: OptionValues["package"], argument: unknown): Promise<Adapter> {
	const file = find(module);
	refuseWritable(file);
	const exported = exportOf(await load(file));
	const made = typeof exported === "function" ? make(exported, argument) : exported;
	if (isAdapter(made)) return made;
	throw new BackendError(
		"unavailable",
		`${file} is no adapter of Keyv's: it has no get, set and delete`,
		"Name the package of one in store_options.adapter, as in: @keyv/postgres",
	);
}

/**
 * Where require() finds it: beside the configuration, or with the program that runs. Not in the working directory, where
 * others may have put a module of this name.
 */
function find({ name, from }: OptionValues["package"]): string {
	const [, program = ""] = process.argv;
	for (const file of [join(from, "troclarc.yaml"), program && realpathSync(program)]) {
		if (file === "") continue;
		try {
			return createRequire(file).resolve(name);
		} catch (error) {
			const { code, message } = error as NodeJS.ErrnoException;
			if (code === "MODULE_NOT_FOUND") continue;
			throw new BackendError(
				"unavailable",
				`the adapter ${name} can't be loaded: ${message}`,
				"Try another version of it",
			);
		}
	}
	throw new BackendError(
		"unavailable",
		`there is no adapter ${name} in ${from}, nor where trocla is installed`,
		isAbsolute(name)
			? "Mend store_options.adapter"
			: `Run: npm install --prefix ${shellQuote(from)} ${shellQuote(name)}`,
	);
}

/** Its code is run, and sees all passwords. */
function refuseWritable(file: string): void {
	const directory = replaceableIn(file)?.directory;
	if (directory === undefined && !(statSync(file).mode & 0o022)) return;
	const path = directory ?? file;
	throw new BackendError("exposed", `others can write ${path}`, `Run: chmod go-w ${shellQuote(path)}`);
}

async function load(file: string): Promise<unknown> {
	try {
		return await import(/* @vite-ignore */ file);
	} catch (error) {
		throw new BackendError("unavailable", `the adapter ${file} can't be loaded: ${(error as Error).message}`);
	}
}

/** A CommonJS module that was an ES one has the default of its default. */
function exportOf(module: unknown): unknown {
	const { default: first = module } = module as { readonly default?: unknown };
	const { default: second = first } = Object(first) as { readonly default?: unknown };
	return second;
}

/** Classes have a prototype; arrow functions, which make one, have none. */
function make(exported: unknown, argument: unknown): unknown {
	const maker = exported as { new (argument: unknown): unknown; (argument: unknown): unknown };
	return maker.prototype ? new maker(argument) : maker(argument);
}

function isAdapter(made: unknown): made is Adapter {
	const { get, set, delete: remove } = Object(made) as { readonly [name: string]: unknown };
	return [get, set, remove].every((method) => typeof method === "function");
}
