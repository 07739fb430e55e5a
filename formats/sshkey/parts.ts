import type { JsonWebKey, KeyObject } from "node:crypto";
import { FormatError } from "../format.js";
import { mpint, string, WireReader } from "./wire.js";

/** A private key as SSH writes it: the fields of its algorithm, in the order of OpenSSH's PROTOCOL.agent, section 3.2. */
export interface SshKey {
	readonly algorithm: Algorithm;
	readonly fields: readonly Buffer[];
}

/** How many fields a private key has, and which of them, in which order, make the public one. */
const ALGORITHMS = {
	// RFC 8709: the public key, and the private with the public one behind it.
	"ssh-ed25519": { fields: 2, public: [0] },
	// RFC 4253, section 6.6: n, e, d, iqmp, p, q; the public key is e, n.
	"ssh-rsa": { fields: 6, public: [1, 0] },
	// RFC 5656: the curve's name, the point, the scalar.
	"ecdsa-sha2-nistp256": { fields: 3, public: [0, 1] },
	"ecdsa-sha2-nistp384": { fields: 3, public: [0, 1] },
	"ecdsa-sha2-nistp521": { fields: 3, public: [0, 1] },
} as const;

type Algorithm = keyof typeof ALGORITHMS;

/** Whose field sizes and names RFC 5656 defines, by JSON Web Key's names. */
const CURVES: { readonly [curve: string]: "nistp256" | "nistp384" | "nistp521" } = {
	"P-256": "nistp256",
	"P-384": "nistp384",
	"P-521": "nistp521",
};

/** The public key as SSH writes it. */
export function publicBlob({ algorithm, fields }: SshKey): Buffer {
	const parts = ALGORITHMS[algorithm].public.map((index) => fields[index] ?? Buffer.alloc(0));
	return Buffer.concat([algorithm, ...parts].map(string));
}

/** Whether a text can stand in a line of `authorized_keys`. */
export function isLine(text: string): boolean {
	return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** The line of `authorized_keys` and `.pub` files for a public key, with a comment that `isLine`. */
export function publicLine(blob: Buffer, comment: string): string {
	return [algorithmOf(blob), blob.toString("base64"), comment].join(" ").trimEnd();
}

/**
 * The algorithm that a public key begins with.
 *
 * @throws {FormatError} for one that trocla doesn't have
 */
export function algorithmOf(blob: Buffer): Algorithm {
	return known(new WireReader(blob).string().toString());
}

/**
 * Reads a private key's algorithm and its fields.
 *
 * @throws {FormatError} where there is no such thing
 */
export function readKey(reader: WireReader): SshKey {
	const algorithm = known(reader.string().toString());
	return { algorithm, fields: Array.from({ length: ALGORITHMS[algorithm].fields }, () => reader.string()) };
}

/** @throws {FormatError} for a key of another type */
export function sshKeyOf(key: KeyObject): SshKey {
	const type = key.asymmetricKeyType;
	if (type !== "ed25519" && type !== "rsa" && type !== "ec") throw unknownType(type ?? "secret");
	const jwk = key.export({ format: "jwk" });
	const part = (name: keyof JsonWebKey) => Buffer.from(String(jwk[name]), "base64url");
	if (type === "ed25519") {
		return { algorithm: "ssh-ed25519", fields: [part("x"), Buffer.concat([part("d"), part("x")])] };
	}
	if (type === "rsa") {
		const names = ["n", "e", "d", "qi", "p", "q"] as const;
		return { algorithm: "ssh-rsa", fields: names.map((name) => mpint(part(name))) };
	}
	const curve = CURVES[jwk.crv ?? ""];
	if (curve === undefined) throw unknownType(`ecdsa on ${jwk.crv}`);
	// SEC 1, section 2.3.3: a point that is not compressed.
	const point = Buffer.concat([Buffer.from([4]), part("x"), part("y")]);
	return { algorithm: `ecdsa-sha2-${curve}`, fields: [Buffer.from(curve), point, mpint(part("d"))] };
}

function known(algorithm: string): Algorithm {
	// It is a name of theirs: that is what was asked.
	if (Object.hasOwn(ALGORITHMS, algorithm)) return algorithm as Algorithm;
	throw unknownType(algorithm);
}

function unknownType(type: string): FormatError {
	return new FormatError(
		`has keys of the types ed25519, rsa and ecdsa (P-256, P-384, P-521), and this one is ${JSON.stringify(type)}`,
		"Make one with `ssh-keygen -t ed25519`, or let trocla make it",
	);
}
