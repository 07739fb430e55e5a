import { FormatError } from "../format.js";

/** RFC 4251, section 5: a `uint32`. */
export function uint32(number: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(number);
	return bytes;
}

/** RFC 4251, section 5: a `string`, its length before its bytes; a text as UTF-8. */
export function string(content: Buffer | string): Buffer {
	const bytes = Buffer.from(content);
	return Buffer.concat([uint32(bytes.length), bytes]);
}

/** The content of RFC 4251's `mpint` for a number that is not negative, given big-endian. */
export function mpint(number: Buffer): Buffer {
	const start = number.findIndex((byte) => byte !== 0);
	const bytes = start < 0 ? Buffer.alloc(0) : number.subarray(start);
	// A first bit that is set would make it negative.
	return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

/** Reads what stands one after the other in such bytes. */
export class WireReader {
	#left: Buffer;

	constructor(bytes: Buffer) {
		this.#left = bytes;
	}

	/** @throws {FormatError} where there are not so many bytes */
	bytes(count: number): Buffer {
		if (count > this.#left.length) throw new FormatError("can't read the private key: it ends too early", WHOLE);
		const bytes = this.#left.subarray(0, count);
		this.#left = this.#left.subarray(count);
		return bytes;
	}

	/** @throws {FormatError} where it ends early */
	uint32(): number {
		return this.bytes(4).readUInt32BE();
	}

	/** @throws {FormatError} where it ends early */
	string(): Buffer {
		return this.bytes(this.uint32());
	}

	/** What has not been read yet. */
	get rest(): Buffer {
		return this.#left;
	}
}

const WHOLE = "Give the whole file, from its BEGIN line to its END line";
