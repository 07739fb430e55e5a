import { derive, generateValue, type Making, newPlaintext } from "./derive.js";
import { TroclaError } from "./errors.js";
import { shellWord } from "./input.js";
import { generated, keepExpiry, withFormat } from "./records/changes.js";
import type { KeyRecord } from "./records/record.js";
import type { Decision } from "./records/store.js";
import { noPlaintext, quote } from "./refusals.js";
import { storedOtherwise } from "./stored-otherwise.js";

/**
 * Makes a format that is not stored, or that is to be made anew: by itself, or out of the stored plaintext or a new one.
 *
 * @param onHandedOut - what to do where there are hashes, but no plaintext any more
 * @throws {TroclaError} `no_plaintext`, `unhashable`
 */
export async function make(
	record: KeyRecord | undefined,
	making: Making,
	onHandedOut: "refuse" | "regenerate",
): Promise<Decision<string>> {
	const { formats, keys, name, resolved } = making;
	const expires = keepExpiry(record, resolved, keys.now());
	if (formats.generates(name)) {
		const made = await generateValue(making);
		return { result: made.value, write: withFormat(record, name, made, expires) };
	}
	const stored = record?.formats.plain;
	if (record && stored && name !== "plain") {
		const made = await derive(making, stored.value);
		return {
			result: made.value,
			write: withFormat(record, name, made, expires),
			warning: storedOtherwise(keys.own, name, record, { askedRecipe: resolved.askedRecipe }),
		};
	}
	const others = generated(record, formats);
	const hashes = Object.keys(record?.formats ?? {}).filter((format) => !Object.hasOwn(others, format));
	if (record && hashes.length > 0 && onHandedOut === "refuse") throw noPlaintext(keys.own, name, record, hashes);
	if (!resolved.random) {
		throw new TroclaError(
			"no_plaintext",
			`${quote(keys.own)} has no plaintext, and random: false allows no random one`,
			`Store one with: trocla set ${shellWord(keys.own)} plain`,
		);
	}
	const plain = await newPlaintext(resolved, keys.now());
	const made = name === "plain" ? plain : await derive(making, plain.value);
	return { result: made.value, write: { formats: { ...others, plain, [name]: made }, ...expires } };
}
