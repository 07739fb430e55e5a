import { constants, createDecipheriv, type KeyObject, privateDecrypt } from "node:crypto";
import { type Der, readDer, readOid, TAG } from "./der.js";

/** Content ciphers that OpenSSL makes such messages with. */
const CIPHERS: { readonly [oid: string]: string } = {
	"1.2.840.113549.3.7": "des-ede3-cbc",
	"2.16.840.1.101.3.4.1.2": "aes-128-cbc",
	"2.16.840.1.101.3.4.1.22": "aes-192-cbc",
	"2.16.840.1.101.3.4.1.42": "aes-256-cbc",
};
const ENVELOPED_DATA = "1.2.840.113549.1.7.3";
const RSA = "1.2.840.113549.1.1.1";

/** Why a message can't be decrypted; never with anything of the message or the key. */
export class Pkcs7Error extends Error {
	override name = "Pkcs7Error";
}

/** An enveloped message: the content's key, encrypted for each recipient, and the content. */
interface Envelope {
	readonly encryptedKeys: readonly Buffer[];
	readonly cipher: string;
	readonly iv: Buffer;
	readonly content: Buffer;
}

/**
 * Decrypts an enveloped message of PKCS #7 (RFC 2315, and RFC 5652 after it) in DER, which was encrypted for an RSA key.
 *
 * @throws {Pkcs7Error}
 */
export function decryptPkcs7(message: Buffer, key: KeyObject): Buffer {
	const envelope = readEnvelope(message);
	if (!envelope) throw new Pkcs7Error("it is no enveloped message of PKCS #7 that trocla understands");
	for (const encrypted of envelope.encryptedKeys) {
		const content = decryptContent(envelope, encrypted, key);
		if (content) return content;
	}
	throw new Pkcs7Error("it was encrypted for another key, or is damaged");
}

function readEnvelope(message: Buffer): Envelope | undefined {
	const [type, wrapped] = inside(readDer(message)?.[0], TAG.sequence) ?? [];
	if (type?.tag !== TAG.oid || readOid(type.content) !== ENVELOPED_DATA) return undefined;
	const [, recipients, encrypted] = inside(inside(wrapped, TAG.context0)?.[0], TAG.sequence) ?? [];
	const [, algorithm, content] = inside(encrypted, TAG.sequence) ?? [];
	const [cipherOid, iv] = inside(algorithm, TAG.sequence) ?? [];
	const encryptedKeys = inside(recipients, TAG.set)?.flatMap(readRecipient);
	if (!cipherOid || iv?.tag !== TAG.octets || content?.tag !== TAG.bytes0 || !encryptedKeys) return undefined;
	const cipher = CIPHERS[readOid(cipherOid.content)];
	return cipher === undefined ? undefined : { encryptedKeys, cipher, iv: iv.content, content: content.content };
}

function readRecipient(recipient: Der): Buffer[] {
	const [, , algorithm, encrypted] = inside(recipient, TAG.sequence) ?? [];
	const [oid] = inside(algorithm, TAG.sequence) ?? [];
	return oid && readOid(oid.content) === RSA && encrypted?.tag === TAG.octets ? [encrypted.content] : [];
}

const inside = (element: Der | undefined, tag: number) => (element?.tag === tag ? readDer(element.content) : undefined);

function decryptContent({ cipher, iv, content }: Envelope, encryptedKey: Buffer, key: KeyObject): Buffer | undefined {
	try {
		// Node refuses to take this padding away itself, since a server must not tell a stranger whether it was right. Here
		// only the key's owner asks, about his own files.
		const padded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encryptedKey);
		const end = padded.indexOf(0, 2);
		if (padded[0] !== 0 || padded[1] !== 2 || end < 10) return undefined;
		const decipher = createDecipheriv(cipher, padded.subarray(end + 1), iv);
		return Buffer.concat([decipher.update(content), decipher.final()]);
	} catch {
		return undefined;
	}
}
