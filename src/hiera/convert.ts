import { DataError, type Place } from "./data-error.js";
import { puppetText } from "./puppet-text.js";
import { isInstance, type Type } from "./type.js";
import { parseType } from "./type-parser.js";
import { type Hash, isArray, isHash, kindOf, Sensitive, type Value } from "./value.js";

/**
 * What `new` makes of a value in Puppet's language, as `convert_to` in `lookup_options` asks for it. A value that is of the
 * type already stays as it is, unless there are further arguments.
 *
 * @param convertTo - a type's text, or a list of it and the further arguments
 * @throws {DataError} where the value can't be converted, or trocla does not know how
 */
export function convert(value: Value, convertTo: Value, place: Place): Value {
	const [name = null, ...args] = isArray(convertTo) ? convertTo : [convertTo];
	if (typeof name !== "string") throw new DataError(place, `convert_to takes a type's text, not ${kindOf(name)}`);
	const type = parseType(name);
	if (args.length === 0 && isInstance(value, type)) return value;
	const converted = new Conversion(place, name).make(type, value, args);
	if (isInstance(converted, type)) return converted;
	throw new DataError(place, `convert_to: what ${kindOf(value)} becomes is not of the type ${name}`);
}

const SIGN = "[+-]?\\s*";
const LENIENT_INTEGER = new RegExp(`^${SIGN}(?:\\d+|0[xX][0-9A-Fa-f]+|0[bB][01]+)$`);
const FLOAT = new RegExp(
	`^${SIGN}(?:(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE]-?\\d+)?|0[xX][0-9A-Fa-f]+|0[0-7]+|0[bB][01]+)$`,
);

class Conversion {
	readonly #place: Place;
	readonly #name: string;

	constructor(place: Place, name: string) {
		this.#place = place;
		this.#name = name;
	}

	make(type: Type, value: Value, args: readonly Value[]): Value {
		switch (type.kind) {
			case "Optional":
			case "NotUndef":
				return this.make(type.type, value, args);
			case "Integer":
			case "Float":
			case "Numeric":
				return this.#number(type.kind, value, args);
			case "Boolean":
				return this.#boolean(value, args);
			case "String":
				return this.#string(value, args);
			case "Array":
			case "Tuple":
				return this.#array(value, args);
			case "Hash":
			case "Struct":
				return this.#hash(value, args);
			case "Sensitive":
				this.#noMore(args);
				return value instanceof Sensitive ? value : new Sensitive(value);
			default:
				throw this.#fail(`nothing can be made into ${type.kind}`);
		}
	}

