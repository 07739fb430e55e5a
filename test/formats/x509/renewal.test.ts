import { describe, expect, it } from "vitest";
import { readContent } from "../../../formats/x509/content.js";
import { x509 } from "../../../formats/x509.js";
import { CertificateStore, chained, DAY, keyOf, leafOf, pairs, refusal } from "../../support/x509.js";

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

	it("loses the usages that are an RSA key's only where it gets a key on a curve", async () => {
		const store = new CertificateStore();
		const usages = () => readContent(leafOf(store.get("www"))).content.keyUsages;
		await store.make("www", { keysize: 2048 });
		expect(usages()).toEqual(["digitalSignature", "keyEncipherment"]);
		await store.renew("www", { key_type: "p256" });
		expect(usages()).toEqual(["digitalSignature"]);
	});

	it("keeps a CA's key, so that what it signed goes on being valid", async () => {
		const store = await chained();
		const [root, sub, www] = ["root", "sub", "www.example.com"].map((key) => leafOf(store.get(key)));
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
