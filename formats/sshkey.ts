import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import * as v from "valibot";
import { type Format, FormatError } from "./format.js";
import { oneOf, wholeNumber } from "./schema.js";
import { importKey, splitPair } from "./sshkey/import.js";
import { writeOpenSsh } from "./sshkey/openssh.js";
import { isLine, publicBlob, publicLine, sshKeyOf } from "./sshkey/parts.js";

// readpass.c of OpenSSH: of a longer passphrase it would not read the end.
const MAX_PASSPHRASE_BYTES = 1023;
const PASSPHRASE_RULE = `must be a text of one line, of 1 to ${MAX_PASSPHRASE_BYTES} bytes`;
const COMMENT_RULE = "must be a text of one line";

const options = v.strictObject({
	type: v.optional(oneOf(["ed25519", "rsa", "ecdsa"]), "ed25519"),
	bits: v.optional(wholeNumber(256, 8192)),
	comment: v.optional(v.pipe(v.string(COMMENT_RULE), v.check(isLine, COMMENT_RULE))),
	passphrase: v.optional(
		v.pipe(
			v.string(PASSPHRASE_RULE),
			v.check(
				(text) => text !== "" && isLine(text) && Buffer.byteLength(text) <= MAX_PASSPHRASE_BYTES,
				PASSPHRASE_RULE,
			),
		),
	),
});

const generateKey = promisify(generateKeyPair);
const CURVES: { readonly [bits: number]: string } = { 256: "P-256", 384: "P-384", 521: "P-521" };

/**
 * A key pair of SSH: the private key in OpenSSH's format (PROTOCOL.key), and the line of its public key.
 *
 * `type` is ed25519, rsa or ecdsa. `bits` is 2048 to 8192 for rsa (3072 unless told, as ssh-keygen(1) has it), 256,
 * 384 or 521 for ecdsa (256), and 256 for ed25519. `comment` is the key's name unless told. A `passphrase` encrypts the
 * private key as ssh-keygen does.
 *
 * A private key that was made elsewhere is taken in, see `importKey`; what type it has, it has.
 */
export const sshkey: Format<typeof options> = {
	options,
	secretOptions: ["passphrase"],

	derive: (plain, { comment, passphrase }, { own }) => importKey(plain, { comment, passphrase }, own),

	async generate({ type, bits, comment, passphrase }, { own }) {
		const key = sshKeyOf(await newKey(type, bits));
		const name = comment ?? own;
		return (await writeOpenSsh(key, name, passphrase)) + publicLine(publicBlob(key), name);
	},

	render: {
		/** The line for `authorized_keys`. */
		pubonly(value) {
			const { line } = splitPair(value);
			if (line !== "") return line;
			throw new FormatError("has no public key in this value", "ssh-keygen -y -f FILE prints the private key's");
		},
		/** With its newline at the end: without it, OpenSSH does not read the file. */
		privonly: (value) => `${splitPair(value).pem}\n`,
	},
};

async function newKey(type: "ed25519" | "rsa" | "ecdsa", bits: number | undefined): Promise<KeyObject> {
	if (type === "rsa") {
		const modulusLength = bits ?? 3072;
		if (modulusLength < 2048) throw wrongBits("rsa keys have 2048 to 8192 bits", modulusLength);
		return (await generateKey("rsa", { modulusLength })).privateKey;
	}
	if (type === "ecdsa") {
		const namedCurve = CURVES[bits ?? 256];
		if (namedCurve === undefined) throw wrongBits("ecdsa keys have 256, 384 or 521 bits", bits);
		return (await generateKey("ec", { namedCurve })).privateKey;
	}
	if (bits !== undefined && bits !== 256) throw wrongBits("ed25519 keys have 256 bits", bits);
	return (await generateKey("ed25519")).privateKey;
}

function wrongBits(rule: string, bits: number | undefined): FormatError {
	return new FormatError(
		`can't have ${bits} bits: ${rule}`,
		"Give such a number with the option bits, or another type",
	);
}
