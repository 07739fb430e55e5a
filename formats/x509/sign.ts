import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { promisify } from "node:util";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
	AlgorithmIdentifier,
	AuthorityKeyIdentifier,
	BasicConstraints,
	Certificate,
	ExtendedKeyUsage,
	Extension,
	Extensions,
	id_ce_authorityKeyIdentifier,
	id_ce_basicConstraints,
	id_ce_extKeyUsage,
	id_ce_keyUsage,
	id_ce_nameConstraints,
	id_ce_subjectAltName,
	id_ce_subjectKeyIdentifier,
	KeyIdentifier,
	KeyUsage,
	type Name,
	SubjectAlternativeName,
	SubjectKeyIdentifier,
	SubjectPublicKeyInfo,
	TBSCertificate,
	Validity,
	Version,
} from "@peculiar/asn1-x509";
import { FormatError } from "../format.js";
import type { Content } from "./content.js";
import type { X509Options } from "./options.js";
import { keyUsageNames } from "./usages.js";

/** A certificate that is to be signed. */
export interface Draft {
	readonly content: Content;
	/** The private key that it is for. */
	readonly key: KeyObject;
	/** The subjectKeyIdentifier that others know the key by; without it, RFC 5280's. */
	readonly keyId: ArrayBuffer | undefined;
	readonly start: Date;
	readonly end: Date;
	readonly serial: X509Options["serial"];
}

/** Who signs it. */
export interface Signer {
	readonly name: Name;
	readonly key: KeyObject;
	readonly keyId: ArrayBuffer | undefined;
	readonly hash: X509Options["hash"];
}

/**
 * A certificate in PEM, version 3 (RFC 5280). Without a serial it gets one of 158 random bits, so that any number of
 * processes can sign at once.
 *
 * @throws {FormatError} for a signer's key that signs no certificates
 */
export async function signedCertificate(draft: Draft, signer: Signer): Promise<string> {
	const { algorithm, digest } = signatureOf(signer);
	const tbsCertificate = new TBSCertificate({
		version: Version.v3,
		serialNumber: serialNumber(draft.serial),
		signature: algorithm,
		issuer: signer.name,
		validity: new Validity({ notBefore: draft.start, notAfter: draft.end }),
		subject: draft.content.subject,
		subjectPublicKeyInfo: AsnConvert.parse(publicKeyOf(draft.key), SubjectPublicKeyInfo),
		extensions: extensionsOf(draft, signer),
	});
	const signature = await promisify(sign)(digest, Buffer.from(AsnConvert.serialize(tbsCertificate)), signer.key);
	const certificate = new Certificate({
		tbsCertificate,
		signatureAlgorithm: algorithm,
		signatureValue: bytesOf(signature),
	});
	return pem(Buffer.from(AsnConvert.serialize(certificate)));
}

function pem(der: Buffer): string {
	const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
	return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** As a positive DER integer of 20 octets at most. */
function serialNumber(serial: X509Options["serial"]): ArrayBuffer {
	if (serial === undefined) {
		const bytes = randomBytes(20);
		bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
		return bytesOf(bytes);
	}
	const hex = BigInt(serial).toString(16);
	const even = hex.length % 2 === 0 ? hex : `0${hex}`;
	return bytesOf(Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, "hex"));
}

function extensionsOf({ content, key, keyId }: Draft, signer: Signer): Extensions {
	const { isCa, pathLength, keyUsages, purposes, altNames, constraints, others, subject } = content;
	const authority = signer.keyId ?? usualKeyId(signer.key);
	const bits = keyUsages.reduce((sum, usage) => sum | (1 << keyUsageNames.indexOf(usage)), 0);
	const basic = new BasicConstraints({ cA: isCa, ...(pathLength !== undefined && { pathLenConstraint: pathLength }) });
	return new Extensions([
		extension(id_ce_basicConstraints, basic, isCa),
		...(bits === 0 ? [] : [extension(id_ce_keyUsage, new KeyUsage(bits), true)]),
		...(purposes.length === 0 ? [] : [extension(id_ce_extKeyUsage, new ExtendedKeyUsage([...purposes]))]),
		extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyId ?? usualKeyId(key))),
		extension(
			id_ce_authorityKeyIdentifier,
			new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(authority) }),
		),
		...(altNames.length === 0
			? []
			: [extension(id_ce_subjectAltName, new SubjectAlternativeName([...altNames]), subject.length === 0)]),
		...(constraints ? [extension(id_ce_nameConstraints, constraints, true)] : []),
		...others,
	]);
}

function extension(id: string, content: object, critical = false): Extension {
	return new Extension({ extnID: id, critical, extnValue: new OctetString(AsnConvert.serialize(content)) });
}

/** RFC 5280, section 4.2.1.2, method 1: the SHA-1 of the public key's bits, as a name and no signature. */
function usualKeyId(key: KeyObject): ArrayBuffer {
	const { subjectPublicKey } = AsnConvert.parse(publicKeyOf(key), SubjectPublicKeyInfo);
	return bytesOf(createHash("sha1").update(Buffer.from(subjectPublicKey)).digest());
}

function publicKeyOf(privateKey: KeyObject): Buffer {
	return createPublicKey(privateKey).export({ type: "spki", format: "der" });
}

function bytesOf(buffer: Buffer): ArrayBuffer {
	return new Uint8Array(buffer).buffer;
}

type Hash = "sha224" | "sha256" | "sha384" | "sha512";

/** RFC 4055 and RFC 5758. */
const ALGORITHMS: { readonly [type in "rsa" | "ec"]: { readonly [hash in Hash]: string } } = {
	rsa: {
		sha224: "1.2.840.113549.1.1.14",
		sha256: "1.2.840.113549.1.1.11",
		sha384: "1.2.840.113549.1.1.12",
		sha512: "1.2.840.113549.1.1.13",
	},
	ec: {
		sha224: "1.2.840.10045.4.3.1",
		sha256: "1.2.840.10045.4.3.2",
		sha384: "1.2.840.10045.4.3.3",
		sha512: "1.2.840.10045.4.3.4",
	},
};

/** RFC 8410: these have a hash of their own. */
const EDWARDS = { ed25519: "1.3.101.112", ed448: "1.3.101.113" };

/** @throws {FormatError} */
function signatureOf({ key, hash }: Signer): { algorithm: AlgorithmIdentifier; digest: string | null } {
	const type = key.asymmetricKeyType;
	if (type === "ed25519" || type === "ed448") {
		return { algorithm: new AlgorithmIdentifier({ algorithm: EDWARDS[type] }), digest: null };
	}
	if (type !== "rsa" && type !== "ec") {
		throw new FormatError(`can't be signed with a key of the type ${type}`, "Use a key of RSA, ECDSA or Ed25519");
	}
	const digest = hash === undefined ? usualHash(key) : hash === "sha2" ? "sha256" : hash;
	const parameters = type === "rsa" ? { parameters: null } : {};
	return { algorithm: new AlgorithmIdentifier({ algorithm: ALGORITHMS[type][digest], ...parameters }), digest };
}

/** A hash that is as strong as the curve. */
function usualHash({ asymmetricKeyDetails }: KeyObject): Hash {
	switch (asymmetricKeyDetails?.namedCurve) {
		case "secp384r1":
			return "sha384";
		case "secp521r1":
			return "sha512";
		default:
			return "sha256";
	}
}
