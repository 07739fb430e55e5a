import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { connect, createServer } from "node:tls";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../formats/format.js";
import { x509 } from "../../formats/x509.js";
import { CertificateStore, part } from "../support/x509.js";

const DAY = 86_400_000;

const leafOf = (value: string) => new X509Certificate(value);
const keyOf = (value: string) => createPrivateKey(value);
const labels = (value: string) => [...value.matchAll(/^-----BEGIN (.+)-----$/gm)].map(([, label]) => label);
const pairs = (value: string) => leafOf(value).checkPrivateKey(keyOf(value));
const refusal = async (made: Promise<unknown>) => {
	const error = await made.catch((error: unknown) => error);
	expect(error).toBeInstanceOf(FormatError);
	return error as FormatError;
};

/** A root, a CA below it, and a certificate of that one. */
async function chained(): Promise<CertificateStore> {
	const store = new CertificateStore();
	await store.make("root", { become_ca: true, days: 3650 });
	await store.make("sub", { become_ca: true, ca: "root", days: 1825 });
	await store.make("www.example.com", { ca: "sub" });
	return store;
}

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

	it("has no use for a keysize but with RSA", async () => {
		const made = new CertificateStore().make("www", { key_type: "p256", keysize: 2048 });
		expect((await refusal(made)).message).toBe("has keysize for RSA keys only");
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

describe("an x509 signed by a CA of the store", () => {
	it("carries the CAs' certificates up to the root's, without it", async () => {
		const store = await chained();
		const values = ["root", "sub", "www.example.com"].map((key) => store.values.get(key) ?? "");
		expect(values.map((value) => labels(value).length)).toEqual([2, 2, 3]);
		const [root = "", sub = "", www = ""] = values;
		expect(await part("fullchain", www)).toBe((await part("certonly", www)) + (await part("certonly", sub)));
		expect(leafOf(www).checkIssued(leafOf(sub)) && leafOf(www).verify(leafOf(sub).publicKey)).toBe(true);
		expect(leafOf(sub).checkIssued(leafOf(root)) && leafOf(sub).verify(leafOf(root).publicKey)).toBe(true);
	});

	it("never outlives its CA, nor begins before it", async () => {
		const store = new CertificateStore();
		const ca = await store.make("ca", { become_ca: true, days: 30 });
		store.clock = () => new Date(Date.now() - DAY / 48);
		const www = await store.make("www", { ca: "ca", days: 365 });
		expect(leafOf(www).validTo).toBe(leafOf(ca).validTo);
		expect(leafOf(www).validFrom).toBe(leafOf(ca).validFrom);
	});

	it("names the CA that is missing and how to make it", async () => {
		const error = await refusal(new CertificateStore().make("www", { ca: "my ca's" }));
		expect(error.message).toBe(`needs the CA "my ca's", and the store has no x509 of that name`);
		expect(error.hint).toBe("Make it with: trocla create 'my ca'\\''s' x509 'become_ca: true'");
	});

	it("is refused where the CA is itself", async () => {
		expect((await refusal(new CertificateStore().make("ca", { ca: "ca" }))).message).toContain(
			"can't be signed by itself",
		);
	});

	it("is refused where the CA is none", async () => {
		const store = new CertificateStore();
		await store.make("host");
		expect((await refusal(store.make("www", { ca: "host" }))).message).toContain(
			'can\'t be signed by "host", which is no CA',
		);
	});

	it("is refused where the CA has ended, or has not begun", async () => {
		const store = new CertificateStore();
		await store.make("ca", { become_ca: true });
		store.clock = () => new Date(Date.now() + 366 * DAY);
		expect((await refusal(store.make("www", { ca: "ca" }))).message).toMatch(
			/^can't be signed by "ca", which ended on /,
		);
		store.clock = () => new Date(Date.now() - DAY);
		expect((await refusal(store.make("www", { ca: "ca" }))).message).toMatch(
			/^can't be signed by "ca", which begins on /,
		);
	});

	it("is refused where the CA's value is cut, or its parts don't belong together", async () => {
		const store = new CertificateStore();
		const [ca, other] = [await store.make("ca", { become_ca: true }), await store.make("other", { become_ca: true })];
		const spoiled = [
			["secret", "has no private key"],
			[await part("certonly", ca), "has no private key"],
			[await part("keyonly", ca), "has no certificate"],
			[(await part("keyonly", other)) + (await part("certonly", ca)), "not of the value's private key"],
			[ca.replace(/MI.*\n/, "AAAA\n"), "can't be read"],
		] as const;
		for (const [value, message] of spoiled) {
			store.values.set("ca", value);
			const error = await refusal(store.make("www", { ca: "ca" }));
			expect(error.message).toMatch(/^can't be signed by "ca", whose x509 /);
			expect(error.message).toContain(message);
		}
	});

	it("is no CA below one whose path_length is used up", async () => {
		const store = new CertificateStore();
		await store.make("root", { become_ca: true, path_length: 1 });
		await store.make("sub", { become_ca: true, ca: "root" });
		await store.make("www", { ca: "sub" });
		expect((await refusal(store.make("x", { become_ca: true, ca: "sub" }))).message).toBe(
			`can't be a CA below "sub", whose path_length is 0`,
		);
		expect((await refusal(store.make("x", { become_ca: true, ca: "root", path_length: 1 }))).message).toContain(
			"0 at most",
		);
	});

	it("has no name that a CA above it does not permit", async () => {
		const store = new CertificateStore();
		await store.make("root", { become_ca: true, name_constraints: ["example.com", "10.0.0.0/8"] });
		await store.make("sub", { become_ca: true, ca: "root", name_constraints: ["db.example.com"] });
		const refused = [
			["www.example.com", "sub"],
			["db.example.com", "sub", "192.0.2.1"],
			["www.example.org", "root"],
		] as const;
		for (const [key, ca, ...altnames] of refused) {
			const error = await refusal(store.make(key, { ca, ...(altnames.length > 0 && { altnames }) }));
			expect(error.message).toContain(JSON.stringify(altnames[0] ?? key));
		}
		await store.make("a.db.example.com", { ca: "sub", altnames: ["10.1.2.3"] });
		const wider = store.make("x", { become_ca: true, ca: "root", name_constraints: ["example.org"] });
		expect((await refusal(wider)).message).toContain('has the name constraint "example.org"');
	});
});

describe("an x509 in Node's TLS", () => {
	/** What a client gets of a server that wants its certificate. */
	async function handshake(server: string, client: string, ca: string, servername?: string): Promise<string> {
		const secret = { key: await part("keyonly", server), cert: await part("fullchain", server) };
		const listening = createServer({ ...secret, ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
			socket.end(String(socket.getPeerCertificate().subject.CN));
		}).listen(0, "127.0.0.1");
		await once(listening, "listening");
		try {
			const { port } = listening.address() as AddressInfo; // it listens on a port
			const own = { key: await part("keyonly", client), cert: await part("fullchain", client) };
			const socket = connect({ host: "127.0.0.1", port, ca, ...own, ...(servername && { servername }) });
			return await text(socket);
		} finally {
			listening.close();
		}
	}

	it("lets a server be reached by the names and addresses that it has, and by no other", async () => {
		const store = await chained();
		const root = await part("certonly", store.values.get("root") ?? "");
		const client = await store.make("joe", { ca: "sub" });
		const named = await store.make("localhost", { ca: "sub" });
		const numbered = await store.make("localhost", { ca: "sub", altnames: ["127.0.0.1"] });
		expect(await handshake(numbered, client, root)).toBe("joe");
		expect(await handshake(named, client, root, "localhost")).toBe("joe");
		await expect(handshake(named, client, root)).rejects.toThrow(/IP: 127.0.0.1 is not in the cert's list/);
	});

	it("lets two that sign themselves trust each other", async () => {
		const value = await new CertificateStore().make("localhost", { altnames: ["127.0.0.1"], key_type: "ed25519" });
		expect(await handshake(value, value, await part("certonly", value))).toBe("localhost");
	});
});

describe("an x509 that was made elsewhere", () => {
	let store: CertificateStore;
	let value: string;
	const get = (key: string) => store.values.get(key) ?? "";

	beforeAll(async () => {
		store = await chained();
		value = get("www.example.com");
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
		const root = await part("certonly", get("root"));
		for (const text of [leaf + key + sub, sub + leaf + key, root + sub + leaf + key, leaf + leaf + sub + key]) {
			expect(await store.take("www", text)).toBe(value);
		}
	});

	it.each([
		["a password", () => "secret", "takes no password"],
		["nothing but a certificate", () => part("certonly", value), "can't take a certificate without its private key"],
		["nothing but a private key", () => part("keyonly", value), "can't take a private key without its certificate"],
		["two private keys", () => value + get("sub"), "takes one private key"],
		[
			"a key and another's certificate",
			async () => (await part("keyonly", value)) + (await part("certonly", get("root"))),
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

describe("a part of an x509", () => {
	it.each(["certonly", "keyonly", "publickeyonly", "fullchain"] as const)("%s is PEM of its own", async (name) => {
		const store = await chained();
		const value = store.values.get("www.example.com") ?? "";
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

describe("an x509 that ends", () => {
	it("ends when its certificate does, and nothing else does", async () => {
		const value = await new CertificateStore().make("www", { days: 2 });
		expect(await x509.lifetime?.end(value)).toEqual(new Date(leafOf(value).validTo));
		expect(await x509.lifetime?.end("secret")).toBeUndefined();
	});

	it("is renewed with another key and serial, and says the same", async () => {
		const store = await chained();
		const options = { ca: "sub", altnames: ["a.example.com"], O: "Example", serial: 7 };
		const made = Date.now();
		store.clock = () => new Date(made);
		const old = leafOf(await store.make("www", options));
		store.clock = () => new Date(made + 10 * DAY);
		const value = await store.renew("www", options);
		const renewed = leafOf(value);
		expect(pairs(value)).toBe(true);
		expect(renewed.publicKey.equals(old.publicKey)).toBe(false);
		expect(renewed.publicKey.asymmetricKeyDetails).toEqual(old.publicKey.asymmetricKeyDetails);
		expect(renewed.serialNumber).not.toBe(old.serialNumber);
		for (const said of ["subject", "subjectAltName", "issuer", "keyUsage"] as const) {
			expect(renewed[said]).toEqual(old[said]);
		}
		expect(new Date(renewed.validTo).getTime()).toBe(new Date(old.validTo).getTime() + 10 * DAY);
	});

	it("takes changed options where there are some", async () => {
		const store = new CertificateStore();
		await store.make("www", { O: "Old" });
		const value = await store.renew("www", { key_type: "ed25519", altnames: ["a.b"] });
		expect(leafOf(value).subject).toBe("O=Old\nCN=www");
		expect(leafOf(value).subjectAltName).toBe("DNS:www, DNS:a.b");
		expect(keyOf(value).asymmetricKeyType).toBe("ed25519");
	});

	it("keeps a CA's key, so that what it signed goes on being valid", async () => {
		const store = await chained();
		const [root, sub, www] = ["root", "sub", "www.example.com"].map((key) => leafOf(store.values.get(key) ?? ""));
		store.clock = () => new Date(Date.now() + 10 * DAY);
		const newRoot = leafOf(await store.renew("root", { days: 3650 }));
		const newSub = leafOf(await store.renew("sub", { ca: "root", days: 1825 }));
		expect(newRoot.publicKey.equals(root?.publicKey ?? newSub.publicKey)).toBe(true);
		expect(newSub.ca && newRoot.ca).toBe(true);
		expect(sub?.checkIssued(newRoot) && sub.verify(newRoot.publicKey)).toBe(true);
		expect(www?.checkIssued(newSub) && www.verify(newSub.publicKey)).toBe(true);
		expect(newSub.fingerprint256).not.toBe(sub?.fingerprint256);
	});

	it("stays as it is where its CA ends no later", async () => {
		const store = new CertificateStore();
		await store.make("ca", { become_ca: true, days: 30 });
		const value = await store.make("www", { ca: "ca" });
		store.clock = () => new Date(Date.now() + 20 * DAY);
		expect(await store.renew("www", { ca: "ca" })).toBe(value);
		await store.renew("ca");
		expect(new Date(leafOf(await store.renew("www", { ca: "ca" })).validTo).getTime()).toBeGreaterThan(
			Date.now() + 300 * DAY,
		);
	});

	it("is not renewed where the CA that signed it is not known", async () => {
		const store = await chained();
		const error = await refusal(store.renew("www.example.com"));
		expect(error.message).toBe("can't be renewed: the CA that signed it is not known");
		expect(error.hint).toContain("option ca");
	});

	it("that was made elsewhere is renewed with the subject, altnames and kind of key that it had", async () => {
		const old = await new CertificateStore().make("elsewhere.example.com", { O: "Example", key_type: "p384" });
		const store = new CertificateStore();
		await store.take("www", old);
		const value = await store.renew("www");
		expect(leafOf(value).subject).toBe("O=Example\nCN=elsewhere.example.com");
		expect(leafOf(value).subjectAltName).toBe("DNS:elsewhere.example.com");
		expect(keyOf(value).asymmetricKeyDetails).toEqual({ namedCurve: "secp384r1" });
	});
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
		const { signedCertificate } = await import("../../formats/x509-sign.js");
		const { contentFor } = await import("../../formats/x509-content.js");
		const content = contentFor({ days: 1 }, "www", "rsa");
		const draft = { content, key: privateKey, keyId: undefined, start: new Date(), end: new Date(), serial: 1 };
		const signer = { name: content.subject, key: privateKey, keyId: undefined, hash: undefined };
		expect((await refusal(signedCertificate(draft, signer))).message).toContain("rsa-pss");
	});
});
