import { statSync } from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";
import { type Format, FormatError } from "./format.js";

/** What a site's module exports: as a CommonJS module's `module.exports`, or an ES module's default. */
export interface SiteModule {
	/** The options by name with their defaults; a call may give others of the same type. */
	readonly options?: { readonly [name: string]: string | number | boolean };
	/**
	 * The stored value for a plaintext. Whatever it throws is told, with its message unless that quotes the plaintext,
	 * and nothing is stored.
	 */
	derive(plain: string, options: { readonly [name: string]: unknown }): string | Promise<string>;
	/** Whether a plaintext belongs to a stored value; `trocla verify` needs it. */
	verify?(plain: string, value: string, options: { readonly [name: string]: unknown }): boolean | Promise<boolean>;
}

/**
 * A format of a site's own, from its module.
 *
 * @param path - absolute; the file must not be one that others own or can write, since its code is run
 * @throws {FormatError} where there is no such module, or it is no format
 */
export async function loadSiteFormat(path: string): Promise<Format> {
	checkFile(path);
	const site = checkModule(await load(path), path);
	const options = Object.entries(site.options ?? {}).map(([name, value]) => [name, like(value)]);
	return {
		options: v.strictObject(Object.fromEntries(options)),
		derive: (plain, own) => told([plain], async () => checkValue(await site.derive(plain, own))),
		...(site.verify && {
			verify: (plain, value, own) =>
				told([plain, value], async () => (await site.verify?.(plain, value, own)) === true),
		}),
	};
}

function checkFile(path: string): void {
	const stats = statSync(path, { throwIfNoEntry: false });
	if (!stats?.isFile()) throw new FormatError(`has no module ${path}`, "Mend the path, or leave the format out");
	if (stats.mode & 0o022)
		throw new FormatError(`has a module that others can write: ${path}`, `Run: chmod go-w ${path}`);
	const { mode } = statSync(dirname(path));
	if (mode & 0o022 && !(mode & 0o1000))
		throw new FormatError(`has a module that others can replace: ${path}`, `Run: chmod go-w ${dirname(path)}`);
	if (stats.uid !== 0 && stats.uid !== process.getuid?.())
		throw new FormatError(`has a module that belongs to another user: ${path}`, "It must be yours, or root's");
}

async function load(path: string): Promise<unknown> {
	try {
		const module: { default?: unknown } = await import(/* @vite-ignore */ path);
		return module.default ?? module;
	} catch (error) {
		throw new FormatError(`has a module that can't be loaded, ${path}: ${messageOf(error)}`, "Try it with: node FILE");
	}
}

function checkModule(module: unknown, path: string): SiteModule {
	const { options = {}, derive, verify } = Object(module) as { [name: string]: unknown };
	const fail = (what: string) =>
		new FormatError(`has a module, ${path}, ${what}`, "See docs/formats.md for an example");
	if (typeof derive !== "function") throw fail("without a function derive(plain, options)");
	if (verify !== undefined && typeof verify !== "function") throw fail("whose verify is not a function");
	if (typeof options !== "object" || options === null) throw fail("whose options are not a map of defaults");
	for (const [name, value] of Object.entries(options)) {
		if (!["string", "number", "boolean"].includes(typeof value)) {
			throw fail(`whose option ${name} has a default that is no text, number or boolean`);
		}
	}
	// All of it was checked above, but for what the functions take.
	return module as SiteModule;
}

const NUMBER_RULE = "must be a number";

/** An option of its default's type. */
function like(value: string | number | boolean) {
	if (typeof value === "number") return v.optional(v.pipe(v.number(NUMBER_RULE), v.finite(NUMBER_RULE)), value);
	if (typeof value === "boolean") return v.optional(v.boolean("must be true or false"), value);
	return v.optional(v.string("must be a text"), value);
}

function checkValue(value: unknown): string {
	if (typeof value === "string" && value !== "" && value.isWellFormed()) return value;
	throw new Error("derive gave no text");
}

/** What a module throws may quote what it was given, and errors end up in logs. */
async function told<Result>(secrets: readonly string[], action: () => Promise<Result>): Promise<Result> {
	try {
		return await action();
	} catch (error) {
		const message = messageOf(error);
		const isQuoted = secrets.some((secret) => message.includes(secret));
		throw new FormatError(
			`failed in the site's module: ${isQuoted ? "its message is left out, since it quotes a secret" : message}`,
		);
	}
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
