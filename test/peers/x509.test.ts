import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../formats/format.js";
import { missing, pathOf } from "../support/peers.js";
import { run } from "../support/sandbox.js";
import { freePort, startServer } from "../support/server.js";
import { CertificateStore, part } from "../support/x509.js";

const DAY = 86_400_000;

describe.skipIf(missing("openssl"))("openssl (needs openssl)", () => {
	let directory: string;
	let store: CertificateStore;

	beforeAll(() => {
		directory = mkdtempSync(join(tmpdir(), "trocla-x509-"));
	});
	afterAll(() => rmSync(directory, { recursive: true, force: true }));

	/** Writes a file beside the others and gives its path. */
	function file(name: string, text: string): string {
		const path = join(directory, name.replaceAll(/[^a-z0-9.]/gi, "_"));
		writeFileSync(path, text);
		return path;
	}

	const openssl = (args: readonly string[], input = "") =>
		run(pathOf("openssl"), args, { cwd: directory, env: { LANG: "C.UTF-8" } }, input);

	async function output(args: readonly string[], input = ""): Promise<string> {
		const outcome = await openssl(args, input);
		expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
		return outcome.stdout;
	}

	/** What OpenSSL has to say to a certificate under a root of the store. */
	async function verify(root: string, value: string, ...args: readonly string[]): Promise<string> {
		const rootFile = file("root.pem", await part("certonly", store.values.get(root) ?? ""));
		const chain = file("chain.pem", await part("fullchain", value));
		const leaf = file("leaf.pem", await part("certonly", value));
		const { stdout, stderr } = await openssl([
			...["verify", "-check_ss_sig", ...args],
			...["-CAfile", rootFile, "-untrusted", chain, leaf],
		]);
		return stdout.trim().replace(/^.*: /, "") + stderr;
	}

	const extension = async (name: string, value: string) =>
		(await output(["x509", "-noout", "-ext", name], await part("certonly", value)))
			.split("\n")
			.map((line) => line.trim())
			.filter((line) => line !== "");

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
			expect(await verify("own.example.com", own, "-x509_strict")).toBe("OK");
			expect(await verify("ca", ca, "-x509_strict")).toBe("OK");
			expect(await verify("ca", www, "-purpose", "sslserver", "-verify_hostname", "www.example.com")).toBe("OK");
			expect(await verify("ca", www, "-x509_strict", "-purpose", "sslclient")).toBe("OK");

			const text = await output(["x509", "-noout", "-text"], await part("certonly", ca));
			expect(text).toContain(key.replace("RSA ", ""));
			expect(text.match(/Signature Algorithm: (\S+)/g)).toEqual([1, 2].map(() => `Signature Algorithm: ${signature}`));
			await output(["pkey", "-check", "-noout"], await part("keyonly", www));
			expect(await output(["pkey", "-pubout"], await part("keyonly", www))).toBe(await part("publickeyonly", www));
		});

		it("a chain of CAs of every kind of key, and their renewals", async () => {
			const kinds = ["ed25519", "p384", "p256"];
			store.clock = () => new Date(Date.now() - 2 * DAY);
			await store.make("root", { become_ca: true, keysize: 2048, path_length: 3, days: 4000 });
			for (const [index, key_type] of kinds.entries()) {
				await store.make(key_type, { become_ca: true, key_type, ca: kinds[index - 1] ?? "root", days: 3000 - index });
			}
			const value = await store.make("www.example.com", { ca: "p256" });
			expect(await verify("root", value, "-x509_strict")).toBe("OK");
			store.clock = () => new Date();
			await store.renew("root", { days: 4000 });
			expect(await verify("root", value)).toBe("OK");
			await store.renew("ed25519", { ca: "root", days: 3000 });
			expect(await verify("root", await store.renew("www.example.com", { ca: "p256" }))).toBe("OK");
		});

		it("nothing under a CA that has ended, as trocla signs nothing with it", async () => {
			store.clock = () => new Date(Date.now() - 400 * DAY);
			await store.make("old", { become_ca: true });
			const value = await store.make("www.example.com", { ca: "old" });
			store.clock = () => new Date();
			expect(await verify("old", value)).toContain("certificate has expired");
			await expect(store.make("www.example.com", { ca: "old" })).rejects.toThrow(FormatError);
		});
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
			await store.take("imported", await output(["req", "-x509", ...key, "-subj", "/CN=x", "-addext", extension]));
			for (const ca of ["own", "imported"]) {
				file(`${ca}.pem`, await part("certonly", store.values.get(ca) ?? ""));
				file(`${ca}.key`, await part("keyonly", store.values.get(ca) ?? ""));
			}
		});
		const permit = (base: string) => `permitted;${base}`;

		it("which it reads", async () => {
			expect(await extension("nameConstraints", store.values.get("own") ?? "")).toEqual([
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
				const forced = await output([
					...["req", "-x509", "-newkey", "ed25519", "-noenc", "-keyout", "forced.key", "-subj", subject],
					...["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-addext", "basicConstraints=CA:FALSE"],
					...(isSubject ? [] : ["-addext", `subjectAltName=${name}`]),
				]);
				const verdict = await openssl(["verify", "-CAfile", `${ca}.pem`], forced);
				const asked = { ca, subject, altnames: isSubject ? [] : [name] };
				const made = await store.make("x", asked).catch((error: unknown) => error);
				if (verdict.code === 0) expect(await verify(ca, String(made))).toBe("OK");
				else {
					expect(verdict.stderr).toMatch(/(permitted|excluded) subtree violation/);
					expect(made).toBeInstanceOf(FormatError);
				}
			},
		);

		it.each(["own", "imported"])("and with a CA below it, which is held to the same: %s", async (ca) => {
			await store.make("below", { become_ca: true, ca });
			const [good, bad] = ca === "own" ? ["a.example.com", "a.example.org"] : ["example.com", "bad.example.com"];
			expect(await verify(ca, await store.make(good ?? "", { ca: "below" }))).toBe("OK");
			await expect(store.make(bad ?? "", { ca: "below" })).rejects.toThrow(FormatError);
			expect(await extension("nameConstraints", store.values.get("below") ?? "")).toEqual(
				await extension("nameConstraints", store.values.get(ca) ?? ""),
			);
		});
	});

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
			expect(await extension("basicConstraints", value)).toEqual(constraints);
			expect(await extension("keyUsage", value)).toEqual(["X509v3 Key Usage: critical", usages]);
			const [, keyId] = await extension("subjectKeyIdentifier", value);
			expect(await extension("authorityKeyIdentifier", value)).toEqual(["X509v3 Authority Key Identifier:", keyId]);
		});

		it("that a certificate is for TLS servers and clients, unless it is told", async () => {
			const value = await store.make("www.example.com");
			expect(await extension("extendedKeyUsage", value)).toEqual([
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
				key_usages: all,
				extended_key_usages: [...purposes, "1.3.6.1.5.5.7.3.17", "1.2.3.4"],
			});
			expect((await extension("keyUsage", value))[1]).toBe(
				"Digital Signature, Non Repudiation, Key Encipherment, Data Encipherment, Key Agreement, Certificate Sign, CRL Sign, Encipher Only, Decipher Only",
			);
			expect((await extension("extendedKeyUsage", value))[1]).toBe(
				"TLS Web Server Authentication, TLS Web Client Authentication, Code Signing, E-mail Protection, Time Stamping, OCSP Signing, ipsec Internet Key Exchange, 1.2.3.4",
			);
			const renewed = await store.renew("ca");
			expect(await extension("keyUsage", renewed)).toEqual(await extension("keyUsage", value));
			expect(await extension("extendedKeyUsage", renewed)).toEqual(await extension("extendedKeyUsage", value));

			const none = await store.make("www", { key_usages: [], extended_key_usages: [], altnames: [] });
			const text = await output(["x509", "-noout", "-text"], await part("certonly", none));
			expect(text).not.toMatch(/Key Usage|Alternative/);
		});

		it("the serial that was asked for", async () => {
			const value = await store.make("www", { serial: "0xfedcba9876543210" });
			const certificate = await part("certonly", value);
			expect(await output(["x509", "-noout", "-serial"], certificate)).toBe("serial=FEDCBA9876543210\n");
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
						const [, printed] = await extension("subjectAltName", value);
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
			const printed = await output(["x509", "-noout", "-subject", "-nameopt", "sep_multiline,sname,utf8"], certificate);
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
					const printed = await output(["x509", "-noout", "-subject", "-nameopt", "RFC2253"], certificate);
					const again = await store.make("x", { subject: printed.replace(/^subject=/, "").replace(/\n$/, "") });
					expect(await subjectOf(await part("certonly", again))).toEqual(wanted);
				}),
				{ numRuns: 40 },
			);
		});

		it("the subject that it would make of the same text itself", async () => {
			const key = file("subject.key", await part("keyonly", await store.make("x")));
			for (const text of [
				"/C=DE/ST=Bavaria/L=München/O=A\\/B \\+ C\\\\D/CN=www/emailAddress=a@b.c",
				"/DC=example/DC=www/UID=a",
			]) {
				const own = await output(["req", "-x509", "-utf8", "-key", key, "-subj", text]);
				const ours = await part("certonly", await store.make("x", { subject: text }));
				expect(await subjectOf(ours)).toEqual(await subjectOf(own));
			}
		});
	});

	describe("makes keys and certificates", () => {
		const request = (kind: readonly string[], ...args: readonly string[]) =>
			output(["req", "-x509", ...kind, "-noenc", "-keyout", "-", "-subj", "/O=Elsewhere/CN=elsewhere", ...args]);

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
			expect(await verify("imported", value)).toBe("OK");
			await store.renew("imported", { days: 700 });
			expect(await verify("imported", value)).toBe("OK");
		});

		it("in every form of PEM, in any order", async () => {
			const text = await request(["-newkey", "rsa:2048"]);
			const certificate = await part("certonly", text);
			const forms = [
				await output(["rsa", "-traditional"], text),
				await output(["pkey"], text),
				`${await output(["x509", "-text"], certificate)}${await output(["pkey", "-text"], text)}`,
			];
			for (const form of forms) {
				const value = await store.take("www", form.includes("CERT") ? form : certificate + form);
				expect(await part("certonly", value)).toBe(certificate);
				expect(await output(["pkey", "-check", "-noout"], await part("keyonly", value))).toContain("valid");
			}
			const curve = await output(["ecparam", "-name", "prime256v1", "-genkey"]);
			const self = await output(["req", "-x509", "-key", file("curve.key", curve), "-subj", "/CN=curve"]);
			expect(await part("certonly", await store.take("www", curve + self))).toBe(self);
		});

		it("whose encrypted keys trocla refuses with the command that decrypts them", async () => {
			const text = await request(["-newkey", "rsa:2048"]);
			for (const traditional of [[], ["-traditional"]]) {
				const sealed = await output(["pkey", "-aes256", "-passout", "pass:x", ...traditional], text);
				const error = await store.take("www", sealed + (await part("certonly", text))).catch((error: unknown) => error);
				expect(error).toMatchObject({ hint: expect.stringContaining("openssl pkey -in FILE") });
			}
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
			const root = file("root.pem", await part("certonly", store.values.get("root") ?? ""));
			const server = await store.make("localhost", { ...options, altnames: ["127.0.0.1"] });
			const client = await store.make("client", options);
			const files = { server: file("server.pem", server), client: file("client.pem", client) };
			const port = await freePort();
			const trust = (pem: string) => ["-cert", pem, "-cert_chain", pem, "-CAfile", root, "-verify_return_error"];
			const listening = await startServer(
				pathOf("openssl"),
				["s_server", "-accept", `127.0.0.1:${port}`, ...trust(files.server), "-Verify", "3", "-naccept", "1", "-www"],
				/ACCEPT/,
				{ cwd: directory },
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
				const page = await output(args, "GET / HTTP/1.0\r\n\r\n");
				expect(page).toContain("Verify return code: 0 (ok)");
				expect(page).toContain("HTTP/1.0 200 ok");
				expect(page).toMatch(/Subject: CN ?= ?client/);
			} finally {
				await listening.stop();
			}
		});
	});
});
