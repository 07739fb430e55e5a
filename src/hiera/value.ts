/**
 * A value as Hiera knows it. An integer is a `bigint` and a float a `number`, since Ruby tells 1 from 1.0; a hash is a
 * `Map`, which keeps its keys' order and takes any name, `__proto__` too. Values are shared, so nobody may change one.
 */
export type Value = null | boolean | bigint | number | string | Sensitive | RubySymbol | readonly Value[] | Hash;

export interface Hash extends ReadonlyMap<Value, Value> {}

/** What `convert_to: Sensitive` makes: it shows itself nowhere, and has the value for who asks. */
export class Sensitive {
	readonly #value: Value;

	constructor(value: Value) {
		this.#value = value;
	}

	/** The value, out in the open. */
	unwrap(): Value {
		return this.#value;
	}
}

/** A Ruby symbol in a YAML file: `:name`. As a value of a key it is an error, as a key it is the text. */
export class RubySymbol {
	readonly name: string;

	constructor(name: string) {
		this.name = name;
	}
}

export const isHash = (value: unknown): value is Hash => value instanceof Map;
export const isArray = (value: Value): value is readonly Value[] => Array.isArray(value);

/** A text that is the same for values that Ruby's `eql?` takes for the same, and for no others; hashes in any order. */
export function identity(value: Value): string {
	if (typeof value === "string") return JSON.stringify(value);
	if (typeof value === "bigint") return String(value);
	if (typeof value === "number") return `f${value}`;
	if (isArray(value)) return `[${value.map(identity).join()}]`;
	if (isHash(value)) {
		const pairs = [...value].map(([key, member]) => `${identity(key)}:${identity(member)}`);
		return `{${pairs.sort().join()}}`;
	}
	if (value instanceof RubySymbol) return `:${value.name}`;
	if (value instanceof Sensitive) return `s${identity(value.unwrap())}`;
	return String(value);
}

/** Without what Ruby's `eql?` takes for the same as something before it. */
export function distinct(values: readonly Value[]): Value[] {
	const seen = new Set<string>();
	return values.filter((value) => {
		const known = seen.size;
		return seen.add(identity(value)).size > known;
	});
}

/** What Ruby's own classes are called in messages. */
export function kindOf(value: Value): string {
	if (value === null) return "nothing (null)";
	if (typeof value === "boolean") return "a boolean";
	if (typeof value === "bigint") return "an integer";
	if (typeof value === "number") return "a float";
	if (typeof value === "string") return "a string";
	if (isArray(value)) return "an array";
	if (isHash(value)) return "a hash";
	return value instanceof RubySymbol ? "a Ruby symbol" : "a Sensitive";
}

/** What a program that is not Puppet works with. */
export type PlainValue = null | boolean | number | bigint | string | readonly PlainValue[] | PlainHash;
export interface PlainHash {
	readonly [name: string]: PlainValue;
}

/**
 * A value in JavaScript's own types: hashes as objects without a prototype, integers as numbers where those can hold
 * them and else as `bigint`, what is sensitive in the open.
 */
export function plainValue(value: Value): PlainValue {
	return plainWith(plainValue, value);
}

/**
 * The same conversion for values that share parts, as those of many hosts do: it gives the same object for the same hash or
 * array, as long as that lives. So what it gives is shared too, and nobody may change it.
 */
export function sharedPlainValues(): (value: Value) => PlainValue {
	const made = new WeakMap<object, PlainValue>();
	const convert = (value: Value): PlainValue => {
		if (!isArray(value) && !isHash(value)) return plainWith(convert, value);
		const known = made.get(value);
		if (known !== undefined) return known;
		const plain = plainWith(convert, value);
		made.set(value, plain);
		return plain;
	};
	return convert;
}

function plainWith(convert: (value: Value) => PlainValue, value: Value): PlainValue {
	if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
	if (isArray(value)) return value.map((item) => convert(item));
	if (value instanceof Sensitive) return convert(value.unwrap());
	if (value instanceof RubySymbol) return value.name;
	if (!isHash(value)) return value;
	const object: { [name: string]: PlainValue } = Object.create(null);
	for (const [key, member] of value) object[textKey(key)] = convert(member);
	return object;
}

/** The other way: plain objects, lists and scalars as values; a number without a fraction is an integer. */
export function toValue(plain: unknown): Value {
	if (plain === null || plain === undefined) return null;
	if (typeof plain === "number") return Number.isSafeInteger(plain) ? BigInt(plain) : plain;
	if (Array.isArray(plain)) return plain.map(toValue);
	if (plain instanceof Map) return new Map([...plain].map(([key, member]) => [toValue(key), toValue(member)]));
	if (typeof plain !== "object" || plain instanceof Sensitive || plain instanceof RubySymbol) return plain as Value; // a scalar, or one of ours
	return new Map(Object.entries(plain).map(([name, member]) => [name, toValue(member)]));
}

const textKey = (key: Value): string => (typeof key === "string" ? key : String(plainValue(key)));
