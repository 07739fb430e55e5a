import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { options } from "../../../formats/x509/options.js";

function fault(asked: object): string | undefined {
	const [issue] = v.safeParse(options, asked, { abortEarly: true }).issues ?? [];
	return issue && `${issue.path?.map(({ key }) => String(key)).join(".")} ${issue.message}`;
}

const accepted: object[] = [
	{},
	{ subject: "/C=DE/ST=Bavaria/L=München/O=Example\\/Sons/CN=www" },
	{ subject: "CN=www, O=Example\\, Inc., C=DE" },
	{ subject: "/1.2.3.4=x/DC=example/UID=alice" },
	{ CN: "www.example.com", C: "de", emailAddress: "root@example.com" },
	{ become_ca: true, path_length: 0 },
	...["rsa", "p256", "p384", "ed25519"].map((key_type) => ({ key_type })),
	...[2048, 3072, 4096, 8192].map((keysize) => ({ keysize })),
	...["sha2", "sha224", "sha256", "sha384", "sha512"].map((hash) => ({ hash })),
	...[1, "1", "0xff", "730750818665451459101842416358141509827966271487"].map((serial) => ({ serial })),
	{ days: 1 },
	{ days: 36_500 },
	{ key_usages: [] },
	{ key_usages: ["digitalSignature", "decipherOnly"] },
	{ extended_key_usages: ["serverAuth", "1.3.6.1.5.5.7.3.17"] },
	{ altnames: [] },
	{ altnames: ["www.example.com", "*.example.com", "localhost", "_sip.example.com", "München.example"] },
	{ altnames: ["192.0.2.1", "2001:DB8::1", "::ffff:192.0.2.1", "IP:::1", "DNS:a.b", "email:a@b.c", "a@b.c"] },
	{ altnames: ["URI:spiffe://example.com/a?b", "uri:urn:x:y"] },
	{ name_constraints: ["example.com", ".example.com", "10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::/0"] },
];

const DNS_RULE = "must be a DNS name";
const SERIAL_RULE = "must be a whole number from 1 to 2^159 - 1";

