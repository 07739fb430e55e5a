import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { FormatError } from "../format.js";

/** What a stored value holds. */
export interface X509Value {
	/** The private key's PEM as it stands in the value, and the key. */
	readonly keyText: string;
	readonly key: KeyObject;
	/** The key's own certificate. */
	readonly leaf: X509Certificate;
	/** The certificates of the CAs above it that the value has, each that of the one before it. */
	readonly chain: readonly X509Certificate[];
}

/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
	readonly label: string;
	/** From its first line to its last, with a newline at its end. */
	readonly text: string;
}

const BLOCK = /^-----BEGIN (?<label>[A-Z0-9 ]+)-----[ \t]*\r?\n[^-]*(?:-(?!----)[^-]*)*-----END \k<label>-----/gm;

/** The blocks of a text, which may have other text around them. */
export function pemBlocks(text: string): PemBlock[] {
	return [...text.matchAll(BLOCK)].map((match) => ({
		label: match.groups?.label ?? "",
		text: `${match[0]}\n`,
	}));
}

export const isPrivateKey = ({ label }: PemBlock) => /^(?:[A-Z]+ )*PRIVATE KEY$/.test(label);
export const isCertificate = ({ label }: PemBlock) => label === "CERTIFICATE";

/** @throws {FormatError} for a value without a private key */
export function keyText(value: string): string {
	return required(pemBlocks(value).find(isPrivateKey), "has no private key in this value").text;
}

/**
 * The certificates' PEM, the key's own first.
 *
 * @throws {FormatError} for a value without any
 */
export function certificateTexts(value: string): [string, ...string[]] {
	const [first, ...others] = pemBlocks(value).filter(isCertificate);
	return [required(first, "has no certificate in this value").text, ...others.map(({ text }) => text)];
}

/** @throws {FormatError} for a certificate that can't be read */
export function readCertificate(pem: string): X509Certificate {
	try {
		return new X509Certificate(pem);
	} catch {
		throw new FormatError("has a certificate that can't be read: it is damaged, or no X.509 certificate");
	}
}

/** @throws {FormatError} for a key that can't be read */
export function readPrivateKey(pem: string): KeyObject {
	try {
		return createPrivateKey(pem);
	} catch {
		throw new FormatError(
			"has a private key that can't be read: it is damaged, or of a kind that OpenSSL does not know",
		);
	}
}

/**
 * A stored value: a private key and its certificate, and the certificates above it.
 *
 * @throws {FormatError} for a value that is not that
 */
export function readValue(value: string): X509Value {
	const text = keyText(value);
	const key = readPrivateKey(text);
	const [leaf, ...chain] = certificateTexts(value);
	const certificate = readCertificate(leaf);
	if (!certificate.checkPrivateKey(key)) {
		throw new FormatError("has a certificate in this value that is not of the value's private key");
	}
	return { keyText: text, key, leaf: certificate, chain: chain.map(readCertificate) };
}

export function isSelfSigned(certificate: X509Certificate): boolean {
	// checkIssued() would ask for keyCertSign, which only CAs have.
	return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

/**
 * When a certificate begins and ends.
 *
 * @throws {FormatError} for one with a time that is none
 */
export function validityOf({ validFrom, validTo }: X509Certificate): { start: Date; end: Date } {
	const [start, end] = [new Date(validFrom), new Date(validTo)];
	if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) {
		throw new FormatError("has a certificate that can't be read: it does not say when it ends");
	}
	return { start, end };
}

function required<T>(found: T | undefined, message: string): T {
	if (found === undefined) {
		throw new FormatError(message, "A value of this format is a private key in PEM and behind it its certificate");
	}
	return found;
}
