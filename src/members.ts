import { TroclaError } from "./errors.js";
import { isMap, quoteValue } from "./value.js";

/** The members that an object may have, and what each may be besides `undefined`. */
export type Members = { readonly [name: string]: readonly ("string" | "number" | "boolean" | "function" | "map")[] };

/**
 * Checks what a caller without types may pass for an object like `{ force: true }`.
 *
 * @param of - what takes it, for the message: `handOut`
 * @throws {TroclaError} `invalid`; the hint names the member nearest to one that is not known
 */
export async function checkMembers(value: unknown, of: string, members: Members): Promise<void> {
	const known = Object.keys(members);
	const example = `It may have: ${known.join(", ")}`;
	if (!isMap(value)) {
		throw new TroclaError("invalid", `${of} takes a plain object, not ${quoteValue(value)}`, example);
	}
	for (const [name, member] of Object.entries(value)) {
		const types = Object.hasOwn(members, name) ? members[name] : undefined;
		if (!types) {
			const { didYouMean } = await import("./nearest.js");
			throw new TroclaError("invalid", `${of} has no member ${quoteValue(name)}`, didYouMean(name, known));
		}
		if (member === undefined || types.some((type) => (type === "map" ? isMap(member) : typeof member === type)))
			continue;
		const words = types.map((type) => (type === "map" ? "a plain object" : `a ${type}`)).join(" or ");
		throw new TroclaError("invalid", `${name} of ${of} must be ${words}, not ${quoteValue(member)}`, example);
	}
}
