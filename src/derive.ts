import { FormatError, type Keys } from "../formats/format.js";
import type { FormatName, Formats } from "../formats/index.js";
import { TroclaError } from "./errors.js";
import { generate } from "./generate/generate.js";
import type { ResolvedOptions } from "./options/options.js";
import { checkOwnOptions } from "./options/rules.js";
import { type Options, SECRET, type StoredFormat } from "./records/record.js";
import { quote } from "./refusals.js";

/** A value that is to be made. */
export interface Making {
	readonly formats: Formats;
	/** What its format may know of the store. */
	readonly keys: Keys;
	readonly name: FormatName;
	readonly resolved: ResolvedOptions;
}

/** A new random plaintext, as it is stored. */
export async function newPlaintext({ recipe, askedRecipe }: ResolvedOptions, now: Date): Promise<StoredFormat> {
	return stored(await generate(recipe), { ...recipe }, Object.keys(askedRecipe), now);
}

/**
 * A format of a plaintext, as it is stored; what was made elsewhere owes nothing to options that nobody asked for.
 *
 * @throws {TroclaError} `unhashable` for a plaintext that it can't take
 */
export function derive(making: Making, plain: string): Promise<StoredFormat> {
	const { formats, name, resolved } = making;
	const depended = formats.generates(name) ? Object.keys(resolved.askedOwn) : undefined;
	return makeValue(making, (format, own) => format.derive(plain, own, making.keys), depended);
}

/**
 * A value of a format that comes from no plaintext, as it is stored.
 *
 * @throws {TroclaError} `unhashable` where it can't be made
 */
export function generateValue(making: Making): Promise<StoredFormat> {
	return makeValue(making, (format, own) => {
		if (!format.generate) throw new Error(`${making.name} generates nothing`);
		return format.generate(own, making.keys);
	});
}

/** What takes the place of a value that ends soon, as it is stored. */
export function renewValue(making: Making, value: string): Promise<StoredFormat> {
	return makeValue(making, (format, own) => {
		if (!format.lifetime) throw new Error(`${making.name} does not end`);
		return format.lifetime.renew(value, own, making.keys);
	});
}

/**
 * Whether a plaintext belongs to a stored format.
 *
 * @throws {TroclaError} `invalid` where the format can't tell, `unhashable` where this machine can't
 */
export async function matches(
	{ formats, key, name }: { formats: Formats; key: string; name: FormatName },
	plain: string,
	{ value, options = {} }: StoredFormat,
): Promise<boolean> {
	const format = await formats.load(name);
	if (!format.verify) throw new TroclaError("invalid", `${name} can't be verified against a password`);
	// The options of a site's format may have become others since.
	const { entries } = format.options;
	const known = Object.fromEntries(Object.entries(options).filter(([option]) => Object.hasOwn(entries, option)));
	try {
		return await format.verify(plain, value, checkOwnOptions(name, format, known));
	} catch (error) {
		throw explain(error, key, name);
	}
}

/** What a format throws, as an error of the store's that names the key. */
export function explain(error: unknown, key: string, format: string): unknown {
	if (!(error instanceof FormatError)) return error;
	return new TroclaError("unhashable", `${format} of ${quote(key)}: ${format} ${error.message}`, error.hint, error);
}

async function makeValue(
	{ formats, keys, name, resolved: { own, askedOwn } }: Making,
	make: (format: Awaited<ReturnType<Formats["load"]>>, own: Options) => Promise<string>,
	depended: readonly string[] = Object.keys(own),
): Promise<StoredFormat> {
	const format = await formats.load(name);
	const kept = Object.fromEntries(depended.map((option) => [option, own[option]]));
	for (const secret of format.secretOptions ?? []) if (own[secret] !== undefined) kept[secret] = SECRET;
	const asked = Object.keys(askedOwn).filter((option) => !format.onceOptions?.includes(option));
	try {
		return stored(await make(format, own), kept, asked, keys.now());
	} catch (error) {
		throw explain(error, keys.own, name);
	}
}

function stored(value: string, options: Options, asked: readonly string[], now: Date): StoredFormat {
	return {
		value,
		at: now.toISOString(),
		...(Object.keys(options).length > 0 && { options }),
		...(asked.length > 0 && { asked }),
	};
}
