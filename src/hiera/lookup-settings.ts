import { TroclaError } from "../errors.js";
import { DataError } from "./data-error.js";
import type { Explanation } from "./explain.js";
import { parseKey } from "./key.js";
import { type Strategy, strategyOf } from "./merge.js";
import { kindOf, toValue, type Value } from "./value.js";

/** How one key is looked up, as the flags of `puppet lookup` say it. */
export interface LookupSettings {
	/** A strategy's name, or `{ strategy: "deep", knockout_prefix: "--", ... }`: it goes over that of `lookup_options`. */
	readonly merge?: string | { readonly [option: string]: unknown };
	/** The same where `lookup_options` say nothing of the key. Default: `first`. */
	readonly unlessTold?: LookupSettings["merge"];
	/** What stands for a key that is not found. */
	readonly default?: Value;
	/** A type of Puppet's language that the value must be of: `Array[String]`. */
	readonly type?: string;
	/** Takes down how the look-up went. */
	readonly explain?: Explanation;
}

/**
 * The strategy that a call asks for.
 *
 * @throws {TroclaError} `invalid`
 */
export function askedStrategy(merge: NonNullable<LookupSettings["merge"]>): Strategy {
	return asAsked(() => strategyOf(toValue(merge), {}));
}

/**
 * Checks a key that a call asks for.
 *
 * @throws {TroclaError} `invalid`
 */
export function checkKey(key: string): void {
	asAsked(() => parseKey(key));
}

/** What is a fault of data where data says it, is the caller's where a call does. */
function asAsked<Result>(read: () => Result): Result {
	try {
		return read();
	} catch (error) {
		if (error instanceof DataError) throw new TroclaError("invalid", error.message, error.hint);
		throw error;
	}
}

/**
 * Checks that a value is of a type.
 *
 * @param what - the value, for the message
 * @throws {TroclaError} `data` where it is not, `invalid` where the type is none
 */
export async function checkType(value: Value, type: string, what: string): Promise<void> {
	const { parseType } = await import("./type-parser.js");
	const { isInstance } = await import("./type.js");
	if (isInstance(value, parseType(type))) return;
	// Not the value itself: it may be a password.
	throw new DataError({}, `${what} must be of the type ${type}, and is ${kindOf(value)}`);
}
