import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../formats/format.js";
import { CertificateStore, chained, keyOf, pairs, part, refusal } from "../../support/x509.js";

describe("an x509 that was made elsewhere", () => {
	let store: CertificateStore;
	let value: string;

	beforeAll(async () => {
		store = await chained();
		value = store.get("www.example.com");
	});

	it.each([
		["with newlines at its ends", (text: string) => `\n${text}\n`],
		["without its last newline", (text: string) => text.trimEnd()],
		["with lines of Windows", (text: string) => text.replaceAll("\n", "\r\n")],
		["with text between", (text: string) => text.replaceAll("-----BEGIN", "Bag Attributes: x\n-----BEGIN")],
	])("is kept as it is %s", async (_, change) => {
		expect(await store.take("www", change(value))).toBe(change(value));
		expect(pairs((await part("fullchain", change(value))) + (await part("keyonly", change(value))))).toBe(true);
	});

	it("is put in order, whatever the order of its parts, and the root's certificate left out", async () => {
		const parts = [...value.matchAll(/^-----BEGIN .+?-----END [A-Z ]+-----$/gms)].map(([text]) => `${text}\n`);
		const [key = "", leaf = "", sub = ""] = parts;
		const root = await part("certonly", store.get("root"));
		for (const text of [leaf + key + sub, sub + leaf + key, root + sub + leaf + key, leaf + leaf + sub + key]) {
			expect(await store.take("www", text)).toBe(value);
		}
	});

	it.each([
		["a password", () => "secret", "takes no password"],
		["nothing but a certificate", () => part("certonly", value), "can't take a certificate without its private key"],
		["nothing but a private key", () => part("keyonly", value), "can't take a private key without its certificate"],
		["two private keys", () => value + store.get("sub"), "takes one private key"],
		[
			"a key and another's certificate",
			async () => (await part("keyonly", value)) + (await part("certonly", store.get("root"))),
			"don't belong together",
		],
		[
			"a certificate that is not above it",
			async () => value + (await part("certonly", await new CertificateStore().make("stray"))),
			'can\'t take the certificate of "CN=stray"',
		],
		["a damaged key", () => value.replace(/MI.*\n/, "AAAA\n"), "has a private key that can't be read"],
		[
			"a damaged certificate",
			() => value.replace(/(CERTIFICATE-----\n).*\n/, "$1AAAA\n"),
			"has a certificate that can't",
		],
		[
			"an encrypted key",
			() => {
				const key = keyOf(value).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
				return `${key}${value.slice(value.indexOf("-----BEGIN CERT"))}`;
			},
			"can't take a private key that is encrypted",
		],
	])("is refused where it is %s", async (_, text, message) => {
		expect((await refusal(store.take("www", await text()))).message).toContain(message);
	});

	it("never fails in another way", async () => {
		const changed = fc
			.tuple(fc.nat(value.length), fc.nat(40), fc.constantFrom("", "-----BEGIN CERTIFICATE-----", "\n", "A", "\0"))
			.map(([at, length, text]) => value.slice(0, at) + text + value.slice(at + length));
		await fc.assert(
			fc.asyncProperty(fc.oneof(changed, fc.string()), async (text) => {
				const taken = await store.take("x", text).catch((error: unknown) => error);
				if (typeof taken !== "string") expect(taken).toBeInstanceOf(FormatError);
				store.values.set("x", text);
				const renewed = await store.renew("x", { ca: "sub" }).catch((error: unknown) => error);
				if (typeof renewed !== "string") expect(renewed).toBeInstanceOf(FormatError);
			}),
			{ numRuns: 300 },
		);
	});
});
