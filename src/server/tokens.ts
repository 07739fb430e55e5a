import { createHash, randomBytes } from "node:crypto";

/** The cookie that has a token, for clients that log in. */
export const TOKEN_COOKIE = "trocla";

/**
 * The tokens of a configuration, which has their SHA-256 alone.
 *
 * A slow, salted hash is for passwords, which can be guessed. A token has 256 random bits: nobody goes through those,
 * however fast the hash is, and each request has to be told apart from the next in microseconds.
 */
export class Tokens {
	readonly #names: ReadonlyMap<string, string>;

	constructor(tokens: { readonly [name: string]: { readonly hash: string } }) {
		this.#names = new Map(Object.entries(tokens).map(([name, { hash }]) => [hash, name]));
	}

	/**
	 * Whose token this is. The time of the look-up tells something of the hash that was looked up, which is of no use to
	 * anyone who can't choose texts by their hashes.
	 */
	nameOf(token: string): string | undefined {
		return this.#names.get(hashOf(token));
	}
}

/** A new token, and the hash that the configuration is to have of it. */
export function newToken(): { readonly token: string; readonly hash: string } {
	const token = randomBytes(32).toString("base64url");
	return { token, hash: hashOf(token) };
}

const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");
