import * as v from "valibot";
import { type Format, FormatError } from "./format.js";
import { checkPrivateKey, privateBlock, readPrivateKey } from "./openpgp/read.js";
import { oneOf, wholeNumber } from "./schema.js";

const NAME_RULE = "must be a text of one line, without < and >";
const EMAIL_RULE = "must be an address like admin@example.com";

const isName = (text: string) => /^[^\p{Cc}\p{Zl}\p{Zp}<>]+$/u.test(text) && text.trim() === text;
const isEmail = (text: string) => /^[^\p{C}\p{Z}@<>()\\]+@[\p{L}\p{N}.-]+[\p{L}\p{N}]$/u.test(text);

const options = v.strictObject({
	type: v.optional(oneOf(["ed25519", "rsa"]), "ed25519"),
	bits: v.optional(wholeNumber(256, 8192)),
	name: v.optional(v.pipe(v.string(NAME_RULE), v.check(isName, NAME_RULE))),
	email: v.optional(v.pipe(v.string(EMAIL_RULE), v.check(isEmail, EMAIL_RULE))),
});

// What GnuPG takes of a user ID, MAX_UID_PACKET_LENGTH of its parse-packet.c.
const MAX_USER_ID_BYTES = 2048;

/**
 * An OpenPGP key that certifies and signs, of version 4 (RFC 4880): its private key in ASCII armor, which has the
 * public one and the user ID in it.
 *
 * `type` is ed25519, in the form that GnuPG 2.2 verifies (EdDSALegacy in RFC 9580, not the newer Ed25519), or rsa, of `bits` 2048 to 8192 (3072 unless told, as GnuPG has it). The user ID is `name`, the
 * key's name unless told, and `email`. There is no passphrase, no subkey, and no end of its validity.
 *
 * A private key that was made elsewhere is taken in as it is, see `checkPrivateKey`; what type it has, it has.
 */
export const openpgp: Format<typeof options> = {
	options,

	async derive(plain, _, { now }) {
		const block = privateBlock(plain);
		await checkPrivateKey(await readPrivateKey(block), now());
		return block;
	},

	async generate({ type, bits, name, email }, { own, now }) {
		const { generateKey } = await import("openpgp");
		const { privateKey } = await generateKey({
			...(type === "rsa" ? { type: "rsa", rsaBits: rsaBits(bits) } : { type: "ecc", curve: ed25519(bits) }),
			userIDs: [userId(name ?? own, email)],
			subkeys: [],
			date: now(),
			format: "armored",
		});
		return privateBlock(privateKey);
	},

	render: {
		/** The public key, in ASCII armor too. */
		async pubonly(value) {
			const key = await readPrivateKey(privateBlock(value));
			return key.toPublic().armor().trimEnd();
		},
	},
};

function userId(name: string, email: string | undefined): { name: string; email?: string } {
	if (!isName(name)) {
		throw new FormatError(
			"can't have this key's name as a user ID, which is one line without < and >",
			"Give another with the option name",
		);
	}
	const bytes = Buffer.byteLength(email === undefined ? name : `${name} <${email}>`);
	if (bytes > MAX_USER_ID_BYTES) {
		throw new FormatError(
			`can't have a user ID of ${bytes} bytes: GnuPG takes ${MAX_USER_ID_BYTES}`,
			"Give a shorter one with the options name and email",
		);
	}
	return email === undefined ? { name } : { name, email };
}

function rsaBits(bits = 3072): number {
	if (bits < 2048) throw wrongBits("rsa keys have 2048 to 8192 bits", bits);
	return bits;
}

function ed25519(bits = 256): "ed25519Legacy" {
	if (bits !== 256) throw wrongBits("ed25519 keys have 256 bits", bits);
	return "ed25519Legacy";
}

function wrongBits(rule: string, bits: number): FormatError {
	return new FormatError(
		`can't have ${bits} bits: ${rule}`,
		"Give such a number with the option bits, or another type",
	);
}
