import { ApiError } from "./api-error.js";

/** No option has as many; without an end they would take all of the stack. */
const MAX_DEPTH = 32;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A request's body, which is JSON whatever its Content-Type says: curl calls it a form.
 *
 * @throws {ApiError} `invalid`, without anything of the body, which may be a password
 */
export function parseBody(body: Buffer): unknown {
	if (body.length === 0) return undefined;
	let text: string;
	try {
		text = utf8.decode(body);
	} catch {
		throw new ApiError(400, "invalid", "the body is not UTF-8", "Send JSON, in UTF-8");
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new ApiError(400, "invalid", "the body is not JSON", 'As in: {"length": 32}');
	}
	if (depthOf(value) > MAX_DEPTH) {
		throw new ApiError(400, "invalid", `the body has more than ${MAX_DEPTH} maps and lists in each other`);
	}
	return value;
}

/** How many maps and lists are in each other; it stops at one more than are taken. */
function depthOf(value: unknown): number {
	let level = [value].filter(isNest);
	let depth = 0;
	for (; level.length > 0 && depth <= MAX_DEPTH; depth++)
		level = level.flatMap((nest) => Object.values(nest).filter(isNest));
	return depth;
}

const isNest = (value: unknown): value is object => typeof value === "object" && value !== null;
