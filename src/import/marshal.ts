/** A value as Ruby holds it. A text is bytes where it is not known to be UTF-8. */
export type RubyValue =
	| null
	| boolean
	| bigint
	| number
	| string
	| Uint8Array
	| RubySymbol
	| Rational
	| RubyValue[]
	| RubyMap;

export type RubyMap = Map<RubyValue, RubyValue>;

export class RubySymbol {
	readonly name: string;
	constructor(name: string) {
		this.name = name;
	}
}

export class Rational {
	readonly numerator: bigint;
	readonly denominator: bigint;
	constructor(numerator: bigint, denominator: bigint) {
		this.numerator = numerator;
		this.denominator = denominator;
	}
}

/** Deeper than any value of a password store is; more would be an attack on the stack. */
const MAX_DEPTH = 20;

/**
 * Reads a value of Ruby's Marshal, version 4.8, as "Marshal Format" in Ruby's documentation describes it.
 *
 * Understands what a store of passwords holds: nil, booleans, numbers, strings, symbols, lists, maps and Rational. No
 * object of any other class is ever made.
 *
 * @throws {SyntaxError} with the reason, for anything else, for bytes that end too early and for bytes left over
 */
export function parseMarshal(bytes: Uint8Array): RubyValue {
	return new MarshalParser(bytes).document();
}

class MarshalParser {
	readonly #bytes: Buffer;
	#at = 0;
	#depth = 0;
	readonly #symbols: RubySymbol[] = [];
	/** Every value that a link may point to, in the order in which they began. */
	readonly #objects: RubyValue[] = [];

	constructor(bytes: Uint8Array) {
		this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	document(): RubyValue {
		const [major, minor] = [this.#byte(), this.#byte()];
		if (major !== 4 || minor > 8) throw new SyntaxError("it is not Ruby's Marshal 4.8");
		const value = this.#value();
		if (this.#at < this.#bytes.length) throw new SyntaxError("it goes on behind its end");
		return value;
	}

	#value(): RubyValue {
		if (++this.#depth > MAX_DEPTH) throw new SyntaxError("it is nested too deep");
		try {
			return this.#tagged(String.fromCharCode(this.#byte()));
		} finally {
			this.#depth--;
		}
	}

	#tagged(tag: string): RubyValue {
		switch (tag) {
			case "0":
				return null;
			case "T":
				return true;
			case "F":
				return false;
			case "i":
				return BigInt(this.#long());
			case ":":
			case ";":
				return this.#symbol(tag);
			case "@":
				return find(this.#objects, this.#long());
			case "I":
				return this.#withVariables();
			case '"':
				return this.#keep(this.#take(this.#long()));
			case "l":
				return this.#keep(this.#bigInteger());
			case "f":
				return this.#keep(Number(this.#take(this.#long()).toString("latin1")));
			case "[":
				return this.#list();
			case "{":
				return this.#map();
			case "U":
				return this.#rational();
			default:
				throw new SyntaxError(`it holds a Ruby object of a kind that no password store has (${JSON.stringify(tag)})`);
		}
	}

	/** What is behind a value that has instance variables; of a string this is its encoding. */
	#withVariables(): RubyValue {
		const tag = String.fromCharCode(this.#byte());
		// The symbol's own variable is its encoding too, but it stands before the symbol can be linked to.
		const value = this.#tagged(tag);
		for (let count = this.#count(); count > 0; count--) {
			this.#value();
			this.#value();
		}
		return value;
	}

	#symbol(tag: string): RubySymbol {
		if (tag === ";") return find(this.#symbols, this.#long());
		const symbol = new RubySymbol(this.#take(this.#long()).toString());
		this.#symbols.push(symbol);
		return symbol;
	}

	#list(): RubyValue[] {
		const list: RubyValue[] = this.#keep([]);
		for (let count = this.#count(); count > 0; count--) list.push(this.#value());
		return list;
	}

	#map(): RubyMap {
		const map: RubyMap = this.#keep(new Map());
		for (let count = this.#count(); count > 0; count--) map.set(this.#value(), this.#value());
		return map;
	}

	/** A Rational is the list of its two numbers, under its class's name. */
	#rational(): Rational {
		const place = this.#objects.push(null) - 1;
		const name = this.#value();
		const parts = this.#value();
		if (!(name instanceof RubySymbol && name.name === "Rational" && Array.isArray(parts))) {
			throw new SyntaxError("it holds a Ruby object that is not a Rational");
		}
		const [numerator, denominator] = parts;
		if (typeof numerator !== "bigint" || typeof denominator !== "bigint" || denominator <= 0n) {
			throw new SyntaxError("it holds a Rational that is none");
		}
		const rational = new Rational(numerator, denominator);
		this.#objects[place] = rational;
		return rational;
	}

	/** A sign, a count of 16-bit words, and these, the lowest first. */
	#bigInteger(): bigint {
		const negative = this.#byte() === "-".charCodeAt(0);
		const digits = Buffer.from(this.#take(this.#long() * 2)).reverse();
		const magnitude = digits.length === 0 ? 0n : BigInt(`0x${digits.toString("hex")}`);
		return negative ? -magnitude : magnitude;
	}

	/** How many values follow; each takes a byte at least, so more than there are bytes is a lie. */
	#count(): number {
		const count = this.#long();
		if (count < 0 || count > this.#bytes.length - this.#at) throw tooShort();
		return count;
	}

	/** Marshal's own integer: one byte for -123 to 122, else a byte that counts those that follow, the lowest first. */
	#long(): number {
		const first = this.#bytes.readInt8(this.#advance(1));
		if (first === 0) return 0;
		if (first > 4) return first - 5;
		if (first < -4) return first + 5;
		const length = Math.abs(first);
		const magnitude = this.#bytes.readUIntLE(this.#advance(length), length);
		return first > 0 ? magnitude : magnitude - 256 ** length;
	}

	#byte(): number {
		return this.#bytes.readUInt8(this.#advance(1));
	}

	#take(length: number): Buffer {
		const start = this.#advance(length);
		return this.#bytes.subarray(start, start + length);
	}

	/** Goes on by so many bytes, and gives where they begin. */
	#advance(length: number): number {
		if (length < 0 || this.#at + length > this.#bytes.length) throw tooShort();
		const start = this.#at;
		this.#at += length;
		return start;
	}

	#keep<Value extends RubyValue>(value: Value): Value {
		this.#objects.push(value);
		return value;
	}
}

const tooShort = () => new SyntaxError("it is cut off");

function find<Value>(values: readonly Value[], index: number): Value {
	const value = values[index];
	if (value === undefined) throw new SyntaxError("it refers to a value that it does not have");
	return value;
}
