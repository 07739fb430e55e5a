import { ApiError } from "./api-error.js";

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
	try {
		return JSON.parse(text);
	} catch {
		throw new ApiError(400, "invalid", "the body is not JSON", 'As in: {"length": 32}');
	}
}
