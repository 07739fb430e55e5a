import { createPublicKey } from "node:crypto";
import { FormatError } from "../../formats/format.js";
import { WireReader } from "../../formats/sshkey/wire.js";
import { didYouMean } from "../nearest.js";
import { quoteValue } from "../value.js";
import type { Problem } from "./faults.js";
import { isSmallOrder } from "./small-order.js";

/** What follows a type's name in a public key, and what must hold of it. */
type Fields = (reader: WireReader) => Problem | undefined;

/** The types that sshd takes in authorized_keys, but for ssh-dss, which OpenSSH has given up. */
const TYPES: { readonly [type: string]: Fields } = {
	"ssh-ed25519": ed25519,
	"ecdsa-sha2-nistp256": ecdsa("nistp256", "P-256"),
	"ecdsa-sha2-nistp384": ecdsa("nistp384", "P-384"),
	"ecdsa-sha2-nistp521": ecdsa("nistp521", "P-521"),
	"ssh-rsa": rsa,
	// OpenSSH's PROTOCOL.u2f: the same, and the application that the key was made for.
	"sk-ssh-ed25519@openssh.com": (reader) => ed25519(reader) ?? application(reader),
	"sk-ecdsa-sha2-nistp256@openssh.com": (reader) => ecdsa("nistp256", "P-256")(reader) ?? application(reader),
};

/** NIST SP 800-131A: shorter moduli are no longer enough. */
const MIN_RSA_BITS = 2048;
/** OpenSSH's SSHBUF_MAX_BIGNUM. */
const MAX_RSA_BITS = 16384;

const ED25519_BYTES = 32;

const COPY = "Copy the line of the .pub file again, as ssh-keygen wrote it";

export const isKeyType = (word: string) => Object.hasOwn(TYPES, word);

/**
 * Checks a public key's type and its bytes, RFC 4253 (section 6.6), RFC 5656 and RFC 8709, so that what it lets in is
 * known: the type inside must be the one outside, the numbers must have their sizes, and nothing may follow.
 *
 * @param base64 - without blanks
 * @returns what is wrong with it
 */
export function checkPublicKey(type: string, base64: string): Problem | undefined {
	const fields = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
	if (!fields) return unknownType(type);
	const blob = Buffer.from(base64, "base64");
	if (blob.length === 0 || blob.toString("base64") !== base64) return ["is not whole base64", COPY];
	try {
		const reader = new WireReader(blob);
		const embedded = reader.string().toString();
		if (embedded !== type) return [`says ${type}, and is ${quoteValue(embedded)} inside`, COPY];
		const problem = fields(reader);
		if (problem) return problem;
		return reader.rest.length > 0 ? ["has more bytes than a key of its type", COPY] : undefined;
	} catch (error) {
		if (error instanceof FormatError) return ["ends too early", COPY];
		throw error;
	}
}

/** The type that a public key names inside; `undefined` for what is no whole base64, or too short to name any. */
export function typeInside(base64: string): string | undefined {
	const blob = Buffer.from(base64, "base64");
	if (blob.toString("base64") !== base64) return undefined;
	try {
		return new WireReader(blob).string().toString();
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

function unknownType(type: string): Problem {
	if (type === "ssh-dss") {
		return ["is of the type ssh-dss, which OpenSSH takes no longer", "Make one with: ssh-keygen -t ed25519"];
	}
	if (/-cert-v0[01]@openssh\.com$/.test(type)) {
		return [
			"is a certificate, which sshd looks for in no such line",
			"Give the key of its CA, with the option cert-authority",
		];
	}
	return [`is of a type that sshd does not have: ${quoteValue(type)}`, didYouMean(type, Object.keys(TYPES))];
}

function ed25519(reader: WireReader): Problem | undefined {
	const key = reader.string();
	if (key.length !== ED25519_BYTES) {
		return [`has ${key.length} bytes, where Ed25519 has ${ED25519_BYTES}`, COPY];
	}
	if (!isSmallOrder(key)) return undefined;
	return ["is no key but a placeholder: anybody can sign for it", COPY];
}

/** RFC 5656, section 3.1: the curve's name, and the point of SEC 1, section 2.3.3, which must not be compressed. */
function ecdsa(name: string, crv: string): Fields {
	return (reader) => {
		const curve = reader.string().toString();
		const point = reader.string();
		if (curve !== name) return [`is on the curve ${quoteValue(curve)}, and says ${name}`, COPY];
		return isOnCurve(crv, point) ? undefined : [`has no point of ${name}`, COPY];
	};
}

function isOnCurve(crv: string, point: Buffer): boolean {
	if (point[0] !== 4 || point.length % 2 === 0) return false;
	const half = (point.length - 1) / 2;
	const x = point.subarray(1, 1 + half).toString("base64url");
	const y = point.subarray(1 + half).toString("base64url");
	try {
		const jwk = createPublicKey({ key: { kty: "EC", crv, x, y }, format: "jwk" }).export({ format: "jwk" });
		// Node takes coordinates of other lengths, and writes those of the curve's.
		return jwk.x === x && jwk.y === y;
	} catch {
		return false;
	}
}

/** RFC 4253, section 6.6: the exponent and the modulus. */
function rsa(reader: WireReader): Problem | undefined {
	const exponent = positive(reader.string());
	const modulus = positive(reader.string());
	if (!exponent || !modulus || !isOdd(exponent) || !isOdd(modulus) || exponent.equals(Buffer.from([1]))) {
		return ["has numbers that no RSA key has", COPY];
	}
	const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
	if (bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS) return undefined;
	return [
		`is an RSA key of ${bits} bits, and must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`,
		"Make another with: ssh-keygen -t ed25519",
	];
}

const isOdd = (number: Buffer) => ((number.at(-1) ?? 0) & 1) === 1;

/** The number of RFC 4251's mpint, big-endian; `undefined` for one that is not above 0, or has zeros that it need not have. */
function positive(mpint: Buffer): Buffer | undefined {
	const [first = 0, second = 0] = mpint;
	if (first > 0x7f || mpint.length === 0) return undefined;
	if (first !== 0) return mpint;
	return second > 0x7f ? mpint.subarray(1) : undefined;
}

function application(reader: WireReader): Problem | undefined {
	const name = reader.string();
	return name.length > 0 && !name.includes(0) ? undefined : ["has no application, as FIDO keys have", COPY];
}
