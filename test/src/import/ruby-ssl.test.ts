import { constants, generateKeyPairSync, type KeyObject, publicEncrypt } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { looksEncrypted, openSsl } from "../../../src/import/ruby-ssl.js";
import { readRubyYaml } from "../../../src/import/ruby-yaml.js";
import { all } from "../../support/foreign.js";
import { Sandbox } from "../../support/sandbox.js";

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const CHUNK = 2048 / 8 - 11;

/** A value as the Ruby trocla encrypts it: a line of base64 for each piece, and one for the empty piece at the end. */
function encrypt(plain: Buffer, key: KeyObject = pair.publicKey): string {
	const pieces: Buffer[] = [];
	for (let start = 0; start <= plain.length; start += CHUNK) pieces.push(plain.subarray(start, start + CHUNK));
	return pieces
		.map((piece) => `${publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, piece).toString("base64")}\n`)
		.join("");
}

function write(key: KeyObject, name: string): string {
	const path = new Sandbox().path(name);
	const type = key.type === "private" ? "pkcs8" : "spki";
	writeFileSync(path, key.export({ format: "pem", type }));
	return path;
}

test("a value of any length comes back as it was encrypted", () => {
	const decrypt = openSsl(write(pair.privateKey, "private.pem"), write(pair.publicKey, "public.pem"));
	const plain = fc.uint8Array({ maxLength: 3 * CHUNK }).map((bytes) => Buffer.from(bytes));
	fc.assert(
		fc.property(plain, (bytes) => {
			const value = encrypt(bytes);
			expect(decrypt(value)).toEqual(bytes);
			expect(looksEncrypted(value)).toBe(true);
		}),
		{ numRuns: 60, examples: [[Buffer.alloc(0)], [Buffer.alloc(CHUNK)], [Buffer.alloc(2 * CHUNK, "é")]] },
	);
});

test("a wrong key, and a value that is cut or altered, open nothing", () => {
	const decrypt = openSsl(write(pair.privateKey, "private.pem"), undefined);
	const value = encrypt(Buffer.from("secret"));
	for (const wrong of [
		encrypt(Buffer.from("secret"), other.publicKey),
		value.slice(0, -5),
		value.replace(/^..../, "AAAA"),
		`${value}plain\n`,
		"secret",
	]) {
		expect(decrypt(wrong)).toBeUndefined();
	}
});

test("keys that are not a pair, not RSA, locked or not there are refused by name", () => {
	const privateKey = write(pair.privateKey, "private.pem");
	expect(() => openSsl(privateKey, write(other.publicKey, "public.pem"))).toThrow("are not a pair");
	expect(() => openSsl(write(generateKeyPairSync("ed25519").privateKey, "ed.pem"), undefined)).toThrow(
		"not an RSA key",
	);
	expect(() => openSsl("/nowhere/private.pem", undefined)).toThrow("there is no /nowhere/private.pem");
	const locked = new Sandbox().path("locked.pem");
	const cipher = { cipher: "aes-256-cbc", passphrase: "x", format: "pem", type: "pkcs8" } as const;
	writeFileSync(locked, pair.privateKey.export(cipher));
	expect(() => openSsl(locked, undefined)).toThrow(`${locked} is not a key without a passphrase in PEM`);
});

test("an entry that the key does not open is named, and the others come in", async () => {
	const path = new Sandbox().path("trocla.yaml");
	const entry = (key: string, value: string) => `${key}:\n  plain: |\n${value.replace(/^(?=.)/gm, "    ")}`;
	const text = `---\n${entry("a", encrypt(Buffer.from("päss")))}${entry("b", encrypt(Buffer.from("x"), other.publicKey))}`;
	writeFileSync(path, text);
	const decrypt = openSsl(write(pair.privateKey, "private.pem"), undefined);
	expect(await all(readRubyYaml(path, decrypt))).toEqual([
		{ key: "a", formats: { plain: "päss" } },
		{ key: "b", fault: "has a plain that the private key does not open", hint: expect.any(String) },
	]);
	for (const foreign of await all(readRubyYaml(path, undefined))) {
		expect(foreign).toMatchObject({
			fault: "has a plain that is encrypted, and no key is known",
			hint: expect.stringContaining("--source"),
		});
	}
});

test("a password is not taken for an encrypted value", () => {
	const password = fc.oneof(fc.string({ maxLength: 400 }), fc.base64String({ maxLength: 400 }));
	fc.assert(fc.property(password, (text) => !looksEncrypted(text) || text.endsWith("\n")));
	expect(looksEncrypted("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")).toBe(false);
});
