import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import * as v from "valibot";
import { CRYPT_ALPHABET, type CryptMethod, cryptSalt, type PortableCrypt } from "./crypt3.js";
import { wholeNumber } from "./schema.js";

/** What crypt(5) gives to sha256crypt and sha512crypt: the number of rounds, and what it is when it is not written out. */
export const DEFAULT_ROUNDS = 5000;

const MIN_ROUNDS = 1000;
const MAX_ROUNDS = 999_999_999;
const SALT_LENGTH = 16;

export const shaCryptOptions = v.strictObject({
	rounds: v.optional(wholeNumber(MIN_ROUNDS, MAX_ROUNDS), DEFAULT_ROUNDS),
});

/** crypt_gensalt(3)'s count: 0 leaves `rounds=` out of the hash, as mkpasswd(1) and passwd(1) do. */
export const roundsCost = (rounds: number) => (rounds === DEFAULT_ROUNDS ? 0 : rounds);

/** One of the two digests that SHA-crypt is defined for. */
interface Digest {
	readonly prefix: "$5$" | "$6$";
	readonly algorithm: "sha256" | "sha512";
}

/** SHA-crypt over one of its digests, as a method of crypt(5). */
export function shaCryptMethod(digest: Digest): CryptMethod & { readonly portable: PortableCrypt } {
	const { prefix, algorithm } = digest;
	return {
		prefix,
		shape: algorithm === "sha256" ? SHA256_SHAPE : SHA512_SHAPE,
		portable: {
			gensalt: (rounds) => `${prefix}${rounds ? `rounds=${rounds}$` : ""}${cryptSalt(SALT_LENGTH)}`,
			crypt: (phrase, setting) => shaCrypt(digest, phrase, setting),
		},
	};
}

// crypt(5), and the empty salt that crypt(3) takes besides.
const SHA256_SHAPE = /^\$5\$(rounds=[1-9][0-9]{0,8}\$)?[^$:\n]{0,16}\$[./0-9A-Za-z]{43}$/;
const SHA512_SHAPE = /^\$6\$(rounds=[1-9][0-9]{0,8}\$)?[^$:\n]{0,16}\$[./0-9A-Za-z]{86}$/;

/**
 * The hash of a phrase under `$5$[rounds=N$]salt` or `$6$[rounds=N$]salt`, to which a hash may be attached: Ulrich
 * Drepper, "Unix crypt using SHA-256 and SHA-512", whose names and steps these are.
 */
async function shaCrypt(digest: Digest, phrase: string, setting: string): Promise<string> {
	const { rounds, salt, head } = parseSetting(digest, setting);
	const password = Buffer.from(phrase);
	const sha = (...parts: readonly Uint8Array[]) => {
		const hash = createHash(digest.algorithm);
		for (const part of parts) hash.update(part);
		return hash.digest();
	};

	// Steps 1 to 12: the password and its length, bit by bit from the lowest.
	const b = sha(password, salt, password);
	const bits = [...password.length.toString(2)].reverse();
	let a = sha(password, salt, repeated(b, password.length), ...bits.map((bit) => (bit === "1" ? b : password)));

	// Steps 13 to 20: P and S are as long as the password and the salt.
	const p = repeated(sha(...Array<Buffer>(password.length).fill(password)), password.length);
	const s = repeated(sha(...Array<Buffer>(16 + (a[0] ?? 0)).fill(salt)), salt.length);

	// Step 21.
	for (let round = 0; round < rounds; round++) {
		const odd = round % 2 === 1;
		a = sha(odd ? p : a, ...(round % 3 ? [s] : []), ...(round % 7 ? [p] : []), odd ? a : p);
		if (round % ROUNDS_AT_A_TIME === ROUNDS_AT_A_TIME - 1) await setImmediate();
	}

	return `${head}$${print(a, digest.algorithm === "sha256" ? 2 : 1)}`;
}

// What a computer does in about a millisecond: other work gets its turn in between.
const ROUNDS_AT_A_TIME = 250;

function parseSetting(digest: Digest, setting: string): { rounds: number; salt: Buffer; head: string } {
	const [, asked, text = ""] = /^(?:rounds=(\d+)\$)?([^$]*)/.exec(setting.slice(digest.prefix.length)) ?? [];
	// The specification brings rounds into range, and cuts a long salt.
	const rounds = Math.min(MAX_ROUNDS, Math.max(MIN_ROUNDS, Number(asked ?? DEFAULT_ROUNDS)));
	const salt = text.slice(0, SALT_LENGTH);
	return {
		rounds,
		salt: Buffer.from(salt),
		head: `${digest.prefix}${asked === undefined ? "" : `rounds=${rounds}$`}${salt}`,
	};
}

/** The bytes over and over, up to this length. */
function repeated(bytes: Buffer, length: number): Buffer {
	return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

/**
 * Step 22: the digest is read as three rows, and each column of them is printed as four characters. From one
 * column to the next the byte that comes first moves down by `turn` rows. What the rows leave over comes last.
 */
function print(digest: Buffer, turn: number): string {
	const length = Math.floor(digest.length / 3);
	const columns = Array.from({ length }, (_, column) =>
		[0, 1, 2].map((row) => digest[column + ((column * turn + row) % 3) * length] ?? 0),
	);
	return [...columns, [...digest.subarray(3 * length)].reverse()].map(printGroup).join("");
}

/** Bytes, the most significant first, in crypt(5)'s base 64, which prints the least significant six bits first. */
function printGroup(bytes: readonly number[]): string {
	const value = bytes.reduce((sum, byte) => (sum << 8) | byte, 0);
	return Array.from(
		{ length: Math.ceil((bytes.length * 8) / 6) },
		(_, index) => CRYPT_ALPHABET[(value >> (6 * index)) & 63],
	).join("");
}
