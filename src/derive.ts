import { FormatError, type Keys } from "../formats/format.js";
import { type FormatName, loadFormat } from "../formats/index.js";
import { TroclaError } from "./errors.js";
import { generate } from "./generate.js";
import { checkOwnOptions, type ResolvedOptions } from "./options.js";
import type { StoredFormat } from "./record.js";

/** A new random plaintext, as it is stored. */
export async function newPlaintext({ recipe, askedRecipe }: ResolvedOptions, now: Date): Promise<StoredFormat> {
	return stored(await generate(recipe), { ...recipe }, Object.keys(askedRecipe), now);
}

/**
 * A format of a plaintext, as it is stored.
 *
 * @throws {TroclaError} `unhashable` for a plaintext that it can't take
 */
export async function derive(
	keys: Keys,
	name: FormatName,
	plain: string,
	resolved: ResolvedOptions,
): Promise<StoredFormat> {
	const format = await loadFormat(name);
	const now = keys.now();
	try {
		return stored(await format.derive(plain, resolved.own, keys), resolved.own, Object.keys(resolved.askedOwn), now);
	} catch (error) {
		throw explain(error, keys.own, name);
	}
}

/**
 * Whether a plaintext belongs to a stored format.
 *
 * @throws {TroclaError} `invalid` where the format can't tell, `unhashable` where this machine can't
 */
export async function matches(
	key: string,
	name: FormatName,
	plain: string,
	{ value, options = {} }: StoredFormat,
): Promise<boolean> {
	const format = await loadFormat(name);
	if (!format.verify) throw new TroclaError("invalid", `${name} can't be verified against a password`);
	try {
		return await format.verify(plain, value, checkOwnOptions(name, format.options, name === "plain" ? {} : options));
	} catch (error) {
		throw explain(error, key, name);
	}
}

function stored(value: string, options: StoredFormat["options"], asked: readonly string[], now: Date): StoredFormat {
	return {
		value,
		at: now.toISOString(),
		...(options && Object.keys(options).length > 0 && { options }),
		...(asked.length > 0 && { asked }),
	};
}

function explain(error: unknown, key: string, format: FormatName): unknown {
	if (!(error instanceof FormatError)) return error;
	return new TroclaError(
		"unhashable",
		`${format} of ${JSON.stringify(key)}: ${format} ${error.message}`,
		error.hint,
		error,
	);
}
