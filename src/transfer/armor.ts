import { splitLines } from "./lines.js";

const BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
const END = "-----END AGE ENCRYPTED FILE-----";
/** Bytes in a line: 64 characters of base64. */
const LINE_BYTES = 48;

/** age's file as text: strict PEM, as https://age-encryption.org/v1 (ASCII armor) defines it. */
export async function* armor(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	yield Buffer.from(`${BEGIN}\n`);
	let rest = Buffer.alloc(0);
	for await (const chunk of bytes) {
		const all = Buffer.concat([rest, chunk]);
		const whole = all.length - (all.length % LINE_BYTES);
		yield encodeLines(all.subarray(0, whole));
		rest = all.subarray(whole);
	}
	yield encodeLines(rest);
	yield Buffer.from(`${END}\n`);
}

function encodeLines(bytes: Buffer): Buffer {
	return Buffer.from(bytes.toString("base64").replace(/.{1,64}/g, "$&\n"));
}

/** Whether a file that begins with these bytes is armored. */
export function isArmored(start: Uint8Array): boolean {
	return Buffer.from(start.subarray(0, 1024)).toString("latin1").trimStart().startsWith("-----BEGIN AGE");
}

/**
 * The bytes of an armored file.
 *
 * @param name - the file's, for errors
 * @throws {Error} where it is not armor, or is cut
 */
export async function* unarmor(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
	let state: "before" | "body" | "last" | "after" = "before";
	for await (const raw of splitLines(bytes, name)) {
		const line = raw.replace(/\r$/, "");
		if (state === "before") {
			if (line.trim() === "") continue;
			if (line !== BEGIN) throw new Error("the armor's first line is wrong");
			state = "body";
		} else if (state === "after") {
			if (line.trim() !== "") throw new Error("something stands behind the armor");
		} else if (line === END) {
			state = "after";
		} else {
			if (state === "last") throw new Error("a short line stands within the armor");
			const decoded = decodeLine(line);
			if (decoded.length < LINE_BYTES) state = "last";
			yield decoded;
		}
	}
	if (state !== "after") throw new Error("the armor's last line is missing");
}

function decodeLine(line: string): Buffer {
	const bytes = Buffer.from(line, "base64");
	// Node's decoder skips what is no base64; there is one way only to write bytes in age's.
	if (bytes.length === 0 || bytes.length > LINE_BYTES || bytes.toString("base64") !== line) {
		throw new Error("a line of the armor is not base64");
	}
	return bytes;
}
