import { TroclaError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { rubyRegexp } from "./ruby-regexp.js";
import { isInstance, type Member, type Range, type Type } from "./type.js";

/** What may stand between the brackets of a type. */
type Parameter = Type | bigint | number | string | boolean | RegExp | "default" | readonly Member[];

const DEFAULT = Symbol("default");
const ANY: Type = { kind: "Any" };
const UNLIMITED: Range = { from: 0, to: Number.POSITIVE_INFINITY };
const EVERY: Range = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

const TOKEN =
	/\s*(?:(?<number>[-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE]-?\d+)?))|(?<word>(?:::)?\w+(?:::\w+)*)|'(?<single>(?:[^'\\]|\\.)*)'|"(?<double>(?:[^"\\$]|\\.)*)"|\/(?<regexp>(?:[^/\\\n]|\\.)*)\/|(?<sign>=>|[[\]{},]))/suy;

/**
 * A type as it is written in Puppet's language: `Array[Integer[0], 1]`.
 *
 * @throws {TroclaError} `invalid` where it is none, or none that data can be of
 */
export function parseType(text: string): Type {
	return new Parser(text).whole();
}

class Parser {
	readonly #text: string;
	#at = 0;
	#token: { readonly [kind: string]: string | undefined } = {};

	constructor(text: string) {
		this.#text = text.trimEnd();
		this.#advance();
	}

	whole(): Type {
		const type = this.#type();
		if (!this.#token.end) throw this.#fail("something follows the type");
		return type;
	}

	#advance(): void {
		if (this.#at >= this.#text.length) {
			this.#token = { end: "the end" };
			return;
		}
		TOKEN.lastIndex = this.#at;
		const match = TOKEN.exec(this.#text);
		if (!match?.groups) throw this.#fail(`${JSON.stringify(this.#text.slice(this.#at))} can't stand there`);
		this.#at = TOKEN.lastIndex;
		this.#token = match.groups;
	}

	#take(sign: string): boolean {
		if (this.#token.sign !== sign) return false;
		this.#advance();
		return true;
	}

	#type(): Type {
		const name = this.#token.word;
		if (name === undefined) throw this.#fail("a type's name was expected");
		this.#advance();
		const parameters = this.#take("[") ? this.#list("]", () => this.#parameter()) : [];
		return this.#build(name, parameters);
	}

	#list<Item>(end: string, parse: () => Item): Item[] {
		const items: Item[] = [];
		while (!this.#take(end)) {
			items.push(parse());
			if (!this.#take(",") && this.#token.sign !== end) throw this.#fail(`${end} is missing`);
		}
		return items;
	}

