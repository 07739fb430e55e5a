import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { CRYPT_ALPHABET } from "./crypt3.js";
import { DEFAULT_ROUNDS, MAX_ROUNDS, MIN_ROUNDS, SALT_LENGTH } from "./sha-crypt.js";

const PREFIX = "$5$";

/**
 * The hash of a phrase under `$5$[rounds=N$]salt`, to which a hash may be attached: Ulrich Drepper, "Unix crypt using
 * SHA-256 and SHA-512", whose names and steps these are. (The library unixcrypt is wrong for each password whose length
 * is a multiple of 32 bytes.)
 */
export async function portableSha256Crypt(phrase: string, setting: string): Promise<string> {
	const { rounds, salt, head } = parseSetting(setting);
	return `${head}$${await sha256CryptDigest(Buffer.from(phrase), salt, rounds)}`;
}

/** The hash itself, 43 characters, for a salt of any length. */
export async function sha256CryptDigest(password: Buffer, salt: Buffer, rounds: number): Promise<string> {
	const sha = (...parts: readonly Uint8Array[]) => {
		const hash = createHash("sha256");
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

	return print(a);
}

// What a computer does in about a millisecond: other work gets its turn in between.
const ROUNDS_AT_A_TIME = 250;

function parseSetting(setting: string): { rounds: number; salt: Buffer; head: string } {
	const [, asked, text = ""] = /^(?:rounds=(\d+)\$)?([^$]*)/.exec(setting.slice(PREFIX.length)) ?? [];
	// The specification brings rounds into range, and cuts a long salt.
	const rounds = Math.min(MAX_ROUNDS, Math.max(MIN_ROUNDS, Number(asked ?? DEFAULT_ROUNDS)));
	const salt = text.slice(0, SALT_LENGTH);
	return {
		rounds,
		salt: Buffer.from(salt),
		head: `${PREFIX}${asked === undefined ? "" : `rounds=${rounds}$`}${salt}`,
	};
}

/** The bytes over and over, up to this length. */
function repeated(bytes: Buffer, length: number): Buffer {
	return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

/**
 * Step 22: the digest is read as three rows, and each column of them is printed as four characters. From one
 * column to the next the byte that comes first moves down by two rows. What the rows leave over comes last.
 */
function print(digest: Buffer): string {
	const length = Math.floor(digest.length / 3);
	const columns = Array.from({ length }, (_, column) =>
		[0, 1, 2].map((row) => digest[column + ((column * 2 + row) % 3) * length] ?? 0),
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
