import { TroclaError } from "../errors.js";

/** Characters of the longest line that is read: a record with a dozen of the longest values. */
const MAX_LINE = 64 * 1024 * 1024;

/**
 * The lines of a text in UTF-8, without their newlines.
 *
 * @param name - the file's, for errors
 * @throws {TroclaError} `export` where it is not UTF-8, or a line is longer than any record
 */
export async function* splitLines(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	const decode = (chunk?: Uint8Array) => {
		try {
			return decoder.decode(chunk, { stream: chunk !== undefined });
		} catch {
			throw new TroclaError("export", `${name} has something that is not text in UTF-8`);
		}
	};
	let parts: string[] = [];
	let length = 0;
	for await (const chunk of bytes) {
		const [first = "", ...others] = decode(chunk).split("\n");
		parts.push(first);
		length += first.length;
		if (length > MAX_LINE) throw new TroclaError("export", `${name} has a line that is longer than any record`);
		const rest = others.pop();
		if (rest === undefined) continue;
		yield parts.join("");
		yield* others;
		parts = [rest];
		length = rest.length;
	}
	const last = parts.join("") + decode();
	if (last !== "") yield last;
}
