import type { FileHandle } from "node:fs/promises";
import { pipeline, Readable, type Transform } from "node:stream";
import { MAX_LINE } from "./line.js";

const CHUNK = 64 * 1024;
const NEWLINE = 10;

/** A piece of a file up to a newline, or up to its end. */
export interface Piece {
	/** Without the newline; of one that is longer than any line of trocla's, the beginning. */
	readonly bytes: Buffer;
	/** False where no newline ends it. */
	readonly isEnded: boolean;
}

/**
 * The lines of a file from an offset on, in constant memory, many at a time.
 *
 * @param unpack - what the bytes go through first, as `zlib.createGunzip()`
 * @throws what the file system or `unpack` throws
 */
export async function* pieces(file: FileHandle, start: number, unpack?: Transform): AsyncGenerator<Piece[]> {
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of unpack ? through(unpack, chunks(file, start)) : chunks(file, start)) {
		const found: Piece[] = [];
		const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
		let from = 0;
		for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
			found.push({ bytes: bytes.subarray(from, end), isEnded: true });
			from = end + 1;
		}
		// Of what has no end in sight the beginning is enough to see that it is no line.
		rest = bytes.subarray(from, from + 2 * MAX_LINE);
		if (found.length > 0) yield found;
	}
	if (rest.length > 0) yield [{ bytes: rest, isEnded: false }];
}

// A stream of the file would close it in the end, and its owner still needs it.
async function* chunks(file: FileHandle, start: number): AsyncGenerator<Buffer> {
	for (let position = start; ; ) {
		const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position);
		if (bytesRead === 0) return;
		yield buffer.subarray(0, bytesRead);
		position += bytesRead;
	}
}

function through(unpack: Transform, packed: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
	// An error of either ends the loop that reads from it.
	return pipeline(Readable.from(packed), unpack, () => {});
}
