import { type KeyLines, LineCounter, type Wanted } from "./key-lines.js";
import type { Hash, Value } from "./value.js";

/** What Ruby's parser takes, unless it is told otherwise. */
const MAX_DEPTH = 100;

/** Text that is no JSON; `line` counts from 1. */
export class JsonError extends Error {
	override name = "JsonError";
	readonly line: number;

	constructor(message: string, line: number) {
		super(message);
		this.line = line;
	}
}

/**
 * A JSON text as Ruby's JSON library reads it: RFC 8259 and comments. Unlike JavaScript's parser it tells 1 from 1.0,
 * keeps keys in their order, and counts lines.
 *
 * @throws {JsonError}
 */
export function parseJson(source: string, lines: Wanted = "top"): { readonly value: Value; readonly lines: KeyLines } {
	return new Parser(source, lines).document();
}

const BLANK = /(?:[ \t\r\n]|\/\*[\s\S]*?\*\/|\/\/[^\n]*(?:\n|$))*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?(?![\d.])/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\u[0-9a-fA-F]{4}|\\[^u\p{Cc}])*"/uy;
const WORD = /true|false|null/y;

class Parser {
	readonly #source: string;
	readonly #wanted: Wanted;
	readonly #counter: LineCounter;
	readonly #lines = new Map<Hash, ReadonlyMap<string, number>>();
	#at = 0;
	#depth = 0;

	constructor(source: string, lines: Wanted) {
		this.#source = source;
		this.#wanted = lines;
		this.#counter = new LineCounter(source);
	}

	document() {
		const value = this.#value();
		if (this.#at < this.#source.length) throw this.#fail();
		return { value, lines: this.#lines };
	}

	#value(): Value {
		this.#match(BLANK);
		const value = this.#bare();
		this.#match(BLANK);
		return value;
	}

	#bare(): Value {
		const first = this.#source[this.#at];
		if (first === "{") return this.#nested(() => this.#object());
		if (first === "[") return this.#nested(() => this.#array());
		if (first === '"') return this.#string();
		const [number, fraction, exponent] = this.#match(NUMBER) ?? [];
		if (number !== undefined) return fraction || exponent ? Number(number) : BigInt(number);
		const [word] = this.#match(WORD) ?? [];
		if (word === undefined) throw this.#fail();
		return word === "null" ? null : word === "true";
	}

	#nested(parse: () => Value): Value {
		if (++this.#depth > MAX_DEPTH) throw this.#fail(`nested deeper than ${MAX_DEPTH} levels`);
		this.#at++;
		const value = parse();
		this.#depth--;
		return value;
	}

	#object(): Value {
		const object = new Map<Value, Value>();
		const lines = this.#wanted === "all" || this.#depth === 1 ? new Map<string, number>() : undefined;
		if (lines) this.#lines.set(object, lines);
		this.#match(BLANK);
		if (this.#take("}")) return object;
		do {
			this.#match(BLANK);
			const start = this.#at;
			const key = this.#string();
			lines?.set(key, this.#counter.at(start));
			this.#match(BLANK);
			if (!this.#take(":")) throw this.#fail();
			object.set(key, this.#value());
		} while (this.#take(","));
		if (!this.#take("}")) throw this.#fail();
		return object;
	}

	#array(): Value {
		const array: Value[] = [];
		this.#match(BLANK);
		if (this.#take("]")) return array;
		do array.push(this.#value());
		while (this.#take(","));
		if (!this.#take("]")) throw this.#fail();
		return array;
	}

	#string(): string {
		const [quoted] = this.#match(STRING) ?? [];
		if (quoted === undefined) throw this.#fail();
		// Ruby takes any character behind a backslash, as itself where it has no other meaning.
		return JSON.parse(
			quoted.replace(/\\(?:(["\\/bfnrtu])|(.))/gsu, (pair, known) => (known ? pair : pair.slice(1))),
		) as string;
	}

	#match(pattern: RegExp): RegExpExecArray | undefined {
		pattern.lastIndex = this.#at;
		const match = pattern.exec(this.#source) ?? undefined;
		if (match) this.#at = pattern.lastIndex;
		return match;
	}

	#take(character: string): boolean {
		if (this.#source[this.#at] !== character) return false;
		this.#at++;
		return true;
	}

	#fail(why?: string): JsonError {
		const rest = this.#at < this.#source.length ? "something unexpected stands here" : "it ends too soon";
		return new JsonError(`not JSON: ${why ?? rest}`, this.#counter.at(this.#at));
	}
}
