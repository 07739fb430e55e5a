import type { KeyObject, X509Certificate } from "node:crypto";
import type { Name } from "@peculiar/asn1-x509";
import { FormatError, type Keys } from "../format.js";
import { narrowed, refusedName } from "./constraints.js";
import { type Content, readContent } from "./content.js";
import { isSelfSigned, readValue, validityOf } from "./value.js";

/** A CA of the store, ready to sign. */
export interface Issuer {
	readonly ca: string;
	readonly key: KeyObject;
	readonly name: Name;
	readonly content: Content;
	/** Its subjectKeyIdentifier, where it has one. */
	readonly keyId: ArrayBuffer | undefined;
	readonly start: Date;
	readonly end: Date;
	/** Its certificates for those who only know the root: without that one. */
	readonly chain: readonly X509Certificate[];
}

/**
 * The CA that a key of the store holds.
 *
 * @throws {FormatError} for a key that holds none, or one that can't sign now
 */
export async function readIssuer(ca: string, keys: Keys): Promise<Issuer> {
	const quoted = JSON.stringify(ca);
	if (ca === keys.own) {
		throw new FormatError(
			"can't be signed by itself with the option ca",
			"A certificate without ca is signed by itself",
		);
	}
	const value = await keys.read(ca);
	if (value === undefined) {
		throw new FormatError(`needs the CA ${quoted}, and the store has no x509 of that name`, makeCa(ca));
	}
	const { key, leaf, chain } = readCaValue(value, quoted);
	const { content, keyId } = readContent(leaf);
	// Without the extension there is no limit to what the key is for.
	if (!content.isCa || !(content.keyUsages.length === 0 || content.keyUsages.includes("keyCertSign"))) {
		throw new FormatError(
			`can't be signed by ${quoted}, which is no CA: its certificate may not sign others`,
			`Name another key, or make a CA. ${makeCa("NAME")}`,
		);
	}
	const { start, end } = validityOf(leaf);
	refuseOutOfTime(ca, start, end, keys.now());
	return {
		ca,
		key,
		name: content.subject,
		content,
		keyId,
		start,
		end,
		chain: [leaf, ...chain].filter((each) => !isSelfSigned(each)),
	};
}

/**
 * What a certificate says, with what it takes over from the CA that is to sign it.
 *
 * @throws {FormatError} for what that CA may not sign
 */
export function contentUnder(issuer: Issuer, content: Content): Content {
	const { constraints } = issuer.content;
	const quoted = JSON.stringify(issuer.ca);
	const refused = constraints && refusedName(content, constraints);
	if (refused !== undefined) {
		throw new FormatError(
			`has the name ${JSON.stringify(refused)}, which the name constraints of the CA ${quoted} don't permit`,
			"Leave the name out, or have another CA sign it",
		);
	}
	if (!content.isCa) return content;
	const pathLength = pathLengthUnder(issuer, content);
	const narrow = constraints && narrowed(content.constraints, constraints);
	if (typeof narrow === "string") {
		throw new FormatError(
			`has the name constraint ${JSON.stringify(narrow)}, which lies outside of those of the CA ${quoted}`,
			"Name only what lies within them, or have another CA sign it",
		);
	}
	return { ...content, pathLength, constraints: narrow ?? content.constraints };
}

/** @throws {FormatError} */
function readCaValue(value: string, quoted: string) {
	try {
		return readValue(value);
	} catch (error) {
		if (!(error instanceof FormatError)) throw error;
		throw new FormatError(
			`can't be signed by ${quoted}, whose x509 ${error.message}`,
			"A CA that signs has its private key in the store: import both with trocla set",
		);
	}
}

/** @throws {FormatError} */
function refuseOutOfTime(ca: string, start: Date, end: Date, now: Date): void {
	if (now > end) {
		throw new FormatError(
			`can't be signed by ${JSON.stringify(ca)}, which ended on ${end.toISOString().slice(0, 10)}`,
			`Renew it, which keeps its key: trocla get ${shellWord(ca)} x509 --renew-before 30d --render certonly`,
		);
	}
	if (now < start) {
		throw new FormatError(
			`can't be signed by ${JSON.stringify(ca)}, which begins on ${start.toISOString().slice(0, 10)} only`,
			"Look at this machine's clock, or name another CA",
		);
	}
}

/** @throws {FormatError} */
function pathLengthUnder({ ca, content: { pathLength: above } }: Issuer, { pathLength }: Content): number | undefined {
	if (above === undefined) return pathLength;
	if (above === 0) {
		throw new FormatError(
			`can't be a CA below ${JSON.stringify(ca)}, whose path_length is 0`,
			"Have another CA sign it, or leave become_ca out",
		);
	}
	if (pathLength !== undefined && pathLength >= above) {
		throw new FormatError(
			`has a path_length of ${pathLength}, and below ${JSON.stringify(ca)} it is ${above - 1} at most`,
			"Choose a smaller one, or leave it out",
		);
	}
	return pathLength ?? above - 1;
}

function makeCa(ca: string): string {
	return `Make it with: trocla create ${shellWord(ca)} x509 'become_ca: true'`;
}

/** A key as a POSIX shell takes it literally. */
function shellWord(key: string): string {
	return /^[A-Za-z0-9_][A-Za-z0-9_.:/@%+-]*$/.test(key) ? key : `'${key.replaceAll("'", "'\\''")}'`;
}
