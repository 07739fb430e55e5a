import { Transform, type TransformCallback } from "node:stream";

/** Some hundred thousand lines: what is told of the time left is worth that much memory. */
const AHEAD_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A stream that is read ahead of its user by some MiB, so that where it is no longer than that its end is known early. */
export class ReadAhead extends Transform {
	#newlines = 0;
	#isCut = false;
	#total: number | undefined;

	constructor() {
		super({ readableHighWaterMark: AHEAD_BYTES });
	}

	/** How many lines there are, once the end was read. */
	get lines(): number | undefined {
		return this.#total;
	}

	override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
		for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) this.#newlines++;
		this.#isCut = chunk.at(-1) !== NEWLINE;
		done(null, chunk);
	}

	override _flush(done: TransformCallback): void {
		this.#total = this.#newlines + (this.#isCut ? 1 : 0);
		done();
	}
}
