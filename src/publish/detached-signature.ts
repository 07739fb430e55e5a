import { createHash, type KeyObject, sign } from "node:crypto";

/** An Ed25519 key that signs as OpenPGP's EdDSALegacy, and the fingerprint (20 bytes) of its version 4 key. */
export interface Signer {
	readonly key: KeyObject;
	readonly fingerprint: Buffer;
}

// RFC 9580, sections 5.2.1 (a signature of bytes as they are), 9.1 and 9.5.
const VERSION = 4;
const BINARY_DOCUMENT = 0x00;
const EDDSA_LEGACY = 22;
const SHA512 = 10;

// Section 5.2.3.7.
const CREATION_TIME = 2;
const ISSUER_KEY_ID = 16;
const ISSUER_FINGERPRINT = 33;

// Sections 4.2.1 and 5: the packet's type, 2, in the header that gives the length of one byte.
const SIGNATURE_PACKET = 0xc0 | 2;

/**
 * A detached signature: one version 4 signature packet (RFC 9580, section 5.2.3), as `gpg --detach-sign` writes it.
 *
 * OpenPGP.js takes ten times as long for it, which counts where ten thousand hosts are signed.
 *
 * @param seconds - when it is made, since the epoch
 */
export function detachedSignature(content: Uint8Array, seconds: number, { key, fingerprint }: Signer): Buffer {
	const time = Buffer.alloc(4);
	time.writeUInt32BE(seconds);
	const hashed = Buffer.concat([
		Buffer.of(VERSION, BINARY_DOCUMENT, EDDSA_LEGACY, SHA512),
		area(subpacket(CREATION_TIME, time), subpacket(ISSUER_FINGERPRINT, Buffer.of(VERSION), fingerprint)),
	]);
	// Section 5.2.4: what is hashed behind the content.
	const trailer = Buffer.of(VERSION, 0xff, 0, 0, 0, hashed.length);
	const digest = createHash("sha512").update(content).update(hashed).update(trailer).digest();
	// Section 5.2.3.3: EdDSA signs the hash, and R and S stand as numbers, whatever byte order is theirs (RFC 8032).
	const signature = sign(null, digest, key);
	const body = Buffer.concat([
		hashed,
		// Section 5.5.4.2: the key ID is the end of the fingerprint.
		area(subpacket(ISSUER_KEY_ID, fingerprint.subarray(-8))),
		digest.subarray(0, 2),
		multiprecision(signature.subarray(0, 32)),
		multiprecision(signature.subarray(32)),
	]);
	return Buffer.concat([Buffer.of(SIGNATURE_PACKET, body.length), body]);
}

/** Section 5.2.3.7: a subpacket shorter than 192 bytes; its length counts its type. */
function subpacket(type: number, ...content: readonly Buffer[]): Buffer {
	const body = Buffer.concat([Buffer.of(type), ...content]);
	return Buffer.concat([Buffer.of(body.length), body]);
}

/** Section 5.2.3: subpackets shorter than 256 bytes, behind their length in two bytes. */
function area(...subpackets: readonly Buffer[]): Buffer {
	const body = Buffer.concat(subpackets);
	return Buffer.concat([Buffer.of(0, body.length), body]);
}

/** Section 3.2: a number behind its length in bits, without zero bytes before it. */
function multiprecision(number: Buffer): Buffer {
	const start = number.findIndex((byte) => byte !== 0);
	const bytes = start < 0 ? Buffer.alloc(0) : number.subarray(start);
	const bits = bytes.length * 8 - (Math.clz32(bytes[0] ?? 0xff) - 24);
	return Buffer.concat([Buffer.of(bits >> 8, bits & 0xff), bytes]);
}
