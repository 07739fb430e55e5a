import { didYouMean } from "../nearest.js";
import { quoteValue } from "../value.js";
import type { Place } from "./faults.js";
import { lineText } from "./fields.js";
import { FLAGS, ONCE, VALUES } from "./key-option-rules.js";

/** An option of a key in authorized_keys, sshd(8): its name as the manual writes it, and its value without quotes. */
export interface KeyOption {
	readonly name: string;
	/** `undefined` for a flag. */
	readonly value: string | undefined;
}

/** An option as it was found in a text. */
interface Found {
	readonly name: string;
	/** `undefined` where there is no `=`; null where what follows it is not quoted. */
	readonly value: string | null | undefined;
	/** Where in the text it ends. */
	readonly end: number;
}

const NAMES = [...FLAGS, ...Object.keys(VALUES)];

/**
 * Options as one text, as they stand in the file: `restrict,command="rrsync -ro /srv"`.
 *
 * @returns `undefined`, with faults, where one of them is none
 */
export function parseOptions(text: string, at: Place): readonly KeyOption[] | undefined {
	if (text === "") return [];
	const options: (KeyOption | undefined)[] = [];
	for (let start = 0; start <= text.length; ) {
		const found = scan(text, start);
		if (found.value === null || (found.end < text.length && text[found.end] !== ",")) {
			return at.fault(`has options with ${quoteValue(found.name)}, whose value is not quoted`, QUOTING);
		}
		options.push(checkOption(found.name, found.value, at));
		start = found.end + 1;
	}
	return checkTogether(options, at);
}

/** Options as a list of such texts, one each; a value may stand there without quotes: `from=10.0.0.0/8`. */
export function parseOptionList(list: readonly unknown[], at: Place): readonly KeyOption[] | undefined {
	const options = list.map((item, index) => parseOption(item, at.in(String(index))));
	return checkTogether(options, at);
}

function parseOption(item: unknown, at: Place): KeyOption | undefined {
	const text = lineText(item, at);
	if (text === undefined) return undefined;
	const { name, value, end } = scan(text, 0);
	if (value === null && text[end] !== '"') return checkOption(name, text.slice(end), at);
	if (value === null || end < text.length) {
		return at.fault(`is ${quoteValue(name)} and something more`, `Give one option each. ${QUOTING}`);
	}
	return checkOption(name, value, at);
}

/** The options as they stand in the file, before the key's type; empty for none. */
export function printOptions(options: readonly KeyOption[]): string {
	return options
		.map(({ name, value }) => (value === undefined ? name : `${name}="${value.replaceAll('"', '\\"')}"`))
		.join(",");
}

const QUOTING = String.raw`A value is quoted, and a quote in it has a \ before it: command="echo \"hello\""`;

/** Reads one option as sshd does: a backslash means something before a quote only. */
function scan(text: string, start: number): Found {
	const [name = ""] = /^[^=,"\s]*/.exec(text.slice(start)) ?? [];
	const after = start + name.length;
	if (text[after] !== "=") return { name, value: undefined, end: after };
	const quoted = /^"((?:\\"|\\(?!")|[^"\\])*)"/.exec(text.slice(after + 1));
	const [whole = "", inner = ""] = quoted ?? [];
	if (!quoted) return { name, value: null, end: after + 1 };
	return { name, value: inner.replaceAll('\\"', '"'), end: after + 1 + whole.length };
}

function checkOption(name: string, value: string | undefined, at: Place): KeyOption | undefined {
	const known = NAMES.find((option) => option.toLowerCase() === name.toLowerCase());
	if (known === undefined) {
		return at.fault(`has an option that sshd does not know: ${quoteValue(name)}`, didYouMean(name, NAMES));
	}
	const rule = VALUES[known];
	if (!rule) {
		return value === undefined ? { name: known, value } : at.fault(`has a value for ${known}, which takes none`);
	}
	if (value === undefined) return at.fault(`has no value for ${known}`, `Give one: ${known}="..."`);
	// sshd would take the quote behind it for one of the value's.
	if (value.endsWith("\\")) return at.fault(`has a value for ${known} that ends with a \\, which sshd can't read`);
	const problem = rule(value);
	return problem === undefined ? { name: known, value } : at.fault(`has a value for ${known} that ${problem}`);
}

/** @param all - `undefined` for those with a fault */
function checkTogether(all: readonly (KeyOption | undefined)[], at: Place): readonly KeyOption[] | undefined {
	const options = all.filter((option) => option !== undefined);
	if (options.length < all.length) return undefined;
	const has = (name: string) => options.some((option) => option.name === name);
	const twice = ONCE.find((name) => options.filter((option) => option.name === name).length > 1);
	if (twice !== undefined) return at.fault(`has ${twice} twice, and sshd takes one`);
	if (!has("principals") || has("cert-authority")) return options;
	return at.fault("has principals without cert-authority, and sshd takes such a key for nobody's");
}
