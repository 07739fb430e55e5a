import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { FormatError } from "../format.js";

/** A name in a certificate beside its subject, by the field of RFC 5280's GeneralName that it stands in. */
export interface OtherName {
	readonly kind: "dNSName" | "iPAddress" | "rfc822Name" | "uniformResourceIdentifier";
	readonly name: string;
}

/**
 * An altname as a site writes it: a DNS name (a first label `*` stands for any), an IP address, an email address, or
 * one of these and URIs behind OpenSSL's prefix: `DNS:`, `IP:`, `email:`, `URI:`. A name in Unicode becomes its
 * A-labels, as certificates hold them (RFC 5280, section 7.2).
 *
 * @throws {FormatError} that says what it must be
 */
export function parseAltName(text: string): OtherName {
	if (isAddress(text)) return { kind: "iPAddress", name: address(text) };
	const { prefix = "", rest = text } = /^(?<prefix>[A-Za-z][A-Za-z0-9]*):(?<rest>.*)$/s.exec(text)?.groups ?? {};
	switch (prefix.toLowerCase()) {
		case "":
			return text.includes("@") ? parseEmail(text) : { kind: "dNSName", name: dnsName(text) };
		case "dns":
			return { kind: "dNSName", name: dnsName(rest) };
		case "email":
			return parseEmail(rest);
		case "uri":
			return parseUri(rest);
		case "ip":
			if (isAddress(rest)) return { kind: "iPAddress", name: address(rest) };
			throw new FormatError("must have an IP address behind IP:");
		default:
			throw new FormatError("must be a DNS name, an IP address, or begin with DNS:, IP:, email: or URI:");
	}
}

/** The altname that a certificate has by its CN, which may be no such name at all. */
export function altNameOfCn(cn: string): OtherName | undefined {
	try {
		// A CN has no prefixes.
		return cn.includes(":") && !isAddress(cn) ? undefined : parseAltName(cn);
	} catch {
		return undefined;
	}
}

/**
 * What a CA may be held to: a DNS name, for itself and all below it (with a dot in front for those below only), or
 * an IP network in CIDR notation, as `iPAddress` with the length of its prefix.
 *
 * @throws {FormatError} that says what it must be
 */
export function parseConstraint(text: string): OtherName {
	const [base = "", length, ...more] = text.split("/");
	if (!isAddress(base)) {
		const dot = text.startsWith(".") ? "." : "";
		if (text.includes("*")) throw new FormatError("must have no *: a DNS name stands for all below it");
		return { kind: "dNSName", name: dot + dnsName(text.slice(dot.length)) };
	}
	const bits = isIP(base) === 4 ? 32 : 128;
	if (more.length > 0 || (length !== undefined && (!/^(0|[1-9][0-9]*)$/.test(length) || Number(length) > bits))) {
		throw new FormatError(`must have a number from 0 to ${bits} behind its /`);
	}
	const prefix = length === undefined ? bits : Number(length);
	if (hasHostBits(base, prefix)) throw new FormatError(`must be a network, with no bit set behind its first ${prefix}`);
	return { kind: "iPAddress", name: `${address(base)}/${prefix}` };
}

// net.isIP takes scopes (fe80::1%eth0), which mean nothing outside one host.
const isAddress = (text: string) => isIP(text) !== 0 && !text.includes("%");

/** An address as RFC 5952 and RFC 4291 write it, without the dotted form of IPv6. */
function address(text: string): string {
	return isIP(text) === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;
}

function hasHostBits(base: string, prefix: number): boolean {
	const groups = isIP(base) === 4 ? base.split(".").map(Number) : expand(address(base));
	const width = isIP(base) === 4 ? 8 : 16;
	const bits = groups.map((group) => group.toString(2).padStart(width, "0")).join("");
	return bits.slice(prefix).includes("1");
}

/** The eight groups of an IPv6 address without a dotted part. */
function expand(text: string): number[] {
	const [head = [], tail = []] = text.split("::").map((half) => half.split(":").filter((group) => group !== ""));
	const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
	return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}

// Underscores are no part of host names (RFC 952), but of many that are in use.
const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
const UNICODE_NAME = /^[\p{L}\p{M}\p{N}*._-]+$/u;

/** @throws {FormatError} */
function dnsName(text: string): string {
	const unicode = /[^\0-\x7f]/.test(text);
	const ascii = !unicode ? text : UNICODE_NAME.test(text) ? domainToASCII(text) : "";
	const labels = (ascii.startsWith("*.") ? ascii.slice(2) : ascii).split(".");
	if (ascii.length > 253 || !labels.every((label) => LABEL.test(label))) throw new FormatError(DNS_RULE);
	if (/^[0-9]+$/.test(labels.at(-1) ?? "")) {
		throw new FormatError("must be a DNS name or an IP address, and is neither: its last label is a number");
	}
	return ascii;
}

const DNS_RULE =
	"must be a DNS name: labels of 1 to 63 letters, digits, - and _, joined by dots, 253 characters at most";

/** @throws {FormatError} */
function parseEmail(text: string): OtherName {
	const { local = "", domain = "" } = /^(?<local>[!-?A-~]+)@(?<domain>[^@*]+)$/.exec(text)?.groups ?? {};
	if (local === "" || domain === "") {
		throw new FormatError("must be an email address, with nothing but ASCII before its @");
	}
	return { kind: "rfc822Name", name: `${local}@${dnsName(domain)}` };
}

/** @throws {FormatError} */
function parseUri(text: string): OtherName {
	if (!/^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/.test(text)) {
		throw new FormatError("must have a URI with its scheme behind URI:, what is not ASCII percent-encoded");
	}
	return { kind: "uniformResourceIdentifier", name: text };
}
