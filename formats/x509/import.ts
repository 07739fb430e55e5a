import type { KeyObject, X509Certificate } from "node:crypto";
import { FormatError } from "../format.js";
import {
	isCertificate,
	isPrivateKey,
	isSelfSigned,
	type PemBlock,
	pemBlocks,
	readCertificate,
	readPrivateKey,
} from "./value.js";

/**
 * A stored value of a private key and a certificate that were made elsewhere, with the certificates above it if they
 * are there, in any order. A text that already is a stored value is kept byte for byte.
 *
 * @throws {FormatError} for a text that lacks one of them, or has what does not belong together
 */
export function importValue(text: string): string {
	const blocks = pemBlocks(text);
	refuseEncrypted(text);
	const keyBlock = onlyKey(blocks);
	const certificates = blocks.filter(isCertificate).map(({ text }) => readCertificate(text));
	const chain = chainOf(readPrivateKey(keyBlock.text), distinct(certificates));
	const wanted = [keyBlock, ...blocks.filter(isCertificate)];
	const isInOrder =
		blocks.every((block, index) => block === wanted[index]) &&
		certificates.length === chain.length &&
		certificates.every((certificate, index) => certificate === chain[index]);
	if (isInOrder) return text;
	// Nobody trusts a root because the peer has sent it.
	const sent = chain.filter((certificate, index) => index === 0 || !isSelfSigned(certificate));
	return [keyBlock.text, ...sent.map(String)].join("");
}

/** @throws {FormatError} */
function refuseEncrypted(text: string): void {
	if (!/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) return;
	throw new FormatError(
		"can't take a private key that is encrypted",
		"Decrypt it first: openssl pkey -in FILE, which asks for its passphrase",
	);
}

/** @throws {FormatError} */
function onlyKey(blocks: readonly PemBlock[]): PemBlock {
	const [key, another] = blocks.filter(isPrivateKey);
	const hasCertificate = blocks.some(isCertificate);
	if (another) throw new FormatError("takes one private key, and this text has more");
	if (key && hasCertificate) return key;
	const takes = "It takes both in PEM, in one text: cat key.pem cert.pem | trocla set KEY x509";
	if (key) throw new FormatError("can't take a private key without its certificate", takes);
	if (hasCertificate) throw new FormatError("can't take a certificate without its private key", takes);
	throw new FormatError("takes no password, but a private key and its certificate", takes);
}

function distinct(certificates: readonly X509Certificate[]): X509Certificate[] {
	const byFingerprint = new Map<string, X509Certificate>();
	for (const certificate of certificates) {
		if (!byFingerprint.has(certificate.fingerprint256)) byFingerprint.set(certificate.fingerprint256, certificate);
	}
	return [...byFingerprint.values()];
}

/**
 * The certificates from a key's own upwards.
 *
 * @throws {FormatError} where there is none of the key, or one is left over
 */
function chainOf(key: KeyObject, certificates: readonly X509Certificate[]): X509Certificate[] {
	const [own, ...twins] = certificates.filter((certificate) => certificate.checkPrivateKey(key));
	if (!own) throw new FormatError("can't take a private key and a certificate that don't belong together");
	const chain = [own];
	const left = new Set(certificates.filter((certificate) => certificate !== own));
	for (let next = issuerOf(own, left); next; next = issuerOf(next, left)) {
		chain.push(next);
		left.delete(next);
	}
	const [stray] = twins.length > 0 ? twins : left;
	if (stray) {
		const subject = JSON.stringify(stray.subject.replaceAll("\n", ", "));
		throw new FormatError(`can't take the certificate of ${subject}, which is none of those above the key's own`);
	}
	return chain;
}

function issuerOf(certificate: X509Certificate, among: Iterable<X509Certificate>): X509Certificate | undefined {
	return [...among].find((other) => certificate.checkIssued(other) && certificate.verify(other.publicKey));
}
