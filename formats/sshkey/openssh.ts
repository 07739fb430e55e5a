import { createCipheriv, randomBytes } from "node:crypto";
import { FormatError } from "../format.js";
import { bcryptPbkdf } from "./kdf.js";
import { algorithmOf, publicBlob, readKey, type SshKey } from "./parts.js";
import { string, uint32, WireReader } from "./wire.js";

// All of this is OpenSSH's PROTOCOL.key.
const MAGIC = Buffer.from("openssh-key-v1\0");
const BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END = "-----END OPENSSH PRIVATE KEY-----";
const LINE = 70;

/** What ssh-keygen(1) uses unless told, in its newer versions; older ones have 16 rounds, and read any number. */
const CIPHER = { name: "aes256-ctr", keyBytes: 32, blockBytes: 16 } as const;
const ROUNDS = 24;
const SALT_BYTES = 16;

/** Those that OpenSSH reads keys with (cipher.c). */
const CIPHERS = /^(3des-cbc|aes(128|192|256)-(cbc|ctr)|aes(128|256)-gcm@openssh\.com|chacha20-poly1305@openssh\.com)$/;

/** A file of OpenSSH's, as far as it can be read without a passphrase. */
export interface OpenSshFile {
	readonly blob: Buffer;
	/** `undefined` where it is encrypted. */
	readonly secret: { readonly key: SshKey; readonly comment: string } | undefined;
}

export function isOpenSsh(pem: string): boolean {
	return pem.startsWith(BEGIN);
}

/** A private key in OpenSSH's own format, with a newline at its end; encrypted where there is a passphrase. */
export async function writeOpenSsh(key: SshKey, comment: string, passphrase: string | undefined): Promise<string> {
	const check = randomBytes(4);
	const secret = Buffer.concat([check, check, ...[key.algorithm, ...key.fields, comment].map(string)]);
	const { header, body } = passphrase === undefined ? plain(secret) : await encrypted(secret, passphrase);
	const file = Buffer.concat([MAGIC, ...header.map(string), uint32(1), string(publicBlob(key)), string(body)]);
	const lines = file.toString("base64").match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
	return [BEGIN, ...lines, END, ""].join("\n");
}

/**
 * Reads what `writeOpenSsh` or ssh-keygen wrote.
 *
 * @throws {FormatError} for what is damaged, and for a type of key that trocla doesn't have
 */
export function readOpenSsh(pem: string): OpenSshFile {
	const base64 = pem.slice(BEGIN.length, -END.length).replaceAll("\n", "");
	const file = Buffer.from(base64, "base64");
	const reader = new WireReader(file);
	if (file.toString("base64") !== base64 || !reader.bytes(MAGIC.length).equals(MAGIC)) throw damaged();
	const [cipher, kdf, , count] = [text(reader), text(reader), reader.string(), reader.uint32()];
	const blob = reader.string();
	const body = reader.string();
	algorithmOf(blob);
	if (count !== 1) throw damaged();
	if (kdf === "bcrypt" && CIPHERS.test(cipher)) return { blob, secret: undefined };
	if (kdf !== "none" || cipher !== "none" || reader.rest.length > 0) throw damaged();
	return { blob, secret: readSecret(body, blob) };
}

const text = (reader: WireReader) => reader.string().toString();

function readSecret(body: Buffer, blob: Buffer): OpenSshFile["secret"] {
	const reader = new WireReader(body);
	const checks = [reader.uint32(), reader.uint32()];
	const key = readKey(reader);
	const comment = reader.string().toString();
	const isPadded = reader.rest.every((byte, index) => byte === index + 1);
	if (checks[0] !== checks[1] || !isPadded || !publicBlob(key).equals(blob)) throw damaged();
	return { key, comment };
}

function plain(secret: Buffer) {
	return { header: ["none", "none", ""], body: pad(secret, 8) };
}

async function encrypted(secret: Buffer, passphrase: string) {
	const salt = randomBytes(SALT_BYTES);
	const material = await bcryptPbkdf(passphrase, salt, CIPHER.keyBytes + CIPHER.blockBytes, ROUNDS);
	const iv = material.subarray(CIPHER.keyBytes);
	const cipher = createCipheriv("aes-256-ctr", material.subarray(0, CIPHER.keyBytes), iv);
	const body = Buffer.concat([cipher.update(pad(secret, CIPHER.blockBytes)), cipher.final()]);
	return { header: [CIPHER.name, "bcrypt", Buffer.concat([string(salt), uint32(ROUNDS)])], body };
}

function pad(bytes: Buffer, block: number): Buffer {
	const missing = (block - (bytes.length % block)) % block;
	return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, index) => index + 1))]);
}

function damaged(): FormatError {
	return new FormatError(
		"can't read the private key: it is damaged",
		"Check the file: `ssh-keygen -y -f FILE` prints the public key of one that is whole",
	);
}
