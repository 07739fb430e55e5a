const NEWLINE = 0x0a;

/**
 * The lines of a stream of bytes, without their newlines, in constant memory; the last one also where it does not end.
 *
 * @param most - of a line that is longer than so many bytes only one byte more is given
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
	let begun: Buffer | undefined;
	for await (const chunk of chunks) {
		let start = 0;
		for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
			yield cut(begun, chunk.subarray(start, end));
			begun = undefined;
			start = end + 1;
		}
		if (start < chunk.length) begun = cut(begun, chunk.subarray(start));
	}
	if (begun) yield begun;

	function cut(begun: Buffer | undefined, rest: Buffer): Buffer {
		const missing = most + 1 - (begun?.length ?? 0);
		const end = rest.subarray(0, missing);
		return begun ? Buffer.concat([begun, end]) : end;
	}
}
