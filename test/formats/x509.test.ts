import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CertificateStore, chained, keyOf, labels, leafOf, pairs, part, refusal } from "../support/x509.js";

describe("x509", () => {
	it("is a private key in PKCS#8 and its certificate, which signs itself", async () => {
		const value = await new CertificateStore().make("www.example.com");
		expect(labels(value)).toEqual(["PRIVATE KEY", "CERTIFICATE"]);
		expect(value.endsWith("-----END CERTIFICATE-----\n")).toBe(true);
		expect(pairs(value)).toBe(true);
		expect(leafOf(value).verify(leafOf(value).publicKey)).toBe(true);
		expect(leafOf(value).subject).toBe("CN=www.example.com");
	});

	it("makes RSA keys of 4096 bits unless it is told", async () => {
		const value = await new CertificateStore().make("www", { key_type: undefined });
		expect(keyOf(value).asymmetricKeyDetails).toMatchObject({ modulusLength: 4096, publicExponent: 65537n });
	});

	it.each([
		[{ keysize: 2048 }, "rsa", { modulusLength: 2048 }],
		[{ keysize: 3072, key_type: "rsa" }, "rsa", { modulusLength: 3072 }],
		[{ key_type: "p256" }, "ec", { namedCurve: "prime256v1" }],
		[{ key_type: "p384" }, "ec", { namedCurve: "secp384r1" }],
		[{ key_type: "ed25519" }, "ed25519", {}],
	])("makes with %j a key of that kind", async (options, type, details) => {
		const key = keyOf(await new CertificateStore().make("www", options));
		expect(key.asymmetricKeyType).toBe(type);
		expect(key.asymmetricKeyDetails).toMatchObject(details);
	});

	it("takes a keysize, which a configuration may give for all, as one of RSA keys only", async () => {
		const store = new CertificateStore();
		const made = keyOf(await store.make("www", { key_type: "p256", keysize: 2048 }));
		expect(made.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
		const renewed = keyOf(await store.renew("www", { keysize: 2048 }));
		expect(renewed.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
	});

	it("is valid from an hour ago for as many days as it is told, 365 unless it is", async () => {
		const store = new CertificateStore();
		store.clock = () => new Date("2049-12-31T12:00:00Z");
		const year = leafOf(await store.make("a"));
		const day = leafOf(await store.make("b", { days: 1 }));
		expect(new Date(year.validFrom)).toEqual(new Date("2049-12-31T11:00:00Z"));
		expect(new Date(year.validTo)).toEqual(new Date("2050-12-31T12:00:00Z"));
		expect(new Date(day.validTo)).toEqual(new Date("2050-01-01T12:00:00Z"));
	});

	it("gives distinct serials of 20 octets to however many are made at once", async () => {
		const store = new CertificateStore();
		await store.make("ca", { become_ca: true });
		const names = Array.from({ length: 200 }, (_, index) => `host${index}`);
		const values = await Promise.all(names.map((name) => store.make(name, { ca: "ca", key_type: "ed25519" })));
		const serials = values.map((value) => leafOf(value).serialNumber);
		expect(new Set(serials).size).toBe(200);
		for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{39}$/);
	});

	it.each([
		[1, "01"],
		[128, "80"],
		["0x00ff", "FF"],
		["730750818665451459101842416358141509827966271487", `7F${"FF".repeat(19)}`],
	])("takes the serial %j as it is", async (serial, hex) => {
		expect(leafOf(await new CertificateStore().make("www", { serial })).serialNumber).toBe(hex);
	});

	it("takes its subject from the subject, else from its parts, with the key's name for the CN", async () => {
		const store = new CertificateStore();
		const subjects = [
			{ subject: "/C=DE/O=A\\/B/CN=x", CN: "unused" },
			{ subject: "CN=x,O=A/B,C=DE" },
			{ CN: "x", emailAddress: "a@b.c", O: "A/B", C: "DE" },
			{ O: "A/B" },
		];
		const made = await Promise.all(subjects.map((options) => store.make("own", options)));
		expect(made.map((value) => leafOf(value).subject)).toEqual([
			"C=DE\nO=A/B\nCN=x",
			"C=DE\nO=A/B\nCN=x",
			"C=DE\nO=A/B\nCN=x\nemailAddress=a@b.c",
			"O=A/B\nCN=own",
		]);
	});

	it("asks for a CN where the key's name is too long for one", async () => {
		const error = await refusal(new CertificateStore().make("x".repeat(65)));
		expect(error.message).toBe("can't take the key's name as CN: it must have 64 characters at most in CN");
		expect(error.hint).toContain("option CN");
	});

	it.each([
		["www.example.com", {}, "DNS:www.example.com"],
		["192.0.2.1", {}, "IP Address:192.0.2.1"],
		["2001:db8::1", {}, "IP Address:2001:DB8:0:0:0:0:0:1"],
		["root@example.com", {}, "email:root@example.com"],
		["münchen.example", {}, "DNS:xn--mnchen-3ya.example"],
		["hosts/www", {}, undefined],
		["Joe User", {}, undefined],
		["www", { altnames: [] }, undefined],
		["Joe User", { altnames: ["a.b"] }, "DNS:a.b"],
		["www", { altnames: ["WWW", "a.b", "a.b"] }, "DNS:WWW, DNS:a.b"],
		["www", { altnames: ["10.0.0.1"] }, "DNS:www, IP Address:10.0.0.1"],
		["ca", { become_ca: true }, undefined],
		["ca", { become_ca: true, altnames: ["email:a@b.c"] }, "email:a@b.c"],
	])("made for %s with %j has the altnames %s", async (key, options, altnames) => {
		expect(leafOf(await new CertificateStore().make(key, options)).subjectAltName).toBe(altnames);
	});

	it.each([
		[{ name_constraints: ["a.b"] }, "has name_constraints for CAs only"],
		[{ path_length: 0 }, "has path_length for CAs only"],
		[{ key_usages: ["keyCertSign"] }, "has the key usage keyCertSign for CAs only"],
		[{ become_ca: true, key_usages: ["cRLSign"] }, "needs keyCertSign among the key_usages of a CA"],
	])("refuses %j", async (options, message) => {
		expect((await refusal(new CertificateStore().make("www", options))).message).toBe(message);
	});
});

describe("a part of an x509", () => {
	it.each(["certonly", "keyonly", "publickeyonly", "fullchain"] as const)("%s is PEM of its own", async (name) => {
		const store = await chained();
		const value = store.get("www.example.com");
		const text = await part(name, value);
		expect(text.endsWith("-----\n")).toBe(true);
		const read = { certonly: leafOf, fullchain: leafOf, keyonly: keyOf, publickeyonly: createPublicKey }[name];
		expect(() => read(text)).not.toThrow();
	});

	it("publickeyonly is the private key's own", async () => {
		const value = await new CertificateStore().make("www");
		const own = createPublicKey(keyOf(value)).export({ type: "spki", format: "pem" });
		expect(await part("publickeyonly", value)).toBe(own);
	});

	it.each(["certonly", "keyonly", "publickeyonly", "fullchain"] as const)(
		"%s is refused of another value",
		async (name) => {
			await refusal(part(name, "secret"));
		},
	);
});

describe("an x509 with RSA", () => {
	it("keeps a key in PKCS#1 as it was written, and signs with it", async () => {
		const store = new CertificateStore();
		const ca = await store.make("ca", { become_ca: true, keysize: 2048 });
		const pkcs1 = keyOf(ca).export({ type: "pkcs1", format: "pem" }).toString();
		const text = pkcs1 + (await part("certonly", ca));
		expect(await store.take("ca", text)).toBe(text);
		expect(leafOf(await store.make("www", { ca: "ca" })).verify(leafOf(ca).publicKey)).toBe(true);
		expect(labels(await store.renew("ca"))).toEqual(["RSA PRIVATE KEY", "CERTIFICATE"]);
	});

	it("is not signed by a key of a kind that signs no certificates", async () => {
		const { privateKey } = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
		const { signedCertificate } = await import("../../formats/x509/sign.js");
		const { contentFor } = await import("../../formats/x509/content.js");
		const content = contentFor({ days: 1 }, "www", "rsa");
		const draft = { content, key: privateKey, keyId: undefined, start: new Date(), end: new Date(), serial: 1 };
		const signer = { name: content.subject, key: privateKey, keyId: undefined, hash: undefined };
		expect((await refusal(signedCertificate(draft, signer))).message).toContain("rsa-pss");
	});
});
