import { createPrivateKey } from "node:crypto";
import { FormatError } from "../format.js";
import { isOpenSsh, readOpenSsh, writeOpenSsh } from "./openssh.js";
import { isLine, publicBlob, publicLine, type SshKey, sshKeyOf } from "./parts.js";

const BEGIN = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\n/;

/** A key that was made elsewhere: a private key in PEM, and its public line where there is one. */
interface Pair {
	readonly pem: string;
	readonly line: string;
}

/** What is in a private key's file. */
interface Opened {
	readonly blob: Buffer;
	/** `undefined` where it is encrypted. */
	readonly secret: { readonly key: SshKey; readonly comment?: string } | undefined;
}

/**
 * The two parts of a value, of ours or of the Ruby trocla's.
 *
 * @throws {FormatError} where there is no private key
 */
export function splitPair(text: string): Pair {
	const unix = text.replaceAll("\r\n", "\n");
	const begin = BEGIN.exec(unix);
	const last = `\n-----END ${begin?.[1]}-----`;
	const end = begin ? unix.indexOf(last, begin.index) : -1;
	if (!begin || end < 0) {
		throw new FormatError(
			"takes a private key in PEM, and finds none",
			"Give the whole file that ssh-keygen or openssl wrote, with its BEGIN and END lines",
		);
	}
	return { pem: unix.slice(begin.index, end + last.length), line: unix.slice(end + last.length).trim() };
}

/**
 * The stored value for a private key that was made elsewhere. OpenSSH's own is kept as it is unless it gets another
 * comment or a passphrase; PKCS #1, PKCS #8 and SEC 1 become OpenSSH's.
 *
 * @param name - the comment of a key that has none to read
 * @throws {FormatError}
 */
export async function importKey(
	text: string,
	{ comment, passphrase }: { readonly comment?: string | undefined; readonly passphrase?: string | undefined },
	name: string,
): Promise<string> {
	const { pem, line } = splitPair(text);
	const { blob, secret }: Opened = isOpenSsh(pem) ? readOpenSsh(pem) : readPem(pem);
	const shown = comment ?? commentOf(line, blob) ?? secret?.comment ?? name;
	if (!isLine(shown)) {
		throw new FormatError(
			"does not take a comment with a control character, as this key has it",
			"Give another with the option comment: in authorized_keys, a newline would begin another key",
		);
	}
	const keep = isOpenSsh(pem) && passphrase === undefined && (comment === undefined || comment === secret?.comment);
	if (secret === undefined && passphrase !== undefined) {
		throw new FormatError(
			"can't give a passphrase to a key that is encrypted with one already",
			"Leave the option passphrase out, or take the old one off first: ssh-keygen -p -f FILE",
		);
	}
	const file = secret === undefined || keep ? `${pem}\n` : await writeOpenSsh(secret.key, shown, passphrase);
	return file + publicLine(blob, shown);
}

function readPem(pem: string): Opened {
	if (/BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
		throw new FormatError(
			"can't read a private key that is encrypted, unless it is in OpenSSH's own format",
			"Convert a copy of the file, which keeps or changes the passphrase: ssh-keygen -p -f FILE",
		);
	}
	const key = sshKeyOf(parse(pem));
	return { blob: publicBlob(key), secret: { key } };
}

function parse(pem: string) {
	try {
		return createPrivateKey(pem);
	} catch {
		throw new FormatError(
			"can't read the private key: it is damaged, or of a type that this Node does not know",
			"Check the file: `openssl pkey -in FILE -noout -check` tells what is wrong",
		);
	}
}

/** The comment of a public line, which must be the key's; `undefined` where there is no line. */
function commentOf(line: string, blob: Buffer): string | undefined {
	if (line === "") return undefined;
	const [, base64 = "", comment = ""] = /^\S+ +(\S+)(?: +(.*))?$/.exec(line) ?? [];
	if (base64 === blob.toString("base64")) return comment;
	throw new FormatError(
		"finds something behind the private key that is not its public key",
		"Give the private key alone: the public one is computed from it",
	);
}