	#parameter(): Parameter | typeof DEFAULT {
		const { number, word, single, double, regexp } = this.#token;
		if (this.#take("{")) return this.#list("}", () => this.#member());
		if (word !== undefined && /^[A-Z]|^::/.test(word)) return this.#type();
		this.#advance();
		if (number !== undefined) return /^[-+]?(?:\d+|0[xX].*)$/.test(number) ? integerOf(number) : Number(number);
		if (single !== undefined) return single.replace(/\\(['\\])/g, "$1");
		if (double !== undefined) return double.replace(/\\(["\\$])/g, "$1");
		if (regexp !== undefined) return this.#pattern(regexp.replaceAll("\\/", "/"));
		if (word === "default") return DEFAULT;
		if (word === "true" || word === "false") return word === "true";
		if (word !== undefined) return word;
		throw this.#fail("a parameter is missing");
	}

	#pattern(source: string): RegExp {
		const pattern = rubyRegexp(source);
		if (pattern) return pattern;
		throw this.#fail(`/${source}/ is no regular expression that trocla understands`);
	}

	/** A Struct's `name => Type`, where the name may be `Optional[name]` or `NotUndef[name]`. */
	#member(): Member {
		const key = this.#parameter();
		const wrapped =
			typeof key === "object" && "kind" in key && (key.kind === "Optional" || key.kind === "NotUndef")
				? key
				: undefined;
		const name = wrapped?.type.kind === "String" ? wrapped.type.value : key;
		if (typeof name !== "string") throw this.#fail("a Struct's member needs a name");
		if (!this.#take("=>")) throw this.#fail("=> is missing");
		const type = this.#type();
		// A name by itself may be missing where its value may be undef.
		return { name, optional: wrapped ? wrapped.kind === "Optional" : isInstance(null, type), type };
	}

	#build(name: string, given: readonly (Parameter | typeof DEFAULT)[]): Type {
		switch (name) {
			case "Any":
			case "Data":
			case "RichData":
			case "Scalar":
			case "ScalarData":
			case "Numeric":
			case "Undef":
			case "Default":
				return this.#none({ kind: name }, given);
			case "Integer":
			case "Float":
				return { kind: name, range: this.#range(given, EVERY) };
			case "Collection":
				return { kind: name, range: this.#range(given, UNLIMITED) };
			case "String":
				return typeof given[0] === "string" && given.length === 1
					? { kind: "String", range: UNLIMITED, value: given[0] }
					: { kind: "String", range: this.#range(given, UNLIMITED) };
			case "Boolean":
				return typeof given[0] === "boolean" ? { kind: name, value: given[0] } : this.#none({ kind: name }, given);
			case "Enum":
				return this.#enum(given);
			case "Pattern":
				return { kind: name, patterns: given.map((item) => this.#patternOf(item)) };
			case "Optional":
			case "NotUndef":
			case "Sensitive":
				return { kind: name, type: this.#one(given) };
			case "Variant":
				return { kind: name, types: given.map((item) => this.#typeOf(item)) };
			case "Array":
				return this.#array(given);
			case "Hash":
				return this.#hash(given);
			case "Tuple":
				return this.#tuple(given);
			case "Struct":
				return { kind: name, members: this.#members(given) };
		}
		throw new TroclaError("invalid", `trocla does not know the type ${name}`, didYouMean(name, KINDS));
	}

	#none(type: Type, given: readonly unknown[]): Type {
		if (given.length === 0) return type;
		throw this.#fail(`${type.kind} takes no parameters`);
	}

	#one(given: readonly (Parameter | typeof DEFAULT)[]): Type {
		if (given.length === 0) return ANY;
		const [only] = given;
		if (given.length > 1 || only === undefined) throw this.#fail("one parameter was expected");
		return typeof only === "string" ? { kind: "String", range: UNLIMITED, value: only } : this.#typeOf(only);
	}

	#enum(given: readonly (Parameter | typeof DEFAULT)[]): Type {
		const anyCase = given.at(-1) === true;
		const values = given.filter((item) => typeof item === "string");
		const flags = given.filter((item) => typeof item === "boolean").length;
		if (values.length + flags < given.length || flags > 1) throw this.#fail("Enum takes texts");
		return { kind: "Enum", values, anyCase };
	}

	#array(given: readonly (Parameter | typeof DEFAULT)[]): Type {
		const [element, ...sizes] = given;
		if (element === undefined) return { kind: "Array", element: ANY, range: UNLIMITED };
		return { kind: "Array", element: this.#typeOf(element), range: this.#range(sizes, UNLIMITED) };
	}

	#hash(given: readonly (Parameter | typeof DEFAULT)[]): Type {
		const [key, value, ...sizes] = given;
		if (key === undefined) return { kind: "Hash", key: ANY, value: ANY, range: UNLIMITED };
		if (value === undefined) throw this.#fail("Hash takes a type for keys, and one for values");
		return { kind: "Hash", key: this.#typeOf(key), value: this.#typeOf(value), range: this.#range(sizes, UNLIMITED) };
	}

	#tuple(given: readonly (Parameter | typeof DEFAULT)[]): Type {
		const types = given.filter((item): item is Type => isType(item));
		const sizes = given.slice(types.length);
		if (types.length === 0) throw this.#fail("Tuple takes the types of its items");
		const exact = { from: types.length, to: types.length };
		return { kind: "Tuple", types, range: sizes.length > 0 ? this.#range(sizes, UNLIMITED) : exact };
	}

	#members(given: readonly (Parameter | typeof DEFAULT)[]): readonly Member[] {
		const [members] = given;
		if (given.length === 1 && Array.isArray(members)) return members;
		throw this.#fail("Struct takes {name => Type, ...}");
	}

	#range(given: readonly (Parameter | typeof DEFAULT)[], widest: Range): Range {
		const end = (item: Parameter | typeof DEFAULT | undefined, none: bigint | number) => {
			if (item === undefined || item === DEFAULT) return none;
			if (typeof item === "bigint" || typeof item === "number") return item;
			throw this.#fail("a number was expected");
		};
		if (given.length > 2) throw this.#fail("a range has two ends");
		return { from: end(given[0], widest.from), to: end(given[1], widest.to) };
	}

	#typeOf(item: Parameter | typeof DEFAULT): Type {
		if (isType(item)) return item;
		throw this.#fail("a type was expected");
	}

	#patternOf(item: Parameter | typeof DEFAULT): RegExp {
		if (item instanceof RegExp) return item;
		if (typeof item === "string") return this.#pattern(item);
		throw this.#fail("Pattern takes regular expressions");
	}

	#fail(why: string): TroclaError {
		return new TroclaError("invalid", `${JSON.stringify(this.#text)} is no type: ${why}`, "As in: Array[String]");
	}
}

const KINDS: readonly Type["kind"][] = [
	"Any",
	"Array",
	"Boolean",
	"Collection",
	"Data",
	"Enum",
	"Float",
	"Hash",
	"Integer",
	"NotUndef",
	"Numeric",
	"Optional",
	"Pattern",
	"RichData",
	"Scalar",
	"ScalarData",
	"Sensitive",
	"String",
	"Struct",
	"Tuple",
	"Undef",
	"Variant",
];

const isType = (item: Parameter | typeof DEFAULT): item is Type => typeof item === "object" && "kind" in item;

function integerOf(text: string): bigint {
	const size = BigInt(text.replace(/^[-+]/, ""));
	return text.startsWith("-") ? -size : size;
}
