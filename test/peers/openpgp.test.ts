import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openpgp } from "../../formats/openpgp.js";
import { SigningKey } from "../../src/publish/signing-key.js";
import { making } from "../support/pairs.js";
import { missing, pathOf } from "../support/peers.js";
import { cleanUp, type Outcome, run, Sandbox } from "../support/sandbox.js";

const { generate, take, part } = making(openpgp, "repository");

describe.skipIf(missing("gpg", "gpg-agent", "gpgconf", "gpgv"))(
	"GnuPG (needs gpg, gpg-agent, gpgconf and gpgv)",
	() => {
		let home: string;
		let env: NodeJS.ProcessEnv;
		beforeEach(() => {
			// Short: the path of a socket in it has 107 characters at most.
			home = mkdtempSync(join(tmpdir(), "gnupg-"));
			env = { PATH: process.env.PATH, HOME: home, GNUPGHOME: home, LANG: "C.UTF-8" };
			cleanUp(() => {
				execFileSync(pathOf("gpgconf"), ["--kill", "all"], { env });
				rmSync(home, { recursive: true, force: true });
			});
		});

		const gpg = (args: readonly string[], input?: string | Buffer): Promise<Outcome> =>
			run(pathOf("gpg"), ["--batch", "--pinentry-mode", "loopback", "--passphrase", "", ...args], { env }, input);

		/** Runs gpg, which must succeed, for what it prints. */
		async function printed(args: readonly string[], input?: string | Buffer): Promise<string> {
			const { code, stdout, stderr } = await gpg(args, input);
			expect({ args, code, stderr }).toMatchObject({ code: 0 });
			return stdout;
		}

		function write(name: string, content: string | Uint8Array): string {
			const path = join(home, name);
			writeFileSync(path, content);
			return path;
		}

		/** What gpgv says of a signature of these bytes, by the key in the file `keyring`. */
		const gpgv = (signature: Uint8Array, content: Uint8Array): Promise<Outcome> =>
			run(
				pathOf("gpgv"),
				["--status-fd", "1", "--keyring", join(home, "keyring"), write("sig", signature), write("content", content)],
				{ env },
			);

		/** A secret key that gpg makes, in ASCII armor, and its fingerprint. */
		async function made(...args: readonly string[]): Promise<{ armored: string; fingerprint: string }> {
			await printed(["--quick-gen-key", "Admin <admin@example.com>", ...args]);
			const fingerprint = fingerprintIn(await printed(["--with-colons", "--list-secret-keys"]));
			return { armored: await printed(["--armor", "--export-secret-keys", fingerprint]), fingerprint };
		}

		it.each([
			[{}, "ed25519"],
			[{ type: "rsa" }, "rsa3072"],
			[{ type: "rsa", bits: 2048 }, "rsa2048"],
		])("imports trocla's key with %j, and signs with it", async (options, kind) => {
			const value = await generate({ ...options, name: "Größe", email: "root@example.com" });
			await printed(["--import"], `${value}\n`);
			const listed = await printed(["--with-colons", "--with-secret", "--list-keys"]);
			const fields = listed.split("\n").map((line) => line.split(":"));
			const [, , bits, algorithm, , , end] = fields.find(([type]) => type === "pub") ?? [];
			expect({ bits, algorithm, end }).toEqual({
				bits: kind === "ed25519" ? "255" : kind.slice(3),
				algorithm: kind === "ed25519" ? "22" : "1",
				end: "",
			});
			// Capabilities: it signs and certifies, and so does the whole of it; nothing encrypts.
			expect(fields.find(([type]) => type === "pub")?.[11]).toBe("scSC");
			expect(fields.find(([type]) => type === "uid")?.[9]).toBe("Größe <root@example.com>");
			expect(fields.some(([type]) => type === "sub")).toBe(false);
			await printed(["--armor", "--detach-sign", "--output", join(home, "made"), write("content", "hello")]);
			write("keyring", Buffer.from(await binary(await part("pubonly", value)), "latin1"));
			expect(await gpgv(readFileSync(join(home, "made")), Buffer.from("hello"))).toMatchObject({ code: 0 });
		});

		/** What is in ASCII armor, one byte a character. */
		async function binary(armored: string): Promise<string> {
			await printed(["--yes", "--output", join(home, "dearmored"), "--dearmor"], `${armored}\n`);
			return readFileSync(join(home, "dearmored"), "latin1");
		}

		const fingerprintIn = (listed: string) => /^fpr:+([0-9A-F]{40}):$/m.exec(listed)?.[1] ?? "";

		it("has the fingerprint that trocla has, of the public key in armor and in binary", async () => {
			const key = await SigningKey.read(await generate());
			for (const form of [key.publicArmored, key.publicKey]) {
				const listed = await printed(["--with-colons", "--show-keys", "--fingerprint"], Buffer.from(form));
				expect(fingerprintIn(listed)).toBe(key.fingerprint);
				expect(listed).toMatch(/^pub:/m);
				expect(listed).not.toMatch(/^sec:/m);
			}
		});

		it("reads in trocla's signature what it must have", async () => {
			const key = await SigningKey.read(await generate());
			const at = new Date();
			const packets = await printed(["--list-packets"], key.sign(Buffer.from("content"), at));
			const seconds = Math.floor(at.getTime() / 1000);
			expect(packets).toContain(`:signature packet: algo 22, keyid ${key.fingerprint.slice(-16)}`);
			expect(packets).toContain(`version 4, created ${seconds}, md5len 0, sigclass 0x00`);
			expect(packets).toMatch(/digest algo 10, begin of digest /);
			expect(packets).toMatch(new RegExp(`hashed subpkt 33 len 21 \\(issuer fpr v4 ${key.fingerprint}\\)`));
		});

		it("verifies hundreds of trocla's signatures, those with short numbers among them", async () => {
			const key = await SigningKey.read(await generate());
			write("keyring", key.publicKey);
			const at = new Date();
			let short = 0;
			for (let count = 0; count < 20_000 && short < 20; count++) {
				const content = Buffer.from(`content ${count}\n`.repeat(count % 100));
				const signature = key.sign(content, at);
				const isShort = signature.length < 2 + 6 + 29 + 12 + 2 + 2 * 34;
				if (isShort) short++;
				if (!isShort && count >= 200) continue;
				expect(await gpgv(signature, content)).toMatchObject({
					code: 0,
					stdout: expect.stringContaining(`VALIDSIG ${key.fingerprint} `),
				});
			}
			expect(short).toBe(20);
		});

		it("verifies a signature of the very second in which the key was made, and none of before", async () => {
			for (;;) {
				const value = await generate();
				const at = new Date();
				const key = await SigningKey.read(value, at);
				const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
				write("keyring", key.publicKey);
				const [, created] = /created (\d+)/.exec(await printed(["--list-packets"], key.publicKey)) ?? [];
				if (Number(created) !== seconds(at)) continue;
				const content = Buffer.from("content");
				expect(await gpgv(key.sign(content, at), content)).toMatchObject({ code: 0 });
				expect(() => key.sign(content, new Date(at.getTime() - 1000))).toThrow("before it was made");
				return;
			}
		});

		it("refuses what was changed, and what another key signed", async () => {
			const key = await SigningKey.read(await generate());
			write("keyring", key.publicKey);
			const content = Buffer.from("passwd: 0123456789\n");
			const signature = key.sign(content, new Date());
			expect(await gpgv(signature, content)).toMatchObject({ code: 0 });
			for (let index = 0; index < content.length; index++) {
				const changed = Buffer.from(content);
				changed[index] = (changed[index] ?? 0) ^ 1;
				const outcome = await gpgv(signature, changed);
				expect(outcome).toMatchObject({ code: 1, stdout: expect.stringContaining("BADSIG") });
			}
			// The hashed part, bytes of R and of S, and S's last.
			const end = signature.length - 1;
			for (const place of [...signature.subarray(0, 2 + 6 + 29).keys(), end - 40, end - 10, end]) {
				const changed = Buffer.from(signature);
				changed[place] = (changed[place] ?? 0) ^ 1;
				const outcome = await gpgv(changed, content);
				expect(outcome.code).not.toBe(0);
				expect(outcome.stdout).not.toContain("GOODSIG");
			}
			const stranger = await SigningKey.read(await generate());
			const outcome = await gpgv(stranger.sign(content, new Date()), content);
			expect(outcome).toMatchObject({ code: 2, stdout: expect.stringContaining("NO_PUBKEY") });
		});

		it.each([
			["ed25519", ["ed25519", "cert,sign", "0"]],
			["ed25519, with a subkey that encrypts", ["future-default", "default", "1y"]],
		])("exports a key of %s that `trocla set` takes in and that signs for gpgv", async (_, args) => {
			const sandbox = new Sandbox();
			const { armored, fingerprint } = await made(...args);
			expect(await sandbox.run(["set", "publish", "openpgp"], armored)).toMatchObject({ code: 0, stdout: "" });
			const { stdout } = await sandbox.run(["get", "publish", "openpgp"]);
			expect(stdout).toBe(armored);
			const key = await SigningKey.read(stdout);
			expect(key.fingerprint).toBe(fingerprint);
			write("keyring", key.publicKey);
			const content = Buffer.from("content");
			expect(await gpgv(key.sign(content, new Date()), content)).toMatchObject({
				code: 0,
				stdout: expect.stringContaining(`VALIDSIG ${fingerprint} `),
			});
			const shown = await sandbox.run(["get", "publish", "openpgp", "--render", "pubonly"]);
			expect(fingerprintIn(await printed(["--with-colons", "--show-keys"], shown.stdout))).toBe(fingerprint);
		});

		it("exports an RSA key that trocla takes in, and that is none to publish with", async () => {
			const { armored } = await made("rsa2048", "default", "0");
			const value = await take(armored);
			expect(`${value}\n`).toBe(armored);
			await expect(SigningKey.read(value)).rejects.toMatchObject({ code: "config" });
		});

		it("has keys that `trocla set` refuses, and stores nothing of", async () => {
			const sandbox = new Sandbox();
			const { armored, fingerprint } = await made("ed25519", "cert,sign", "0");
			const refused = async (text: string, message: string) => {
				const outcome = await sandbox.run(["set", "publish", "openpgp"], text);
				expect(outcome).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(message) });
				for (const line of armored.split("\n").filter(({ length }) => length === 64)) {
					expect(outcome.stderr).not.toContain(line);
				}
			};
			await refused(await printed(["--armor", "--export", fingerprint]), "this is a public one");
			await printed(["--quick-add-key", fingerprint, "ed25519", "sign"]);
			await refused(await printed(["--armor", "--export-secret-subkeys", fingerprint]), "not in it");
			const [revocation = ""] = readdirSync(join(home, "openpgp-revocs.d"));
			const certificate = readFileSync(join(home, "openpgp-revocs.d", revocation), "utf8").replace(/^:/gm, "");
			await printed(["--import"], certificate);
			await refused(await printed(["--armor", "--export-secret-keys", fingerprint]), "revoked");
			await printed(["--quick-gen-key", "--passphrase", "secret", "Locked <locked@example.com>", "ed25519"]);
			const locked = ["--armor", "--passphrase", "secret", "--export-secret-keys"];
			await refused(await printed([...locked, "locked@example.com"]), "with a passphrase");
			await refused(await printed([...locked]), "has more");
			const expired = ["--faked-system-time", "20200101T000000", "--quick-gen-key", "Old <old@example.com>"];
			await printed([...expired, "ed25519", "cert,sign", "2020-02-01"]);
			await refused(await printed(["--armor", "--export-secret-keys", "old@example.com"]), "expired at 2020-02-01T");
			expect(await sandbox.run(["formats", "publish"])).toMatchObject({ code: 1, stdout: "" });
		});
	},
);