	/** Reads the arguments that numbers have, positional or as one hash: radix (Integer only) and abs. */
	#number(kind: "Integer" | "Float" | "Numeric", value: Value, args: readonly Value[]): Value {
		if (isHash(value)) return this.#number(kind, ...this.#named(kind, value, args));
		const [radix = null, abs = null, ...more] = kind === "Integer" ? args : [null, ...args];
		this.#noMore(more);
		if (abs !== null && typeof abs !== "boolean") throw this.#fail("abs must be true or false");
		const number = kind === "Integer" ? this.#integer(value, radix) : this.#real(kind, value);
		if (abs !== true) return number;
		return typeof number === "bigint" ? (number < 0n ? -number : number) : Math.abs(number);
	}

	#named(kind: string, named: Hash, args: readonly Value[]): [from: Value, args: readonly Value[]] {
		this.#noMore(args);
		const known = kind === "Integer" ? ["from", "radix", "abs"] : ["from", "abs"];
		const from = named.get("from");
		if (from === undefined || isHash(from) || [...named.keys()].some((key) => !known.includes(String(key)))) {
			throw this.#fail(`a hash for a number has ${known.join(", ")}`);
		}
		const given = known.slice(1).map((name) => named.get(name) ?? null);
		return [from, given];
	}

	#real(kind: "Float" | "Numeric", value: Value): bigint | number {
		return kind === "Float" ? this.#float(value) : this.#numeric(value);
	}

	#integer(value: Value, radix: Value): bigint {
		if (radix !== null && ![2n, 8n, 10n, 16n].some((known) => known === radix)) {
			throw this.#fail("a radix is 2, 8, 10 or 16");
		}
		if (typeof value === "bigint") return value;
		if (typeof value === "boolean") return value ? 1n : 0n;
		if (typeof value === "number" && Number.isFinite(value)) return BigInt(Math.trunc(value));
		if (typeof value !== "string" || !LENIENT_INTEGER.test(value)) throw this.#cannot(value);
		const number = readInteger(value, Number(radix ?? 0));
		if (number === undefined) throw this.#cannot(value);
		return number;
	}

	#float(value: Value): number {
		if (typeof value === "number") return value;
		if (typeof value === "bigint" || typeof value === "boolean") return Number(value);
		if (typeof value !== "string" || !FLOAT.test(value)) throw this.#cannot(value);
		const digits = value.replace(/^[+-]\s*/, "");
		const size = Number(digits);
		return value.startsWith("-") ? -size : size;
	}

	#numeric(value: Value): bigint | number {
		if (typeof value === "bigint" || typeof value === "number") return value;
		if (typeof value === "boolean") return value ? 1n : 0n;
		if (typeof value !== "string" || !FLOAT.test(value)) throw this.#cannot(value);
		if (/[.eE]/.test(value) && !/0[xX]/.test(value)) return this.#float(value);
		const number = /^[+-]\s*0[bB]/.test(value) ? undefined : readInteger(value, 0);
		if (number === undefined) throw this.#cannot(value);
		return number;
	}

	#boolean(value: Value, args: readonly Value[]): Value {
		this.#noMore(args);
		if (typeof value === "boolean") return value;
		if (typeof value === "bigint") return value !== 0n;
		if (typeof value === "number") return value !== 0;
		const word = typeof value === "string" ? value.toLowerCase() : "";
		if (["true", "yes", "y"].includes(word)) return true;
		if (["false", "no", "n"].includes(word)) return false;
		throw this.#cannot(value);
	}

	#string(value: Value, args: readonly Value[]): Value {
		if (args.length === 0) return puppetText(value);
		throw this.#fail("trocla knows no formats of String", "Leave the format out");
	}

	#array(value: Value, args: readonly Value[]): Value {
		const [wrap = false, ...more] = args;
		this.#noMore(more);
		if (wrap === true) return isArray(value) ? value : [value];
		if (wrap !== false) throw this.#fail("whether to wrap is true or false");
		const list = itemsOf(value);
		if (!list) throw this.#cannot(value);
		return list;
	}

	#hash(value: Value, args: readonly Value[]): Value {
		if (args.length > 0) throw this.#fail("trocla knows no options of Hash", "Leave them out");
		if (isHash(value)) return value;
		const list = itemsOf(value);
		if (!list) throw this.#cannot(value);
		if (list.length > 0 && list.every((item) => isArray(item) && item.length === 2)) {
			return new Map(list.map((pair) => (isArray(pair) ? [pair[0] ?? null, pair[1] ?? null] : [null, null])));
		}
		if (list.length % 2 === 1) throw this.#fail("an odd number of items makes no hash");
		const pairs = list.flatMap((item, index) => (index % 2 === 0 ? [[item, list[index + 1] ?? null] as const] : []));
		return new Map(pairs);
	}

	#noMore(args: readonly Value[]): void {
		if (args.length > 0) throw this.#fail("it has too many arguments");
	}

	#cannot(value: Value): DataError {
		return this.#fail(`${kindOf(value)} can't be made into ${this.#name}`);
	}

	#fail(why: string, hint?: string): DataError {
		return new DataError(this.#place, `convert_to: ${why}`, hint);
	}
}

/** Ruby's `Integer(text, radix)`, 0 for what the text's prefix says; the text has the form of a number. */
function readInteger(text: string, radix: number): bigint | undefined {
	const [, sign, digits = ""] = /^([+-]?)\s*(.*)$/s.exec(text) ?? [];
	const size = readDigits(digits.toLowerCase(), radix);
	return size !== undefined && sign === "-" ? -size : size;
}

function readDigits(digits: string, radix: number): bigint | undefined {
	const [, prefix = "", rest = ""] = /^(0[bx]|0(?=.))?(.*)$/s.exec(digits) ?? [];
	const said = { "0b": 2, "0x": 16, "0": 8, "": 10 }[prefix] ?? 10;
	if (radix === 0 || radix === said) return inRadix(rest, said);
	return inRadix(digits, radix);
}

function inRadix(digits: string, radix: number): bigint | undefined {
	let sum = 0n;
	for (const digit of digits) {
		const worth = Number.parseInt(digit, radix);
		if (Number.isNaN(worth)) return undefined;
		sum = sum * BigInt(radix) + BigInt(worth);
	}
	return sum;
}

/** What Puppet iterates over: an array's items, a hash's pairs, a text's characters, the numbers below a number. */
function itemsOf(value: Value): readonly Value[] | undefined {
	if (isArray(value)) return value;
	if (isHash(value)) return [...value].map(([key, member]) => [key, member]);
	if (typeof value === "string") return [...value];
	if (typeof value !== "bigint" || value < 0n || value > 1_000_000n) return undefined;
	return Array.from({ length: Number(value) }, (_, index) => BigInt(index));
}
