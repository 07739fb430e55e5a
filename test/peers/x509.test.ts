import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../formats/format.js";
import { OpenSsl } from "../support/openssl.js";
import { missing, pathOf } from "../support/peers.js";
import { Sandbox } from "../support/sandbox.js";
import { freePort, startServer } from "../support/server.js";
import { CertificateStore, DAY, leafOf, part } from "../support/x509.js";

describe.skipIf(missing("openssl"))("openssl (needs openssl)", () => {
	let openssl: OpenSsl;
	let store: CertificateStore;

	beforeAll(() => {
		openssl = new OpenSsl();
	});
	afterAll(() => openssl?.remove());

	describe("verifies", () => {
		beforeAll(() => {
			store = new CertificateStore();
		});

		it.each([
			[{ keysize: 2048 }, "RSA Public-Key: (2048 bit)", "sha256WithRSAEncryption"],
			[{ keysize: 3072, hash: "sha384" }, "RSA Public-Key: (3072 bit)", "sha384WithRSAEncryption"],
			[{ keysize: 4096, hash: "sha512" }, "RSA Public-Key: (4096 bit)", "sha512WithRSAEncryption"],
			[{ keysize: 2048, hash: "sha224" }, "RSA Public-Key: (2048 bit)", "sha224WithRSAEncryption"],
			[{ keysize: 2048, hash: "sha2" }, "RSA Public-Key: (2048 bit)", "sha256WithRSAEncryption"],
			[{ key_type: "p256" }, "prime256v1", "ecdsa-with-SHA256"],
			[{ key_type: "p256", hash: "sha512" }, "prime256v1", "ecdsa-with-SHA512"],
			[{ key_type: "p384" }, "secp384r1", "ecdsa-with-SHA384"],
			[{ key_type: "p384", hash: "sha256" }, "secp384r1", "ecdsa-with-SHA256"],
			[{ key_type: "ed25519", hash: "sha384" }, "ED25519", "ED25519"],
		])("a certificate and a CA with %j", async (options, key, signature) => {
			const own = await store.make("own.example.com", options);
			const ca = await store.make("ca", { ...options, become_ca: true });
			const www = await store.make("www.example.com", { ca: "ca" });
			expect(await openssl.verify(store.get("own.example.com"), own, "-x509_strict")).toBe("OK");
			expect(await openssl.verify(store.get("ca"), ca, "-x509_strict")).toBe("OK");
			expect(
				await openssl.verify(store.get("ca"), www, "-purpose", "sslserver", "-verify_hostname", "www.example.com"),
			).toBe("OK");
			expect(await openssl.verify(store.get("ca"), www, "-x509_strict", "-purpose", "sslclient")).toBe("OK");

			const text = await openssl.output(["x509", "-noout", "-text"], await part("certonly", ca));
			expect(text).toContain(key.replace("RSA ", ""));
			expect(text.match(/Signature Algorithm: (\S+)/g)).toEqual([1, 2].map(() => `Signature Algorithm: ${signature}`));
			await openssl.output(["pkey", "-check", "-noout"], await part("keyonly", www));
			expect(await openssl.output(["pkey", "-pubout"], await part("keyonly", www))).toBe(
				await part("publickeyonly", www),
			);
		});

		it("a chain of CAs of every kind of key, and their renewals", async () => {
			const kinds = ["ed25519", "p384", "p256"];
			store.clock = () => new Date(Date.now() - 2 * DAY);
			await store.make("root", { become_ca: true, keysize: 2048, path_length: 3, days: 4000 });
			for (const [index, key_type] of kinds.entries()) {
				await store.make(key_type, { become_ca: true, key_type, ca: kinds[index - 1] ?? "root", days: 3000 - index });
			}
			const value = await store.make("www.example.com", { ca: "p256" });
			expect(await openssl.verify(store.get("root"), value, "-x509_strict")).toBe("OK");
			store.clock = () => new Date();
			await store.renew("root", { days: 4000 });
			expect(await openssl.verify(store.get("root"), value)).toBe("OK");
			await store.renew("ed25519", { ca: "root", days: 3000 });
			expect(await openssl.verify(store.get("root"), await store.renew("www.example.com", { ca: "p256" }))).toBe("OK");
		});

		it("nothing under a CA that has ended, as trocla signs nothing with it", async () => {
			store.clock = () => new Date(Date.now() - 400 * DAY);
			await store.make("old", { become_ca: true });
			const value = await store.make("www.example.com", { ca: "old" });
			store.clock = () => new Date();
			expect(await openssl.verify(store.get("old"), value)).toContain("certificate has expired");
			await expect(store.make("www.example.com", { ca: "old" })).rejects.toThrow(FormatError);
		});
	});

	it("verifies what 20 processes sign with one CA at once, each with a serial of its own", async () => {
		const sandbox = new Sandbox();
		const make = async (key: string, options: string) => {
			const { code, stdout, stderr } = await sandbox.run(["get", key, "x509", options, "--render", "fullchain"]);
			expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
			return stdout;
		};
		const ca = await make("ca", "become_ca: true, key_type: p256");
		const hosts = Array.from({ length: 20 }, (_, index) => `host${index}.example.com`);
		const values = await Promise.all(hosts.map((host) => make(host, "ca: ca, key_type: p256")));
		expect(new Set(values.map((value) => leafOf(value).serialNumber)).size).toBe(20);
		for (const value of values) expect(await openssl.verify(ca, value)).toBe("OK");
	});

	describe("holds a CA to its name constraints", () => {
		const held = {
			own: [
				...["DNS:example.com", "DNS:www.example.com", "DNS:*.example.com", "DNS:WWW.EXAMPLE.COM", "DNS:badexample.com"],
				...["DNS:sub.example.org", "DNS:a.sub.example.org", "DNS:example.org", "DNS:com"],
				...["IP:10.255.255.255", "IP:11.0.0.0", "IP:2001:db8:ffff::1", "IP:2001:db9::", "IP:::ffff:10.0.0.1"],
				...["email:root@example.org", "URI:https://example.org/", "CN=www.example.com", "CN=www.example.org", "CN=org"],
			],
			imported: [
				...["email:a@example.com", "email:A@EXAMPLE.COM", "email:a@b.example.com", "email:a@example.org"],
				...["email:root@example.net", "email:other@example.net", "email:a@x.example.edu", "email:a@example.edu"],
				...["URI:https://a.example.com/", "URI:https://a.example.com:80/", "URI:https://example.com/"],
				...["URI:https://host.example.org/", "URI:https://a.host.example.org", "DNS:bad.example.com"],
				...["DNS:a.bad.example.com", "DNS:example.com", "IP:192.168.1.1", "IP:192.169.1.1", "CN=bad.example.com"],
				"CN=Joe/emailAddress=a@example.com",
				"CN=Joe/emailAddress=a@example.org",
			],
		};

		beforeAll(async () => {
			store = new CertificateStore();
			const permitted = ["example.com", ".sub.example.org", "10.0.0.0/8", "2001:db8::/32"];
			await store.make("own", { become_ca: true, name_constraints: permitted });
			const constraints = [
				...["email:example.com", "email:root@example.net", "email:.example.edu", "URI:.example.com"].map(permit),
				...["URI:host.example.org"].map(permit),
				...["excluded;DNS:bad.example.com", "excluded;IP:192.168.0.0/255.255.0.0"],
			];
			const extension = `nameConstraints=critical,${constraints.join(",")}`;
			const key = ["-newkey", "ed25519", "-noenc", "-keyout", "-"];
			await store.take(
				"imported",
				await openssl.output(["req", "-x509", ...key, "-subj", "/CN=x", "-addext", extension]),
			);
			for (const ca of ["own", "imported"]) {
				openssl.file(`${ca}.pem`, await part("certonly", store.get(ca)));
				openssl.file(`${ca}.key`, await part("keyonly", store.get(ca)));
			}
		});
		const permit = (base: string) => `permitted;${base}`;

		it("which it reads", async () => {
			expect(await openssl.extension("nameConstraints", store.get("own"))).toEqual([
				"X509v3 Name Constraints: critical",
				"Permitted:",
				"DNS:example.com",
				"DNS:.sub.example.org",
				"IP:10.0.0.0/255.0.0.0",
				"IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:0:0:0:0:0:0",
			]);
		});

		it.each(Object.entries(held).flatMap(([ca, names]) => names.map((name) => [ca, name] as const)))(
			"and verifies what trocla signs with it, and nothing that trocla refuses: %s %s",
			async (ca, name) => {
				const isSubject = name.startsWith("CN=");
				const subject = isSubject ? `/${name}` : "/CN=no altname";
				const forced = await openssl.output([
					...["req", "-x509", "-newkey", "ed25519", "-noenc", "-keyout", "forced.key", "-subj", subject],
					...["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-addext", "basicConstraints=CA:FALSE"],
					...(isSubject ? [] : ["-addext", `subjectAltName=${name}`]),
				]);
				const verdict = await openssl.run(["verify", "-CAfile", `${ca}.pem`], forced);
				const asked = { ca, subject, altnames: isSubject ? [] : [name] };
				const made = await store.make("x", asked).catch((error: unknown) => error);
				if (verdict.code === 0) expect(await openssl.verify(store.get(ca), String(made))).toBe("OK");
				else {
					expect(verdict.stderr).toMatch(/(permitted|excluded) subtree violation/);
					expect(made).toBeInstanceOf(FormatError);
				}
			},
		);

		it.each(["own", "imported"])("and with a CA below it, which is held to the same: %s", async (ca) => {
			await store.make("below", { become_ca: true, ca });
			const [good, bad] = ca === "own" ? ["a.example.com", "a.example.org"] : ["example.com", "bad.example.com"];
			expect(await openssl.verify(store.get(ca), await store.make(good ?? "", { ca: "below" }))).toBe("OK");
			await expect(store.make(bad ?? "", { ca: "below" })).rejects.toThrow(FormatError);
			expect(await openssl.extension("nameConstraints", store.get("below"))).toEqual(
				await openssl.extension("nameConstraints", store.get(ca)),
			);
		});
	});

	describe("talks TLS", () => {
		beforeAll(async () => {
			store = new CertificateStore();
			await store.make("root", { become_ca: true, keysize: 2048 });
			await store.make("sub", { become_ca: true, ca: "root", key_type: "p384" });
		});

		it.each(["rsa", "p256", "p384", "ed25519"])("with a server and a client that have keys of %s", async (key_type) => {
			const options = { ca: "sub", key_type, ...(key_type === "rsa" && { keysize: 2048 }) };
			const root = openssl.file("root.pem", await part("certonly", store.get("root")));
			const server = await store.make("localhost", { ...options, altnames: ["127.0.0.1"] });
			const client = await store.make("client", options);
			const files = { server: openssl.file("server.pem", server), client: openssl.file("client.pem", client) };
			const port = await freePort();
			const trust = (pem: string) => ["-cert", pem, "-cert_chain", pem, "-CAfile", root, "-verify_return_error"];
			const listening = await startServer(
				pathOf("openssl"),
				["s_server", "-accept", `127.0.0.1:${port}`, ...trust(files.server), "-Verify", "3", "-naccept", "1", "-www"],
				/ACCEPT/,
				{ cwd: openssl.directory },
			);
			try {
				const args = [
					"s_client",
					"-connect",
					`127.0.0.1:${port}`,
					"-verify_ip",
					"127.0.0.1",
					"-ign_eof",
					...trust(files.client),
				];
				const page = await openssl.output(args, "GET / HTTP/1.0\r\n\r\n");
				expect(page).toContain("Verify return code: 0 (ok)");
				expect(page).toContain("HTTP/1.0 200 ok");
				expect(page).toMatch(/Subject: CN ?= ?client/);
			} finally {
				await listening.stop();
			}
		});
	});
});
