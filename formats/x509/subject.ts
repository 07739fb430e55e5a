import { FormatError } from "../format.js";
import { isOid } from "./usages.js";

/** One part of a certificate's subject. */
export interface SubjectPart {
	readonly oid: string;
	readonly value: string;
	readonly encoding: "utf8String" | "printableString" | "ia5String";
}

interface Attribute {
	readonly oid: string;
	readonly max?: number;
	readonly encoding?: SubjectPart["encoding"];
}

/** The attributes that have a name; the longest they may be, in characters, is that of RFC 5280, appendix A. */
const ATTRIBUTES: { readonly [name: string]: Attribute } = {
	CN: { oid: "2.5.4.3", max: 64 },
	C: { oid: "2.5.4.6", max: 2, encoding: "printableString" },
	ST: { oid: "2.5.4.8", max: 128 },
	L: { oid: "2.5.4.7", max: 128 },
	O: { oid: "2.5.4.10", max: 64 },
	OU: { oid: "2.5.4.11", max: 64 },
	emailAddress: { oid: "1.2.840.113549.1.9.1", max: 255, encoding: "ia5String" },
	DC: { oid: "0.9.2342.19200300.100.1.25", encoding: "ia5String" },
	UID: { oid: "0.9.2342.19200300.100.1.1", max: 256 },
	serialNumber: { oid: "2.5.4.5", max: 64, encoding: "printableString" },
	SN: { oid: "2.5.4.4", max: 40 },
	GN: { oid: "2.5.4.42", max: 16 },
	title: { oid: "2.5.4.12", max: 64 },
	street: { oid: "2.5.4.9", max: 128 },
	postalCode: { oid: "2.5.4.17", max: 40 },
};

/** OpenSSL's and RFC 4519's other names of attributes. */
const ALIASES: { readonly [name: string]: string } = {
	commonname: "CN",
	countryname: "C",
	stateorprovincename: "ST",
	s: "ST",
	localityname: "L",
	organizationname: "O",
	organizationalunitname: "OU",
	domaincomponent: "DC",
	userid: "UID",
	surname: "SN",
	givenname: "GN",
	e: "emailAddress",
	email: "emailAddress",
};

export const CN_OID = "2.5.4.3";
export const EMAIL_OID = "1.2.840.113549.1.9.1";

/** The options that are parts of a subject, in the order that they have in one. */
export const subjectOptions = ["C", "ST", "L", "O", "OU", "CN", "emailAddress"] as const;

/**
 * A part of a subject.
 *
 * @throws {FormatError} that says what it must be
 */
export function subjectPart(type: string, value: string): SubjectPart {
	const { oid, max, encoding = "utf8String" } = attribute(type);
	if (value === "") throw new FormatError("must have no empty part");
	if (oid === ATTRIBUTES.C?.oid && !/^[A-Za-z]{2}$/.test(value)) {
		throw new FormatError("must have a country of two letters, as ISO 3166 has them");
	}
	if (max !== undefined && [...value].length > max)
		throw new FormatError(`must have ${max} characters at most in ${type}`);
	if (!value.isWellFormed() || /\p{Cc}/u.test(value)) throw new FormatError("must have no control characters");
	if (encoding === "printableString" && !/^[A-Za-z0-9 '()+,./:=?-]*$/.test(value)) {
		throw new FormatError(`must have letters, digits, blanks and '()+,-./:=? only in ${type}`);
	}
	if (encoding === "ia5String" && !/^[ -~]*$/.test(value)) throw new FormatError(`must have ASCII only in ${type}`);
	return { oid, value, encoding };
}

/** @throws {FormatError} */
function attribute(type: string): Attribute {
	const lower = type.toLowerCase();
	const known = ALIASES[lower] ?? Object.keys(ATTRIBUTES).find((name) => name.toLowerCase() === lower);
	const found = known === undefined ? undefined : ATTRIBUTES[known];
	if (found) return found;
	if (isOid(type)) return { oid: type };
	const names = Object.keys(ATTRIBUTES).join(", ");
	throw new FormatError(`must be made of ${names} or OIDs, and has ${JSON.stringify(type)}`);
}

/**
 * A subject in either of its usual texts, its most general part first: `/C=DE/O=Example/CN=www`, as OpenSSL takes it,
 * where `\` takes the next character as it is, or `CN=www,O=Example,C=DE`, RFC 4514, which has the order reversed.
 *
 * @throws {FormatError} that says what it must be
 */
export function parseSubject(text: string): SubjectPart[] {
	if (!text.isWellFormed()) throw new FormatError("must be well-formed Unicode");
	const isSlashed = text.startsWith("/");
	const parts = isSlashed ? split(text.slice(1), "/") : split(text, ",").reverse();
	return parts.map((part) => {
		const equals = part.indexOf("=");
		if (equals < 1) throw new FormatError("must be like /C=DE/O=Example/CN=www or CN=www,O=Example,C=DE");
		const type = part.slice(0, equals).trim();
		const value = part.slice(equals + 1);
		return subjectPart(type, isSlashed ? value.replace(/\\(.)/gsu, "$1") : unescape4514(value));
	});
}

/** The texts between separators that no backslash stands before. */
function split(text: string, separator: "/" | ","): string[] {
	const parts = [""];
	for (const [token] of text.matchAll(/\\.|[^\\]|\\$/gsu)) {
		if (token === separator) parts.push("");
		else parts[parts.length - 1] += token;
	}
	return parts;
}

/**
 * The value in an RFC 4514 string. Blanks around it don't count unless they are escaped.
 *
 * @throws {FormatError}
 */
function unescape4514(text: string): string {
	const tokens = [...text.matchAll(/\\[0-9a-f]{2}|\\.|[^\\]|\\$/gisu)].map(([token]) => token);
	const isBlank = (token: string) => token === " ";
	const first = tokens.findIndex((token) => !isBlank(token));
	const value = first < 0 ? [] : tokens.slice(first, tokens.findLastIndex((token) => !isBlank(token)) + 1);
	if (value[0] === "#" && value.length > 1) throw new FormatError("must have no value in hexadecimal, behind #");
	const bytes = value.map((token) => {
		if (/^["+;<>]$|^\\$/.test(token)) throw new FormatError('must have a backslash before each of "+;<>\\ in a value');
		if (/^\\[0-9a-f]{2}$/i.test(token)) return Buffer.from(token.slice(1), "hex");
		return Buffer.from(token.length > 1 && token.startsWith("\\") ? token.slice(1) : token);
	});
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes));
	} catch {
		throw new FormatError("must be UTF-8 where it has bytes in hexadecimal");
	}
}
