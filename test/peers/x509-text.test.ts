import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OpenSsl } from "../support/openssl.js";
import { missing } from "../support/peers.js";
import { CertificateStore, part } from "../support/x509.js";

describe.skipIf(missing("openssl"))("openssl (needs openssl)", () => {
	let openssl: OpenSsl;
	let store: CertificateStore;

	beforeAll(() => {
		openssl = new OpenSsl();
	});
	afterAll(() => openssl?.remove());

	describe("reads", () => {
		beforeAll(() => {
			store = new CertificateStore();
		});

		const usual = {
			"a certificate with an RSA key": {
				options: { keysize: 2048 },
				constraints: ["X509v3 Basic Constraints:", "CA:FALSE"],
				usages: "Digital Signature, Key Encipherment",
			},
			"a certificate with a key on a curve": {
				options: {},
				constraints: ["X509v3 Basic Constraints:", "CA:FALSE"],
				usages: "Digital Signature",
			},
			"a CA": {
				options: { become_ca: true },
				constraints: ["X509v3 Basic Constraints: critical", "CA:TRUE"],
				usages: "Digital Signature, Certificate Sign, CRL Sign",
			},
			"a CA with a path length": {
				options: { become_ca: true, path_length: 0 },
				constraints: ["X509v3 Basic Constraints: critical", "CA:TRUE, pathlen:0"],
				usages: "Digital Signature, Certificate Sign, CRL Sign",
			},
		};

		it.each(Object.entries(usual))("the usual extensions of %s", async (_, { options, constraints, usages }) => {
			const value = await store.make("www.example.com", options);
			expect(await openssl.extension("basicConstraints", value)).toEqual(constraints);
			expect(await openssl.extension("keyUsage", value)).toEqual(["X509v3 Key Usage: critical", usages]);
			const [, keyId] = await openssl.extension("subjectKeyIdentifier", value);
			expect(await openssl.extension("authorityKeyIdentifier", value)).toEqual([
				"X509v3 Authority Key Identifier:",
				keyId,
			]);
		});

		it("that a certificate is for TLS servers and clients, unless it is told", async () => {
			const value = await store.make("www.example.com");
			expect(await openssl.extension("extendedKeyUsage", value)).toEqual([
				"X509v3 Extended Key Usage:",
				"TLS Web Server Authentication, TLS Web Client Authentication",
			]);
		});

		it("every usage and purpose that there is, and none where there is to be none", async () => {
			const all = [
				...["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign"],
				...["cRLSign", "encipherOnly", "decipherOnly"],
			];
			const purposes = ["serverAuth", "clientAuth", "codeSigning", "emailProtection", "timeStamping", "OCSPSigning"];
			const value = await store.make("ca", {
				become_ca: true,
				keysize: 2048,
				key_usages: all,
				extended_key_usages: [...purposes, "1.3.6.1.5.5.7.3.17", "1.2.3.4"],
			});
			expect((await openssl.extension("keyUsage", value))[1]).toBe(
				"Digital Signature, Non Repudiation, Key Encipherment, Data Encipherment, Key Agreement, Certificate Sign, CRL Sign, Encipher Only, Decipher Only",
			);
			expect((await openssl.extension("extendedKeyUsage", value))[1]).toBe(
				"TLS Web Server Authentication, TLS Web Client Authentication, Code Signing, E-mail Protection, Time Stamping, OCSP Signing, ipsec Internet Key Exchange, 1.2.3.4",
			);
			const renewed = await store.renew("ca");
			expect(await openssl.extension("keyUsage", renewed)).toEqual(await openssl.extension("keyUsage", value));
			expect(await openssl.extension("extendedKeyUsage", renewed)).toEqual(
				await openssl.extension("extendedKeyUsage", value),
			);

			const none = await store.make("www", { key_usages: [], extended_key_usages: [], altnames: [] });
			const text = await openssl.output(["x509", "-noout", "-text"], await part("certonly", none));
			expect(text).not.toMatch(/Key Usage|Alternative/);
		});

		it("the serial that was asked for", async () => {
			const value = await store.make("www", { serial: "0xfedcba9876543210" });
			const certificate = await part("certonly", value);
			expect(await openssl.output(["x509", "-noout", "-serial"], certificate)).toBe("serial=FEDCBA9876543210\n");
		});

		const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?$/);
		const domain = fc
			.tuple(fc.constantFrom("", "*."), fc.array(label, { minLength: 1, maxLength: 4 }))
			.map(([star, labels]) => `${star}${[...labels, "example"].join(".")}`);
		const altname = fc.oneof(
			domain.map((name) => [name, `DNS:${name}`] as const),
			domain.map((name) => [`DNS:${name}`, `DNS:${name}`] as const),
			fc.ipV4().map((ip) => [ip, `IP Address:${ip}`] as const),
			fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }).map((groups) => {
				const text = groups.map((group) => group.toString(16)).join(":");
				return [text, `IP Address:${text.toUpperCase()}`] as const;
			}),
			fc
				.tuple(fc.stringMatching(/^[a-z0-9.+_=-]{1,20}$/), label)
				.map(([local, host]) => [`${local}@${host}.example`, `email:${local}@${host}.example`] as const),
			fc.webUrl().map((url) => [`URI:${url}`, `URI:${url}`] as const),
		);

		it("the altnames that were asked for", async () => {
			await fc.assert(
				fc.asyncProperty(
					fc.uniqueArray(altname, { minLength: 1, maxLength: 8, selector: ([, text]) => text }),
					async (asked) => {
						const value = await store.make("no altname", { altnames: asked.map(([name]) => name) });
						const [, printed] = await openssl.extension("subjectAltName", value);
						expect(printed).toBe(asked.map(([, text]) => text).join(", "));
					},
				),
				{ numRuns: 40 },
			);
		});

		const character = fc.oneof(
			fc.constantFrom(..."/\\,+\"<>;=# 'aé漢🔑\u00a0"),
			fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
		);
		const word = fc
			.array(character, { minLength: 1, maxLength: 12 })
			.map((characters) => characters.join(""))
			.filter((text) => !/\p{Cc}/u.test(text) && [...text].length <= 40);
		const types = fc.shuffledSubarray(["CN", "O", "OU", "L", "ST", "title", "street"], { minLength: 1 });
		const subject = types.chain((names) =>
			fc.tuple(...names.map((type) => word.map((value) => [type, value] as const))),
		);

		/** What OpenSSL has for a subject, a part a line, without any escape. */
		async function subjectOf(certificate: string): Promise<string[]> {
			const printed = await openssl.output(
				["x509", "-noout", "-subject", "-nameopt", "sep_multiline,sname,utf8"],
				certificate,
			);
			return printed
				.replace(/^subject=\n/, "")
				.replace(/\n$/, "")
				.split("\n")
				.map((line) => line.slice(4));
		}

		it("the subject that was asked for, in the text that OpenSSL takes and in RFC 4514's", async () => {
			await fc.assert(
				fc.asyncProperty(subject, async (parts) => {
					const wanted = parts.map(([type, value]) => `${type}=${value}`);
					const slashed = parts.map(([type, value]) => `/${type}=${value.replace(/[/\\]/g, "\\$&")}`).join("");
					const certificate = await part("certonly", await store.make("x", { subject: slashed }));
					expect(await subjectOf(certificate)).toEqual(wanted);
					const printed = await openssl.output(["x509", "-noout", "-subject", "-nameopt", "RFC2253"], certificate);
					const again = await store.make("x", { subject: printed.replace(/^subject=/, "").replace(/\n$/, "") });
					expect(await subjectOf(await part("certonly", again))).toEqual(wanted);
				}),
				{ numRuns: 40 },
			);
		});

		it("the subject that it would make of the same text itself", async () => {
			const key = openssl.file("subject.key", await part("keyonly", await store.make("x")));
			for (const text of [
				"/C=DE/ST=Bavaria/L=München/O=A\\/B \\+ C\\\\D/CN=www/emailAddress=a@b.c",
				"/DC=example/DC=www/UID=a",
			]) {
				const own = await openssl.output(["req", "-x509", "-utf8", "-key", key, "-subj", text]);
				const ours = await part("certonly", await store.make("x", { subject: text }));
				expect(await subjectOf(ours)).toEqual(await subjectOf(own));
			}
		});
	});

	describe("makes keys and certificates", () => {
		const request = (kind: readonly string[], ...args: readonly string[]) =>
			openssl.output([
				"req",
				"-x509",
				...kind,
				"-noenc",
				"-keyout",
				"-",
				"-subj",
				"/O=Elsewhere/CN=elsewhere",
				...args,
			]);

		beforeAll(() => {
			store = new CertificateStore();
		});

		it.each([
			"rsa:2048",
			"ec -pkeyopt ec_paramgen_curve:P-521",
			"ec -pkeyopt ec_paramgen_curve:secp256k1",
			"ed25519",
			"ed448",
		])("that trocla takes, signs with and renews: %s", async (kind) => {
			const text = await request(["-newkey", ...kind.split(" ")]);
			expect(await store.take("imported", text)).toBe(text);
			const value = await store.make("www.example.com", { ca: "imported" });
			expect(await openssl.verify(store.get("imported"), value)).toBe("OK");
			await store.renew("imported", { days: 700 });
			expect(await openssl.verify(store.get("imported"), value)).toBe("OK");
		});

		it("in every form of PEM, in any order", async () => {
			const text = await request(["-newkey", "rsa:2048"]);
			const certificate = await part("certonly", text);
			const forms = [
				await openssl.output(["rsa", "-traditional"], text),
				await openssl.output(["pkey"], text),
				`${await openssl.output(["x509", "-text"], certificate)}${await openssl.output(["pkey", "-text"], text)}`,
			];
			for (const form of forms) {
				const value = await store.take("www", form.includes("CERT") ? form : certificate + form);
				expect(await part("certonly", value)).toBe(certificate);
				expect(await openssl.output(["pkey", "-check", "-noout"], await part("keyonly", value))).toContain("valid");
			}
			const curve = await openssl.output(["ecparam", "-name", "prime256v1", "-genkey"]);
			const self = await openssl.output([
				"req",
				"-x509",
				"-key",
				openssl.file("curve.key", curve),
				"-subj",
				"/CN=curve",
			]);
			expect(await part("certonly", await store.take("www", curve + self))).toBe(self);
		});

		it("whose encrypted keys trocla refuses with the command that decrypts them", async () => {
			const text = await request(["-newkey", "rsa:2048"]);
			for (const traditional of [[], ["-traditional"]]) {
				const sealed = await openssl.output(["pkey", "-aes256", "-passout", "pass:x", ...traditional], text);
				const error = await store.take("www", sealed + (await part("certonly", text))).catch((error: unknown) => error);
				expect(error).toMatchObject({ hint: expect.stringContaining("openssl pkey -in FILE") });
			}
		});
	});
});
