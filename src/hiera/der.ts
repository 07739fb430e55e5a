/** An element of DER (ITU-T X.690): its tag's byte, and what is in it. */
export interface Der {
	readonly tag: number;
	readonly content: Buffer;
}

export const TAG = { integer: 0x02, octets: 0x04, oid: 0x06, sequence: 0x30, set: 0x31, context0: 0xa0, bytes0: 0x80 };

/**
 * The elements that stand one after the other in some bytes. Tags of one byte and definite lengths only, which is all that
 * DER has in the files of today.
 *
 * @returns `undefined` where the bytes are none
 */
export function readDer(bytes: Buffer): Der[] | undefined {
	const elements: Der[] = [];
	let at = 0;
	while (at < bytes.length) {
		const header = readHeader(bytes, at);
		if (!header || header.start + header.length > bytes.length) return undefined;
		at = header.start + header.length;
		elements.push({ tag: header.tag, content: bytes.subarray(header.start, at) });
	}
	return elements;
}

function readHeader(bytes: Buffer, at: number): { tag: number; start: number; length: number } | undefined {
	const [tag, first] = bytes.subarray(at, at + 2);
	if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
	if (first < 0x80) return { tag, start: at + 2, length: first };
	const size = first & 0x7f;
	if (size === 0 || size > 4 || at + 2 + size > bytes.length) return undefined;
	return { tag, start: at + 2 + size, length: bytes.readUIntBE(at + 2, size) };
}

/** The dotted form of an object identifier's content. */
export function readOid(content: Buffer): string {
	const numbers: number[] = [];
	let number = 0;
	for (const byte of content) {
		number = number * 0x80 + (byte & 0x7f);
		if (byte & 0x80) continue;
		if (numbers.length === 0) numbers.push(Math.min(2, Math.floor(number / 40)));
		numbers.push(numbers.length === 1 ? number - (numbers[0] ?? 0) * 40 : number);
		number = 0;
	}
	return numbers.join(".");
}
