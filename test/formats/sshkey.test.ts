import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../formats/format.js";
import { sshkey } from "../../formats/sshkey.js";
import { making } from "../support/pairs.js";

const { generate, take, part } = making(sshkey, "web01");

async function refusal(attempt: Promise<unknown>): Promise<unknown> {
	const error = await attempt.catch((error: unknown) => error);
	expect(error).toBeInstanceOf(FormatError);
	return error;
}

/** What stands in a public key's line: strings with their lengths before them (RFC 4251, section 5). */
function partsOf(line: string): Buffer[] {
	const parts: Buffer[] = [];
	for (let rest = Buffer.from(line.split(" ")[1] ?? "", "base64"); rest.length > 0; ) {
		const end = 4 + rest.readUInt32BE();
		parts.push(rest.subarray(4, end));
		rest = rest.subarray(end);
	}
	return parts;
}

const pemOfBytes = (bytes: Buffer) =>
	`-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;

const rsa = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength }).privateKey;
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;
const rsaKey = rsa(2048);
const foreign: readonly [string, KeyObject, "pkcs1" | "pkcs8" | "sec1"][] = [
	["an RSA key in PKCS #1", rsaKey, "pkcs1"],
	["an RSA key in PKCS #8", rsa(1024), "pkcs8"],
	["a P-256 key in SEC 1", ec("P-256"), "sec1"],
	["a P-384 key in PKCS #8", ec("P-384"), "pkcs8"],
	["a P-521 key in SEC 1", ec("P-521"), "sec1"],
	["an Ed25519 key in PKCS #8", generateKeyPairSync("ed25519").privateKey, "pkcs8"],
];
const pemOf = (key: KeyObject, type: "pkcs1" | "pkcs8" | "sec1") => String(key.export({ format: "pem", type }));

describe("sshkey", () => {
	it.each([
		[{}, "ssh-ed25519", 256],
		[{ type: "ed25519", bits: 256 }, "ssh-ed25519", 256],
		[{ type: "rsa" }, "ssh-rsa", 3072],
		[{ type: "rsa", bits: 2048 }, "ssh-rsa", 2048],
		[{ type: "ecdsa" }, "ecdsa-sha2-nistp256", 256],
		[{ type: "ecdsa", bits: 384 }, "ecdsa-sha2-nistp384", 384],
		[{ type: "ecdsa", bits: 521 }, "ecdsa-sha2-nistp521", 521],
	])(
		"with %j is a private key of OpenSSH's and the line of its public key, of type %s",
		async (options, type, bits) => {
			const value = await generate(options);
			expect(value).toMatch(
				/^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=]{1,70}\n)+-----END OPENSSH PRIVATE KEY-----\nssh-|ecdsa-/,
			);
			const line = await part("pubonly", value);
			const parts = partsOf(line);
			expect(line).toBe(`${type} ${line.split(" ")[1]} web01`);
			expect(parts[0]?.toString()).toBe(type);
			// RFC 8709: 32 bytes; RFC 4253: e, and n with a zero byte before it; RFC 5656: the curve, and 4, x, y.
			const size = { "ssh-ed25519": 32, "ssh-rsa": bits / 8 + 1 }[type] ?? 1 + 2 * Math.ceil(bits / 8);
			expect(parts.at(-1)).toHaveLength(size);
			expect(value).toBe(`${await part("privonly", value)}${line}`);
		},
	);

	it.each([
		[{ bits: 384 }, "ed25519 keys have 256 bits"],
		[{ type: "rsa", bits: 2047 }, "rsa keys have 2048 to 8192 bits"],
		[{ type: "rsa", bits: 256 }, "rsa keys have 2048 to 8192 bits"],
		[{ type: "ecdsa", bits: 512 }, "ecdsa keys have 256, 384 or 521 bits"],
		[{ type: "ecdsa", bits: 2048 }, "ecdsa keys have 256, 384 or 521 bits"],
	])("refuses %j", async (options, message) => {
		expect(await refusal(generate(options))).toMatchObject({ message: expect.stringContaining(message) });
	});

	it.each([
		[{ type: "dsa" }, "must be one of ed25519, rsa, ecdsa"],
		[{ bits: 8193 }, "must be a whole number from 256 to 8192"],
		[{ bits: "2048" }, "must be a whole number from 256 to 8192"],
		[{ comment: "two\nlines" }, "must be a text of one line"],
		[{ comment: 5 }, "must be a text of one line"],
		[{ passphrase: "" }, "must be a text of one line, of 1 to 1023 bytes"],
		[{ passphrase: "a\0b" }, "must be a text of one line, of 1 to 1023 bytes"],
		[{ passphrase: "é".repeat(512) }, "must be a text of one line, of 1 to 1023 bytes"],
		[{ passphrase: true }, "must be a text of one line, of 1 to 1023 bytes"],
	])("has no options like %j", (options, message) => {
		expect(v.safeParse(sshkey.options, options).issues?.map((issue) => issue.message)).toEqual([message]);
	});

	it("keeps its passphrase secret", () => {
		expect(sshkey.secretOptions).toEqual(["passphrase"]);
	});

	it("has the comment that it is given, or none where that is empty", async () => {
		for (const comment of ["a b  c", "ünïcode 🔑", "#", "-x", "ssh-rsa AAAA"]) {
			expect(await part("pubonly", await generate({ comment }))).toMatch(new RegExp(` ${comment}$`));
		}
		expect(await part("pubonly", await generate({ comment: "" }))).toMatch(/^ssh-ed25519 [A-Za-z0-9+/=]+$/);
	});

	it("makes another key each time", async () => {
		const lines = await Promise.all(Array.from({ length: 10 }, async () => part("pubonly", await generate())));
		expect(new Set(lines).size).toBe(10);
	});

	it("takes in its own values unchanged, whatever their line ends are", async () => {
		for (const options of [{}, { type: "ecdsa" }, { comment: "a b" }, { comment: "" }, { passphrase: "secret" }]) {
			const value = await generate(options);
			expect(await take(value)).toBe(value);
			expect(await take(`\n${value}\n`)).toBe(value);
			expect(await take(value.replaceAll("\n", "\r\n"))).toBe(value);
		}
	});

	it("makes the public line of a private key that comes without one", async () => {
		for (const options of [{ type: "ecdsa", bits: 521 }, { comment: "a b" }, { passphrase: "secret" }]) {
			const value = await generate(options);
			expect(await take(await part("privonly", value))).toBe(value);
		}
	});

	it.each(foreign)("takes in %s, and has its public key", async (_, key, type) => {
		const value = await take(pemOf(key, type));
		expect(value).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
		const line = await part("pubonly", value);
		expect(line).toMatch(/ web01$/);
		const jwk = createPublicKey(key).export({ format: "jwk" });
		const parts = partsOf(line);
		const last = Buffer.from(jwk.n ?? jwk.x ?? "", "base64url");
		expect(parts.at(-1)?.includes(last)).toBe(true);
	});

	it("takes in the RSA pair that the Ruby trocla stores, with the comment of its public line", async () => {
		const pem = pemOf(rsaKey, "pkcs1");
		const line = (await part("pubonly", await take(pem))).replace(/web01$/, "My ssh key");
		const stored = `${pem}${line}`;
		expect(await part("privonly", stored)).toBe(pem);
		expect(await part("pubonly", stored)).toBe(line);
		expect(await part("pubonly", await take(stored))).toBe(line);
	});

	it("encrypts a key that it takes in with a passphrase, and gives it another comment", async () => {
		const value = await generate();
		const sealed = await take(value, { passphrase: "secret", comment: "new" });
		expect(await part("privonly", sealed)).not.toBe(await part("privonly", value));
		expect(await part("pubonly", sealed)).toBe((await part("pubonly", value)).replace(/web01$/, "new"));
		expect(await refusal(take(sealed, { passphrase: "another" }))).toMatchObject({
			message: expect.stringContaining("encrypted with one already"),
			hint: expect.stringContaining("ssh-keygen -p"),
		});
	});

	it.each([
		["PKCS #8", { format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "secret" }],
		["PKCS #1", { format: "pem", type: "pkcs1", cipher: "aes-256-cbc", passphrase: "secret" }],
	] as const)("refuses an encrypted key in %s, and names the command that converts it", async (_, encoding) => {
		expect(await refusal(take(String(rsaKey.export(encoding))))).toMatchObject({
			message: expect.stringContaining("encrypted"),
			hint: expect.stringContaining("ssh-keygen -p -f FILE"),
		});
	});

	it.each([
		["an X25519 key", pemOf(generateKeyPairSync("x25519").privateKey, "pkcs8"), '"x25519"'],
		["a key on another curve", pemOf(ec("secp256k1"), "pkcs8"), "secp256k1"],
		["a public key", String(createPublicKey(rsaKey).export({ format: "pem", type: "spki" })), "finds none"],
		["a password", "password", "finds none"],
	])("refuses %s", async (_, text, message) => {
		expect(await refusal(take(text))).toMatchObject({ message: expect.stringContaining(message) });
	});

	it("refuses a public line that is another key's, or something else behind the key", async () => {
		const [mine, other] = [await generate(), await generate()];
		const pem = await part("privonly", mine);
		for (const behind of [await part("pubonly", other), "password", pem]) {
			expect(await refusal(take(`${pem}${behind}`))).toMatchObject({
				message: expect.stringContaining("not its public key"),
			});
		}
	});

	it("refuses a key whose comment would begin another line of authorized_keys", async () => {
		const value = await generate({ comment: "harmless" });
		const body = Buffer.from((await part("privonly", value)).replace(/-----.*-----|\n/g, ""), "base64");
		body.write("harm\ness", body.lastIndexOf("harmless"));
		const text = pemOfBytes(body);
		expect(await refusal(take(text))).toMatchObject({ message: expect.stringContaining("control character") });
		expect(await part("pubonly", await take(text, { comment: "mine" }))).toMatch(/ mine$/);
	});

	it("refuses a key with a changed bit in what tells which key it is, and how it is encrypted", async () => {
		const value = await generate();
		const body = Buffer.from((await part("privonly", value)).replace(/-----.*-----|\n/g, ""), "base64");
		const publicKey = partsOf(await part("pubonly", value)).at(-1) ?? Buffer.alloc(0);
		const seed = body.indexOf(publicKey, body.indexOf(publicKey) + 1) + publicKey.length;
		await fc.assert(
			fc.asyncProperty(fc.nat({ max: seed - 1 }), fc.nat({ max: 7 }), async (index, bit) => {
				const changed = Buffer.from(body);
				changed[index] = (changed[index] ?? 0) ^ (1 << bit);
				await refusal(take(pemOfBytes(changed)));
			}),
			{ numRuns: 300 },
		);
	});

	it("answers at once for the longest text that has no end", async () => {
		const text = "-----BEGIN RSA PRIVATE KEY-----\n".repeat(2 ** 15);
		const before = performance.now();
		await refusal(take(text));
		expect(performance.now() - before).toBeLessThan(1000);
	});

	it("refuses a key that was cut, and never says what is in it", async () => {
		for (const options of [{}, { passphrase: "secret" }]) {
			const lines = (await part("privonly", await generate(options))).trimEnd().split("\n");
			await fc.assert(
				fc.asyncProperty(fc.integer({ min: 1, max: lines.length - 2 }), fc.nat({ max: 69 }), async (index, column) => {
					fc.pre(column < (lines[index]?.length ?? 0));
					const cut = lines
						.with(index, lines[index]?.slice(0, column) ?? "")
						.toSpliced(index + 1, lines.length - index - 2);
					const error = await refusal(take(cut.join("\n")));
					for (const line of lines.slice(1, -1)) expect(JSON.stringify(error)).not.toContain(line);
				}),
			);
		}
	});

	it.each(["", "password", "ssh-ed25519 AAAA x"])("has no parts of a value that is not its own: %j", async (value) => {
		await refusal(part("pubonly", value));
		await refusal(part("privonly", value));
	});

	it("signs with the private key what the public key verifies", async () => {
		const value = await generate();
		const secret = Buffer.from((await part("privonly", value)).replace(/-----.*-----|\n/g, ""), "base64");
		const publicKey = partsOf(await part("pubonly", value)).at(-1) ?? Buffer.alloc(0);
		const at = secret.lastIndexOf(publicKey);
		// RFC 8410: an Ed25519 key in PKCS #8 is these bytes and the seed, which stands before the last public key.
		const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret.subarray(at - 32, at)]);
		const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
		const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), publicKey]);
		const shown = createPublicKey({ key: spki, format: "der", type: "spki" });
		expect(verify(null, Buffer.from("text"), shown, sign(null, Buffer.from("text"), key))).toBe(true);
	});
});
