/** The bits of the extension keyUsage, in their order (RFC 5280, section 4.2.1.3), by the names that OpenSSL has. */
export const keyUsageNames = [
	"digitalSignature",
	"nonRepudiation",
	"keyEncipherment",
	"dataEncipherment",
	"keyAgreement",
	"keyCertSign",
	"cRLSign",
	"encipherOnly",
	"decipherOnly",
] as const;

export type KeyUsageName = (typeof keyUsageNames)[number];

const PURPOSES: { readonly [name: string]: string } = {
	serverAuth: "1.3.6.1.5.5.7.3.1",
	clientAuth: "1.3.6.1.5.5.7.3.2",
	codeSigning: "1.3.6.1.5.5.7.3.3",
	emailProtection: "1.3.6.1.5.5.7.3.4",
	timeStamping: "1.3.6.1.5.5.7.3.8",
	OCSPSigning: "1.3.6.1.5.5.7.3.9",
};

/** The purposes of the extension extKeyUsage that have a name (RFC 5280, section 4.2.1.12). */
export const purposeNames: readonly string[] = Object.keys(PURPOSES);

/** What a TLS peer wants of a certificate that stands for a server, a client, or both. */
export const tlsPurposes: readonly string[] = ["serverAuth", "clientAuth"];

// The first two arcs are bounded (X.660), the others have no leading zero.
const OID = /^(?:[01]\.(?:0|[1-3]?[0-9])|2\.(?:0|[1-9][0-9]{0,8}))(?:\.(?:0|[1-9][0-9]{0,8})){1,20}$/;

export function isOid(text: string): boolean {
	return OID.test(text);
}

/** The OID of a purpose that is given by its name or as an OID; `undefined` where it is neither. */
export function purposeOid(purpose: string): string | undefined {
	if (Object.hasOwn(PURPOSES, purpose)) return PURPOSES[purpose];
	return isOid(purpose) ? purpose : undefined;
}
