import type { X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
	AttributeTypeAndValue,
	AttributeValue,
	BasicConstraints,
	Certificate,
	ExtendedKeyUsage,
	type Extension,
	GeneralName,
	GeneralSubtree,
	GeneralSubtrees,
	id_ce_authorityKeyIdentifier,
	id_ce_basicConstraints,
	id_ce_extKeyUsage,
	id_ce_keyUsage,
	id_ce_nameConstraints,
	id_ce_subjectAltName,
	id_ce_subjectKeyIdentifier,
	KeyUsage,
	Name,
	NameConstraints,
	RelativeDistinguishedName,
	SubjectAlternativeName,
	SubjectKeyIdentifier,
} from "@peculiar/asn1-x509";
import { FormatError } from "../format.js";
import { altNameOfCn, type OtherName, parseAltName, parseConstraint } from "./names.js";
import type { X509Options } from "./options.js";
import { CN_OID, parseSubject, type SubjectPart, subjectOptions, subjectPart } from "./subject.js";
import { type KeyUsageName, keyUsageNames, purposeOid, tlsPurposes } from "./usages.js";

/** What a certificate says of its key, whoever signs it. */
export interface Content {
	readonly subject: Name;
	readonly isCa: boolean;
	/** How many CAs may stand between this one and a certificate of another kind. */
	readonly pathLength: number | undefined;
	readonly keyUsages: readonly KeyUsageName[];
	/** OIDs. */
	readonly purposes: readonly string[];
	readonly altNames: readonly GeneralName[];
	readonly constraints: NameConstraints | undefined;
	/** Extensions that trocla makes none of, from a certificate that was made elsewhere. */
	readonly others: readonly Extension[];
}

/**
 * What a certificate is to say: what the options tell, else what the certificate said whose place it takes, else the
 * usual.
 *
 * @param own - the key of the store, which is the CN unless there is another
 * @param keyType - as node:crypto names it
 * @throws {FormatError} for options that don't go together
 */
export function contentFor(options: X509Options, own: string, keyType: string | undefined, before?: Content): Content {
	const isCa = options.become_ca ?? before?.isCa ?? false;
	refuseCaOptions(options, isCa);
	const inherited = before?.isCa === isCa ? before : undefined;
	const subject = subjectOf(options, own) ?? before?.subject ?? toName([ownCn(own)]);
	return {
		subject,
		isCa,
		pathLength: options.path_length ?? inherited?.pathLength,
		keyUsages: options.key_usages ?? usableWith(keyType, inherited) ?? usualKeyUsages(isCa, keyType),
		purposes: options.extended_key_usages?.map(oidOfPurpose) ?? inherited?.purposes ?? usualPurposes(isCa),
		altNames: altNamesOf(options, cnOf(subject), isCa) ?? before?.altNames ?? usualAltNames(cnOf(subject), isCa),
		constraints: constraintsOf(options) ?? inherited?.constraints,
		others: before?.others ?? [],
	};
}

/**
 * What a certificate says, and its subjectKeyIdentifier where it has one.
 *
 * @throws {FormatError} for one that node:crypto reads, but not this
 */
export function readContent({ raw }: X509Certificate): { content: Content; keyId: ArrayBuffer | undefined } {
	try {
		const read = contentOf(AsnConvert.parse(raw, Certificate));
		refuseChanged(raw, read.content);
		return read;
	} catch (error) {
		throw new FormatError(`has a certificate that can't be read: ${error instanceof Error ? error.message : error}`);
	}
}

/**
 * What is copied into other certificates has to be what it was, byte for byte: an issuer's name or a constraint that is
 * written in an unusual way may not be.
 */
function refuseChanged(raw: Buffer, { subject, altNames, constraints }: Content): void {
	const names = altNames.length > 0 ? [new SubjectAlternativeName([...altNames])] : [];
	for (const part of [subject, ...names, ...(constraints ? [constraints] : [])]) {
		if (!raw.includes(Buffer.from(AsnConvert.serialize(part)))) throw new Error("its names are not in DER");
	}
}

function contentOf({ tbsCertificate: { subject, extensions = [] } }: Certificate) {
	const read = <T>(id: string, type: new () => T): T | undefined => {
		const extension = [...extensions].find(({ extnID }) => extnID === id);
		return extension && AsnConvert.parse(extension.extnValue, type);
	};
	const basic = read(id_ce_basicConstraints, BasicConstraints);
	const usages = read(id_ce_keyUsage, KeyUsage)?.toNumber() ?? 0;
	const content: Content = {
		subject,
		isCa: basic?.cA ?? false,
		pathLength: basic?.pathLenConstraint,
		keyUsages: keyUsageNames.filter((_, bit) => usages & (1 << bit)),
		purposes: [...(read(id_ce_extKeyUsage, ExtendedKeyUsage) ?? [])],
		altNames: [...(read(id_ce_subjectAltName, SubjectAlternativeName) ?? [])],
		constraints: read(id_ce_nameConstraints, NameConstraints),
		others: [...extensions].filter(({ extnID }) => !OWN_EXTENSIONS.has(extnID)),
	};
	return { content, keyId: read(id_ce_subjectKeyIdentifier, SubjectKeyIdentifier)?.buffer };
}

