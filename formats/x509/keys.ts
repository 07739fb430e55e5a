import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { FormatError } from "../format.js";
import type { X509Options } from "./options.js";

/** A private key, and its PEM. */
export interface PrivateKey {
	readonly key: KeyObject;
	readonly keyText: string;
}

type KeyKind = { type: "rsa"; bits: number } | { type: "ec"; curve: string } | { type: "ed25519" | "ed448" };

const USUAL_BITS = 4096;

/**
 * A new private key, in PKCS#8, made off the event loop: of the kind that the options tell, else of the kind of the
 * key whose place it takes, else RSA. A keysize is of RSA keys, and no fault with others: a configuration may give one
 * for all certificates.
 *
 * @throws {FormatError} for a key that none is made like
 */
export async function newKey(options: X509Options, before?: KeyObject): Promise<PrivateKey> {
	const key = await generate(kindFor(options, before));
	return { key, keyText: key.export({ type: "pkcs8", format: "pem" }).toString() };
}

function kindFor({ key_type, keysize }: X509Options, before: KeyObject | undefined): KeyKind {
	const old = key_type === undefined && before ? kindOf(before) : undefined;
	if (old && old.type !== "rsa") return old;
	switch (key_type) {
		case "p256":
			return { type: "ec", curve: "P-256" };
		case "p384":
			return { type: "ec", curve: "P-384" };
		case "ed25519":
			return { type: "ed25519" };
		default:
			return { type: "rsa", bits: keysize ?? old?.bits ?? USUAL_BITS };
	}
}

/** @throws {FormatError} for a key that none is made like */
function kindOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): KeyKind {
	if (type === "rsa") return { type, bits: Math.max(details?.modulusLength ?? 0, 2048) };
	if (type === "ec" && details?.namedCurve) return { type, curve: details.namedCurve };
	if (type === "ed25519" || type === "ed448") return { type };
	throw new FormatError(`makes no keys of the type ${type}, which the old one is`, "Say with key_type which to make");
}

async function generate(kind: KeyKind): Promise<KeyObject> {
	switch (kind.type) {
		case "rsa":
			return (await promisify(generateKeyPair)("rsa", { modulusLength: kind.bits })).privateKey;
		case "ec":
			return (await promisify(generateKeyPair)("ec", { namedCurve: kind.curve })).privateKey;
		case "ed25519":
			return (await promisify(generateKeyPair)("ed25519")).privateKey;
		case "ed448":
			return (await promisify(generateKeyPair)("ed448")).privateKey;
	}
}