const refused: [object, string][] = [
	[{ subject: "" }, "subject must be a text of at least one character"],
	[{ subject: "www" }, "subject must be like /C=DE/O=Example/CN=www or CN=www,O=Example,C=DE"],
	[{ subject: "/" }, "subject must be like"],
	[{ subject: "/CN=" }, "subject must have no empty part"],
	[{ subject: "/XX=a" }, "subject must be made of CN, C, ST, L, O, OU, emailAddress, DC, UID"],
	[{ subject: "CN=a+OU=b" }, "subject must have a backslash before each of"],
	[{ subject: "CN=#0403666f6f" }, "subject must have no value in hexadecimal"],
	[{ subject: "CN=\\ff" }, "subject must be UTF-8"],
	[{ subject: "/CN=\ud800" }, "subject must be well-formed Unicode"],
	[{ subject: "/CN=a\0b" }, "subject must have no control characters"],
	[{ subject: 5 }, "subject must be a text"],
	[{ CN: "x".repeat(65) }, "CN must have 64 characters at most in CN"],
	[{ CN: "a\nb" }, "CN must have no control characters"],
	[{ C: false }, "C must be a text, in quotes where YAML reads it as something else"],
	[{ C: "DEU" }, "C must have a country of two letters"],
	[{ C: "1a" }, "C must have a country of two letters"],
	[{ emailAddress: "é@example.com" }, "emailAddress must have ASCII only in emailAddress"],
	[{ ca: "" }, "ca must be a text of at least one character"],
	...["yes", 1, null].map((become_ca): [object, string] => [{ become_ca }, "become_ca must be true or false"]),
	...[-1, 101, 1.5, "1"].map((path_length): [object, string] => [
		{ path_length },
		"path_length must be a whole number from 0 to 100",
	]),
	[{ key_type: "dsa" }, "key_type must be one of rsa, p256, p384, ed25519"],
	...[1024, 2047, 8193, "2048", Number.NaN].map((keysize): [object, string] => [
		{ keysize },
		"keysize must be a whole number from 2048 to 8192",
	]),
	[
		{ hash: "sha1" },
		"hash must be one of sha256, sha2, sha224, sha384, sha512: what is signed with sha1 can be forged",
	],
	[{ hash: "md5" }, "what is signed with md5 can be forged"],
	[{ hash: "sha3" }, "hash must be one of sha256, sha2, sha224, sha384, sha512"],
	...[0, -1, 1.5, 2 ** 53, "", "x", "-1", "0x", "1e3", null, `0x8${"0".repeat(39)}`].map((serial): [object, string] => [
		{ serial },
		SERIAL_RULE,
	]),
	...[0, -1, 36_501, 1.5, "365"].map((days): [object, string] => [
		{ days },
		"days must be a whole number from 1 to 36500",
	]),
	[{ key_usages: "digitalSignature" }, "key_usages must be a list"],
	[{ key_usages: ["signing"] }, "key_usages.0 must be one of digitalSignature, nonRepudiation"],
	[{ extended_key_usages: ["serverauth"] }, "extended_key_usages.0 must be one of serverAuth"],
	[{ extended_key_usages: ["1"] }, "or an OID"],
	[{ extended_key_usages: ["3.1.2"] }, "or an OID"],
	[{ extended_key_usages: ["1.40.2"] }, "or an OID"],
	[{ altnames: "www.example.com" }, "altnames must be a list"],
	[{ altnames: ["www.example.com", 5] }, "altnames.1 must be a text"],
	...["a b", "a..b", "-a.b", "a-.b", ".a", "a.", "*", "a.*.b", "*a.b", `${"x".repeat(64)}.b`, "a/b", "é b.de"].map(
		(name): [object, string] => [{ altnames: [name] }, `altnames.0 ${DNS_RULE}`],
	),
	[{ altnames: [`${"x.".repeat(127)}x`] }, DNS_RULE],
	[{ altnames: ["300.1.1.1"] }, "its last label is a number"],
	[{ altnames: ["fe80::1%eth0"] }, "altnames.0 must be"],
	[{ altnames: ["IP:www"] }, "altnames.0 must have an IP address behind IP:"],
	[{ altnames: ["DNS:"] }, DNS_RULE],
	[{ altnames: ["dirName:x"] }, "or begin with DNS:, IP:, email: or URI:"],
	[{ altnames: ["https://example.com"] }, "or begin with DNS:, IP:, email: or URI:"],
	[{ altnames: ["URI:example.com"] }, "must have a URI with its scheme"],
	[{ altnames: ["URI:https://exämple.com"] }, "percent-encoded"],
	[{ altnames: ["é@example.com"] }, "must be an email address, with nothing but ASCII before its @"],
	[{ altnames: ["a@b@c"] }, "must be an email address"],
	[{ name_constraints: ["*.example.com"] }, "name_constraints.0 must have no *"],
	[{ name_constraints: ["10.0.0.1/8"] }, "name_constraints.0 must be a network, with no bit set behind its first 8"],
	[{ name_constraints: ["2001:db8::1/32"] }, "must be a network, with no bit set behind its first 32"],
	[{ name_constraints: ["10.0.0.0/33"] }, "must have a number from 0 to 32 behind its /"],
	[{ name_constraints: ["::/129"] }, "must have a number from 0 to 128 behind its /"],
	[{ name_constraints: ["10.0.0.0/"] }, "must have a number from 0 to 32 behind its /"],
	[{ name_constraints: ["10.0.0.0/8/8"] }, "must have a number from 0 to 32 behind its /"],
	[{ colour: "red" }, "colour"],
];

describe("x509's options", () => {
	it.each(accepted)("take %j", (asked) => {
		expect(fault(asked)).toBeUndefined();
	});

	it.each(refused)("refuse %j", (asked, message) => {
		expect(fault(asked)).toContain(message);
	});

	it("take or refuse any text, and never fail", () => {
		const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[/\\,=+#"CNO.*:@0-9a-f-]*$/));
		fc.assert(
			fc.property(text, (any) => {
				for (const name of ["subject", "CN", "serial", "altnames", "name_constraints"]) {
					const asked = { [name]: name.endsWith("s") ? [any] : any };
					expect(fault(asked) ?? `${name} must`).toMatch(new RegExp(`^${name}(\\.0)? must`));
				}
			}),
			{ numRuns: 1000 },
		);
	});
});
