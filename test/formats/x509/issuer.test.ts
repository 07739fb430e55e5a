import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { connect, createServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { CertificateStore, chained, DAY, labels, leafOf, part, refusal } from "../../support/x509.js";

describe("an x509 signed by a CA of the store", () => {
	it("carries the CAs' certificates up to the root's, without it", async () => {
		const store = await chained();
		const values = ["root", "sub", "www.example.com"].map((key) => store.get(key));
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
		const root = await part("certonly", store.get("root"));
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