// Made anew for each certificate; the last is a log's word about one certificate (RFC 6962).
const OWN_EXTENSIONS = new Set([
	id_ce_authorityKeyIdentifier,
	id_ce_basicConstraints,
	id_ce_extKeyUsage,
	id_ce_keyUsage,
	id_ce_nameConstraints,
	id_ce_subjectAltName,
	id_ce_subjectKeyIdentifier,
	"1.3.6.1.4.1.11129.2.4.2",
]);

/** The CN of a subject, where it has one. */
export function cnOf(subject: Name): string | undefined {
	return textOf(subject, CN_OID);
}

/** The text of a subject's attribute, where it has one. */
export function textOf(subject: Name, oid: string): string | undefined {
	const parts = [...subject].flatMap((part) => [...part]);
	return parts.findLast(({ type }) => type === oid)?.value.toString();
}

/** @throws {FormatError} */
function refuseCaOptions(options: X509Options, isCa: boolean): void {
	if (isCa) {
		if (options.key_usages?.includes("keyCertSign") ?? true) return;
		throw new FormatError("needs keyCertSign among the key_usages of a CA", "Add it, or leave key_usages out");
	}
	const refused = (what: string) => new FormatError(`has ${what} for CAs only`, "Add become_ca: true, or leave it out");
	if (options.name_constraints) throw refused("name_constraints");
	if (options.path_length !== undefined) throw refused("path_length");
	if (options.key_usages?.includes("keyCertSign")) throw refused("the key usage keyCertSign");
}

function subjectOf(options: X509Options, own: string): Name | undefined {
	if (options.subject !== undefined) return toName(parseSubject(options.subject));
	if (subjectOptions.every((type) => options[type] === undefined)) return undefined;
	const parts = subjectOptions.map((type) => {
		const value = options[type];
		if (value !== undefined) return subjectPart(type, value);
		return type === "CN" ? ownCn(own) : undefined;
	});
	return toName(parts.filter((part) => part !== undefined));
}

/** @throws {FormatError} for a key's name that can't be a CN */
function ownCn(own: string): SubjectPart {
	try {
		return subjectPart("CN", own);
	} catch (error) {
		if (!(error instanceof FormatError)) throw error;
		throw new FormatError(
			`can't take the key's name as CN: it ${error.message}`,
			"Give it one with the option CN or subject",
		);
	}
}

function toName(parts: readonly SubjectPart[]): Name {
	return new Name(
		parts.map(({ oid, encoding, value }) => {
			const text = new AttributeValue({ [encoding]: value });
			return new RelativeDistinguishedName([new AttributeTypeAndValue({ type: oid, value: text })]);
		}),
	);
}

function usualKeyUsages(isCa: boolean, keyType: string | undefined): KeyUsageName[] {
	if (isCa) return ["digitalSignature", "keyCertSign", "cRLSign"];
	return keyType === "rsa" ? ["digitalSignature", "keyEncipherment"] : ["digitalSignature"];
}

/** RFC 8813 and RFC 9295: keys on elliptic curves encipher nothing, which an RSA key before them may have. */
function usableWith(keyType: string | undefined, before: Content | undefined): KeyUsageName[] | undefined {
	return before?.keyUsages.filter((usage) => keyType === "rsa" || !usage.endsWith("Encipherment"));
}

function usualPurposes(isCa: boolean): string[] {
	return isCa ? [] : tlsPurposes.map(oidOfPurpose);
}

function oidOfPurpose(purpose: string): string {
	return purposeOid(purpose) ?? purpose;
}

function altNamesOf({ altnames }: X509Options, cn: string | undefined, isCa: boolean): GeneralName[] | undefined {
	if (altnames === undefined || altnames.length === 0) return altnames && [];
	return generalNames([...ofCn(cn, isCa), ...altnames.map(parseAltName)]);
}

function usualAltNames(cn: string | undefined, isCa: boolean): GeneralName[] {
	return generalNames(ofCn(cn, isCa));
}

function ofCn(cn: string | undefined, isCa: boolean): OtherName[] {
	const name = cn === undefined || isCa ? undefined : altNameOfCn(cn);
	return name ? [name] : [];
}

/** Each name once. */
function generalNames(names: readonly OtherName[]): GeneralName[] {
	const distinct = new Map(names.map((name) => [`${name.kind} ${name.name.toLowerCase()}`, name]));
	return [...distinct.values()].map(({ kind, name }) => new GeneralName({ [kind]: name }));
}

function constraintsOf({ name_constraints: permitted = [] }: X509Options): NameConstraints | undefined {
	if (permitted.length === 0) return undefined;
	const names = generalNames(permitted.map(parseConstraint));
	return new NameConstraints({
		permittedSubtrees: new GeneralSubtrees(names.map((base) => new GeneralSubtree({ base }))),
	});
}
