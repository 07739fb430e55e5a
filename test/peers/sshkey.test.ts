import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sshkey } from "../../formats/sshkey.js";
import { making } from "../support/pairs.js";
import { missing, pathOf } from "../support/peers.js";
import { run } from "../support/sandbox.js";

const { generate, take, part } = making(sshkey, "web01");

/** The options of every kind of key, with the size and the name that ssh-keygen has for it. */
const kinds = [
	[{}, "256", "ED25519"],
	[{ type: "rsa" }, "3072", "RSA"],
	[{ type: "ecdsa" }, "256", "ECDSA"],
	[{ type: "ecdsa", bits: 384 }, "384", "ECDSA"],
	[{ type: "ecdsa", bits: 521 }, "521", "ECDSA"],
] as const;

const directory = mkdtempSync(join(tmpdir(), "trocla-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A private key in a file, as ssh-keygen wants it. */
function fileOf(text: string): string {
	const path = join(directory, "key");
	writeFileSync(path, text, { mode: 0o600 });
	chmodSync(path, 0o600);
	return path;
}

/** Runs ssh-keygen, and tells it this passphrase when it asks. */
function keygen(args: readonly string[], passphrase = "") {
	const ask = join(directory, "ask");
	writeFileSync(ask, `#!/bin/sh\nprintf '%s\\n' "$PASSPHRASE"\n`, { mode: 0o700 });
	const env = { LANG: "C.UTF-8", SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force", PASSPHRASE: passphrase };
	return run(pathOf("ssh-keygen"), args, { env });
}

describe.skipIf(missing("ssh-keygen", "ssh"))("ssh-keygen (needs openssh-client)", () => {
	describe.each(kinds)("trocla's key with %j", (options, bits, name) => {
		const passphrase = "päss 'word' $(id) 🔑";
		let value = "";
		let encrypted = "";
		beforeAll(async () => {
			value = await generate({ ...options, comment: "a b@c é" });
			encrypted = await take(value, { passphrase });
		});

		it("has the public key, the comment, the size and the type that trocla says", async () => {
			const line = await part("pubonly", value);
			const path = fileOf(await part("privonly", value));
			expect(await keygen(["-y", "-f", path])).toEqual({ code: 0, stdout: `${line}\n`, stderr: "" });
			expect((await keygen(["-l", "-f", path])).stdout).toMatch(
				new RegExp(`^${bits} SHA256:\\S{43} a b@c é \\(${name}\\)\n$`),
			);
			expect(await keygen(["-y", "-f", fileOf(value)])).toMatchObject({ code: 0, stdout: `${line}\n` });
		});

		it("opens with its passphrase, and with no other", async () => {
			const path = fileOf(await part("privonly", encrypted));
			const stdout = `${await part("pubonly", value)}\n`;
			expect(await keygen(["-y", "-f", path], passphrase)).toEqual({ code: 0, stdout, stderr: "" });
			expect(await keygen(["-y", "-f", path], `${passphrase}.`)).toMatchObject({ code: 255, stdout: "" });
		});

		it("is still the same key when ssh-keygen has rewritten it, and trocla has taken that in", async () => {
			const path = fileOf(await part("privonly", encrypted));
			expect(await keygen(["-p", "-f", path, "-P", passphrase, "-N", ""])).toMatchObject({ code: 0 });
			const rewritten = readFileSync(path, "utf8");
			const taken = await take(rewritten);
			expect(await part("privonly", taken)).toBe(rewritten);
			expect(await part("pubonly", taken)).toBe(await part("pubonly", value));
		});
	});

	it.each([
		["one byte", "x"],
		["1023 bytes, the most that it reads", "y".repeat(1023)],
	])("opens a key with a passphrase of %s", async (_, passphrase) => {
		const value = await generate({ passphrase });
		const outcome = await keygen(["-y", "-f", fileOf(await part("privonly", value))], passphrase);
		expect(outcome).toMatchObject({ code: 0, stdout: `${await part("pubonly", value)}\n` });
	});

	it.each([
		[["-t", "ed25519"], ""],
		[["-t", "rsa", "-b", "2048"], ""],
		[["-t", "ecdsa", "-b", "521"], ""],
		[["-t", "ed25519"], "a passphrase"],
		[["-t", "rsa", "-b", "2048", "-a", "1"], "a passphrase"],
	])("its key with %j and the passphrase %j is taken in as it is, with its public line", async (args, passphrase) => {
		const path = join(directory, "made");
		rmSync(path, { force: true });
		expect(await keygen(["-q", ...args, "-C", "web01", "-N", passphrase, "-f", path])).toMatchObject({ code: 0 });
		const secret = readFileSync(path, "utf8");
		const line = readFileSync(`${path}.pub`, "utf8");
		expect(await take(secret)).toBe(secret + line.trimEnd());
		expect(await take(secret + line)).toBe(secret + line.trimEnd());
	});

	it("its keys are taken in, whatever cipher they are encrypted with", async () => {
		const ciphers = (await run(pathOf("ssh"), ["-Q", "cipher"])).stdout.trimEnd().split("\n");
		expect(ciphers.length).toBeGreaterThan(3);
		const path = join(directory, "made");
		for (const cipher of ciphers) {
			rmSync(path, { force: true });
			const args = ["-q", "-t", "ed25519", "-C", "web01", "-N", "a passphrase", "-a", "1", "-Z", cipher, "-f", path];
			expect(await keygen(args)).toMatchObject({ code: 0 });
			const secret = readFileSync(path, "utf8");
			expect(await take(secret)).toBe(secret + readFileSync(`${path}.pub`, "utf8").trimEnd());
		}
	});

	it.each([
		["-t", "rsa", "-b", "2048", "-m", "PEM"],
		["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
		["-t", "ecdsa", "-b", "384", "-m", "PEM"],
	])("its key with %j %j %j %j %j %j becomes OpenSSH's", async (...args) => {
		const path = join(directory, "made");
		rmSync(path, { force: true });
		expect(await keygen(["-q", ...args, "-C", "web01", "-N", "", "-f", path])).toMatchObject({ code: 0 });
		const value = await take(readFileSync(path, "utf8"));
		const line = readFileSync(`${path}.pub`, "utf8");
		expect(await part("pubonly", value)).toBe(line.trimEnd());
		expect(await keygen(["-y", "-f", fileOf(await part("privonly", value))])).toEqual({
			code: 0,
			stdout: line,
			stderr: "",
		});
	});

	it("reads a key that trocla took in and gave a passphrase and a comment", async () => {
		const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
		const value = await take(String(key.export({ format: "pem", type: "pkcs1" })), {
			comment: "new",
			passphrase: "secret",
		});
		const outcome = await keygen(["-y", "-f", fileOf(await part("privonly", value))], "secret");
		expect(outcome).toMatchObject({ code: 0, stdout: `${await part("pubonly", value)}\n` });
		expect(outcome.stdout).toMatch(/ new\n$/);
	});
});
