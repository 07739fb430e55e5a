import { constants, createPrivateKey, createPublicKey, type KeyObject, privateDecrypt } from "node:crypto";
import { readFileSync } from "node:fs";
import { decodeBase64 } from "./base64.js";
import { sourceError, unreadable } from "./source-error.js";

/** Opens a value of a Ruby trocla with `encryption: ssl`; `undefined` for one that the key does not open. */
export type Decrypt = (value: string) => Buffer | undefined;

/**
 * Reads the key pair of `encryption: ssl`.
 *
 * @param publicKey - the other half, where the configuration names it: to see at once whether they belong together
 * @throws {TroclaError} `source`
 */
export function openSsl(privateKey: string, publicKey: string | undefined): Decrypt {
	const key = readKey(privateKey, (text) => createPrivateKey(text));
	if (key.asymmetricKeyType !== "rsa") throw sourceError(`${privateKey} is not an RSA key`);
	if (publicKey !== undefined) {
		const pair = readKey(publicKey, (text) => createPublicKey(text));
		if (!createPublicKey(key).equals(pair)) {
			throw sourceError(`${privateKey} and ${publicKey} are not a pair`, "Nothing was imported");
		}
	}
	return (value) => decrypt(value, key);
}

function readKey(path: string, parse: (text: string) => KeyObject): KeyObject {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		throw unreadable(path, error, "It is named by encryption_options in the Ruby trocla's configuration");
	}
	try {
		return parse(text);
	} catch {
		throw sourceError(`${path} is not a key without a passphrase in PEM`, "The Ruby trocla reads the same file");
	}
}

/** Whether a value looks like one that was encrypted: its lines are base64 of RSA blocks, 1024 bits or more. */
export function looksEncrypted(value: string): boolean {
	if (!value.endsWith("\n") || value.length < 128) return false;
	const lengths = new Set(
		value
			.trimEnd()
			.split("\n")
			.map((line) => decodeBase64(line)?.length ?? 0),
	);
	const [length = 0] = lengths;
	return lengths.size === 1 && length >= 128 && length % 64 === 0;
}

/** Lines of base64, each an RSA ciphertext of the next piece. */
function decrypt(value: string, key: KeyObject): Buffer | undefined {
	const pieces: Buffer[] = [];
	for (const line of value.split("\n")) {
		if (line === "") continue;
		const ciphertext = decodeBase64(line);
		const piece = ciphertext && decryptPiece(ciphertext, key);
		if (!piece) return undefined;
		pieces.push(piece);
	}
	return Buffer.concat(pieces);
}

function decryptPiece(ciphertext: Buffer, key: KeyObject): Buffer | undefined {
	try {
		// Some Nodes refuse to take PKCS#1 v1.5 padding off, and others answer a wrong one with random bytes
		// (CVE-2023-46809). Both protect servers, which this is not.
		return withoutPadding(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext));
	} catch {
		return undefined;
	}
}

/** The message in 00 02, at least eight bytes that are not 0, 00, message: RFC 8017, section 7.2.2. */
function withoutPadding(block: Buffer): Buffer | undefined {
	const end = block.indexOf(0, 2);
	return block[0] === 0 && block[1] === 2 && end >= 10 ? block.subarray(end + 1) : undefined;
}
