import { createHash } from "node:crypto";
import { DataError } from "./data-error.js";
import { variable } from "./interpolate.js";
import type { Scope } from "./scope.js";
import { isArray, isHash, RubySymbol, Sensitive, type Value } from "./value.js";

/**
 * The names of the variables, or of parts of them, that look-ups for a host have asked its scope for, sorted: as long as all
 * of these have the same values, the host's answers don't hang on the rest of its facts.
 */
export function usedVariables(scope: Scope): readonly string[] {
	return [...scope.used].sort();
}

/** The SHA-256 of what variables are for a host, in hex; `undefined` where one can't be told. */
export function digestVariables(names: readonly string[], scope: Scope): string | undefined {
	try {
		const values = names.map((name) => `${JSON.stringify(name)}=${exact(variable(name, scope, {}))}`);
		return createHash("sha256").update(values.join("\n")).digest("hex");
	} catch (error) {
		// A part of what is none any more.
		if (error instanceof DataError) return undefined;
		throw error;
	}
}

/** A text that is the same for the same value only, with hashes in their order, since a text shows that too. */
function exact(value: Value): string {
	if (isArray(value)) return `[${value.map(exact).join()}]`;
	if (isHash(value)) return `{${[...value].map(([key, member]) => `${exact(key)}:${exact(member)}`).join()}}`;
	if (value instanceof Sensitive) return `sensitive ${exact(value.unwrap())}`;
	if (value instanceof RubySymbol) return `:${JSON.stringify(value.name)}`;
	if (typeof value === "number") return Object.is(value, -0) ? "f-0" : `f${value}`;
	return typeof value === "string" ? JSON.stringify(value) : String(value);
}
