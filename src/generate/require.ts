import { TroclaError } from "../errors.js";
import { type CharacterClass, characterClasses } from "./charsets.js";
import { at, type RandomInt, randomBelow, sample, shuffle } from "./random.js";

/** Tries before counting: nearly every recipe of practice succeeds within a few, and counting takes milliseconds. */
const TRIES = 200;
/** Characters; counting takes time and memory that grow with the square of the length. */
const MAX_COUNTED = 256;

interface Class {
	readonly characters: readonly string[];
	readonly least: number;
}

/**
 * Random characters of the alphabet with at least the required number of each class, uniform over all strings that
 * meet this: drawn freely until one does, or else, where hardly any would, by counting them.
 */
export function sampleRequired(
	alphabet: readonly string[],
	length: number,
	require: { readonly [Name in CharacterClass]?: number },
	randomInt: RandomInt,
): string[] {
	const classOfEach = new Map(alphabet.map((character) => [character, classOf(character)]));
	const classes = characterClasses.map((name) => ({
		name,
		characters: alphabet.filter((character) => classOfEach.get(character) === name),
		least: require[name] ?? 0,
	}));
	for (const { name, characters, least } of classes) {
		if (least > 0 && characters.length === 0) {
			throw new TroclaError(
				"invalid",
				`require asks for ${least} ${name}, and the charset has none`,
				`Choose a charset with ${name} characters`,
			);
		}
	}
	const sum = classes.reduce((total, { least }) => total + least, 0);
	if (sum > length) {
		throw new TroclaError(
			"invalid",
			`require asks for ${sum} characters, and length is ${length}`,
			"Raise length, or require fewer",
		);
	}
	for (let attempt = 0; attempt < TRIES; attempt++) {
		const drawn = sample(alphabet, length, randomInt);
		if (
			classes.every(
				({ name, least }) => drawn.filter((character) => classOfEach.get(character) === name).length >= least,
			)
		) {
			return drawn;
		}
	}
	if (length > MAX_COUNTED) {
		throw new TroclaError(
			"invalid",
			`hardly any password of ${length} characters meets what require asks for`,
			`Require fewer, or choose a length of at most ${MAX_COUNTED}`,
		);
	}
	return sampleByCounting(classes, length, randomInt);
}

function classOf(character: string): CharacterClass {
	if (/^[A-Z]$/.test(character)) return "upper";
	if (/^[a-z]$/.test(character)) return "lower";
	if (/^[0-9]$/.test(character)) return "digit";
	return "symbol";
}

/**
 * Draws how many characters each class gets, with the weight of the strings that have this many, and then puts
 * random characters of each class into random places.
 */
function sampleByCounting(classes: readonly Class[], length: number, randomInt: RandomInt): string[] {
	const choose = pascalTriangle(length);
	// ways[i][n]: the number of strings of n characters out of the classes from the i-th on that meet their minimums.
	const ways: bigint[][] = [Array.from({ length: length + 1 }, (_, n) => (n === 0 ? 1n : 0n))];
	const split = ({ characters }: Class, later: readonly bigint[], n: number, count: number) =>
		at(at(choose, n), count) * BigInt(characters.length) ** BigInt(count) * at(later, n - count);

	for (const group of classes.toReversed()) {
		const later = at(ways, 0);
		const sum = (n: number) => {
			let total = 0n;
			for (let count = group.least; count <= n; count++) total += split(group, later, n, count);
			return total;
		};
		ways.unshift(later.map((_, n) => sum(n)));
	}

	const drawn: string[] = [];
	for (const [index, group] of classes.entries()) {
		const left = length - drawn.length;
		let ticket = randomBelow(at(at(ways, index), left));
		let count = group.least;
		for (; count < left; count++) {
			const share = split(group, at(ways, index + 1), left, count);
			if (ticket < share) break;
			ticket -= share;
		}
		drawn.push(...sample(group.characters, count, randomInt));
	}
	return shuffle(drawn, randomInt);
}

/** `[n][k]`: in how many ways k of n things can be chosen, up to `size`. */
function pascalTriangle(size: number): bigint[][] {
	const rows: bigint[][] = [[1n]];
	for (let n = 1; n <= size; n++) {
		const above = at(rows, n - 1);
		rows.push(Array.from({ length: n + 1 }, (_, k) => (above[k - 1] ?? 0n) + (above[k] ?? 0n)));
	}
	return rows;
}
