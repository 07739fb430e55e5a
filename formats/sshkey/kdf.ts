import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";

const BLOCK_BYTES = 32;

/**
 * OpenBSD's bcrypt_pbkdf(3), from which OpenSSH takes the key that encrypts a private key.
 *
 * A round takes 6 ms for each 32 bytes, and what else the process has to do comes in between.
 *
 * @param length - bytes of key, at least 1
 * @param rounds - at least 1
 */
export async function bcryptPbkdf(passphrase: string, salt: Buffer, length: number, rounds: number): Promise<Buffer> {
	const { hash } = await import("bcrypt-pbkdf");
	const password = sha512(Buffer.from(passphrase));
	const blocks = Math.ceil(length / BLOCK_BYTES);
	const key = Buffer.alloc(length);
	for (let block = 0; block < blocks; block++) {
		const sum = Buffer.alloc(BLOCK_BYTES);
		let last = Buffer.concat([salt, Buffer.from([0, 0, 0, block + 1])]);
		for (let round = 0; round < rounds; round++) {
			const out = Buffer.alloc(BLOCK_BYTES);
			hash(password, sha512(last), out);
			for (const [index, byte] of out.entries()) sum[index] = (sum[index] ?? 0) ^ byte;
			last = out;
			await nextTurn();
		}
		// Unlike PBKDF2's, its blocks do not follow one another: the key has a byte of each in turn.
		for (let index = block; index < length; index += blocks) key[index] = sum[Math.floor(index / blocks)] ?? 0;
	}
	return key;
}

function sha512(bytes: Buffer): Buffer {
	return createHash("sha512").update(bytes).digest();
}
