import { inspect } from "node:util";
import * as fc from "fast-check";
import {
	createMessage,
	generateKey,
	type PrivateKey,
	type PublicKey,
	readKey,
	readSignature,
	revokeKey,
	verify,
} from "openpgp";
import { beforeAll, describe, expect, it } from "vitest";
import { openpgp } from "../../../formats/openpgp.js";
import { TroclaError } from "../../../src/errors.js";
import { SigningKey } from "../../../src/publish/signing-key.js";
import { making } from "../../support/pairs.js";

const { generate } = making(openpgp, "publish");

const NOW = new Date();

type KeyOptions = Parameters<typeof generateKey>[0];

async function made(options: Partial<Omit<KeyOptions, "format">> = {}): Promise<PrivateKey> {
	const userIDs = [{ name: "publish" }];
	const { privateKey } = await generateKey({
		type: "ecc",
		curve: "ed25519Legacy",
		userIDs,
		subkeys: [],
		...options,
		format: "object",
	});
	return privateKey;
}

/** The 32 bytes of RFC 8032 that are the secret. */
function seedOf(key: PrivateKey): Uint8Array {
	const seed: unknown = Reflect.get(Object(Reflect.get(key.keyPacket, "privateParams")), "seed");
	if (seed instanceof Uint8Array) return seed;
	throw new Error("OpenPGP.js shows no seed");
}

/** Whether OpenPGP.js takes this signature of these bytes. */
async function holds(content: Uint8Array, binarySignature: Uint8Array, verificationKeys: PublicKey): Promise<boolean> {
	try {
		const message = await createMessage({ binary: content });
		const signature = await readSignature({ binarySignature });
		const { signatures } = await verify({ message, signature, verificationKeys, expectSigned: true });
		await Promise.all(signatures.map(({ verified }) => verified));
		return signatures.length === 1;
	} catch {
		return false;
	}
}

async function refusal(attempt: () => unknown): Promise<TroclaError> {
	const error = await new Promise((resolve) => resolve(attempt())).catch((error: unknown) => error);
	expect(error).toBeInstanceOf(TroclaError);
	expect(error).toMatchObject({ code: "config", message: expect.stringMatching(/^the signing key can't be used: /) });
	return error as TroclaError;
}

/** The numbers R and S, without the zero bytes that OpenPGP leaves out: they end a signature. */
function numbersOf(signature: Buffer): Buffer[] {
	// Behind the header, the hashed part, the key ID and two bytes of the hash.
	let rest = signature.subarray(2 + 6 + 29 + 12 + 2);
	const numbers: Buffer[] = [];
	while (rest.length > 0) {
		const bits = rest.readUInt16BE();
		const end = 2 + Math.ceil(bits / 8);
		const number = rest.subarray(2, end);
		expect(bits).toBe(BigInt(`0x${number.toString("hex")}`).toString(2).length);
		numbers.push(number);
		rest = rest.subarray(end);
	}
	return numbers;
}

/** Where a part of a buffer is in it. */
const indexesIn = (whole: Buffer) => (part: Buffer) =>
	Array.from(part.keys(), (index) => part.byteOffset - whole.byteOffset + index);

describe("a signing key", () => {
	let key: SigningKey;
	let publicKey: PublicKey;
	beforeAll(async () => {
		key = await SigningKey.read((await made({ date: new Date(NOW.getTime() - 5000) })).armor());
		publicKey = await readKey({ binaryKey: key.publicKey });
	});

	it("tells the key's fingerprint, and its public key in binary and in armor", async () => {
		expect(key.fingerprint).toMatch(/^[0-9A-F]{40}$/);
		expect(publicKey.getFingerprint().toUpperCase()).toBe(key.fingerprint);
		expect(publicKey.isPrivate()).toBe(false);
		const other = await readKey({ armoredKey: key.publicArmored });
		expect(Buffer.from(other.write())).toEqual(key.publicKey);
	});

	it("makes signatures of any bytes that OpenPGP.js takes", async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ maxLength: 5000, size: "max" }), async (content) => {
				expect(await holds(content, key.sign(content, NOW), publicKey)).toBe(true);
			}),
			{ numRuns: 300 },
		);
	});

	it("says in a signature when it was made, by which key, and that it is of bytes", async () => {
		const signature = await readSignature({ binarySignature: key.sign(Buffer.from("x"), NOW) });
		const packet: unknown = signature.packets[0];
		expect(packet).toMatchObject({
			version: 4,
			signatureType: 0,
			publicKeyAlgorithm: 22,
			hashAlgorithm: 10,
			created: new Date(Math.floor(NOW.getTime() / 1000) * 1000),
			issuerFingerprint: new Uint8Array(Buffer.from(key.fingerprint, "hex")),
		});
		expect(signature.getSigningKeyIDs().map((id) => id.toHex().toUpperCase())).toEqual([key.fingerprint.slice(-16)]);
	});

	it("makes a signature that nothing else has", async () => {
		const content = Buffer.from("the content");
		const signature = key.sign(content, NOW);
		const changed = (bytes: Buffer, indexes: readonly number[]) =>
			fc.tuple(fc.constantFrom(...indexes), fc.nat({ max: 7 })).map(([index, bit]) => {
				const copy = Buffer.from(bytes);
				copy[index] = (copy[index] ?? 0) ^ (1 << bit);
				return copy;
			});
		const other = changed(content, [...content.keys()]);
		await fc.assert(fc.asyncProperty(other, async (bytes) => !(await holds(bytes, signature, publicKey))));
		// Not the key ID, nor the numbers' lengths in bits: RFC 9580 has them beside what is signed.
		const numbers = numbersOf(signature).flatMap(indexesIn(signature));
		const forged = changed(signature, [...indexesIn(signature)(signature.subarray(2, 2 + 6 + 29)), ...numbers]);
		await fc.assert(
			fc.asyncProperty(forged, async (bytes) => !(await holds(content, bytes, publicKey))),
			{ numRuns: 300 },
		);
		const stranger = await SigningKey.read(await generate());
		expect(await holds(content, stranger.sign(content, new Date()), publicKey)).toBe(false);
	});

	it("leaves out the zeros that R and S begin with", async () => {
		const short = { R: 0, S: 0 };
		for (let count = 0; short.R < 3 || short.S < 3; count++) {
			const content = Buffer.from(`content ${count}`);
			const signature = key.sign(content, NOW);
			const [r, s, ...others] = numbersOf(signature).map(({ length }) => length < 32);
			expect(others).toEqual([]);
			if (!r && !s) continue;
			if (r) short.R++;
			if (s) short.S++;
			expect(await holds(content, signature, publicKey)).toBe(true);
		}
	});

	it("signs with a secret that begins with zeros", async () => {
		for (let found = 0; found < 2; ) {
			const candidate = await made();
			if (seedOf(candidate)[0] !== 0) continue;
			found += 1;
			const content = Buffer.from("content");
			const signature = (await SigningKey.read(candidate.armor())).sign(content, new Date());
			expect(await holds(content, signature, candidate.toPublic())).toBe(true);
		}
	});

	it("signs in the second in which it was made", async () => {
		const at = new Date("2026-01-01T00:00:00.900Z");
		const young = await SigningKey.read((await made({ date: at })).armor(), at);
		const same = new Date("2026-01-01T00:00:00.000Z");
		const verificationKeys = await readKey({ binaryKey: young.publicKey });
		expect(await holds(Buffer.from("x"), young.sign(Buffer.from("x"), same), verificationKeys)).toBe(true);
	});

	it("does not sign with a clock that is behind the key, nor once the key has ended", async () => {
		const at = new Date("2026-01-01T00:00:00Z");
		const short = await SigningKey.read((await made({ date: at, keyExpirationTime: 60 })).armor(), at);
		const later = (seconds: number) => new Date(at.getTime() + seconds * 1000);
		expect(await refusal(() => short.sign(Buffer.of(), later(-0.001)))).toMatchObject({
			message: expect.stringContaining("2025-12-31T23:59:59.999Z, before it was made at 2026-01-01T00:00:00.000Z"),
			hint: expect.stringContaining("clock"),
		});
		expect(short.sign(Buffer.of(), later(59))).toBeInstanceOf(Buffer);
		expect((await refusal(() => short.sign(Buffer.of(), later(60)))).message).toContain("expired");
	});

	it.each<[string, Parameters<typeof made>[0], string]>([
		["an RSA key", { type: "rsa", rsaBits: 2048 }, "of the type rsaEncryptSign"],
		["RFC 9580's Ed25519, which GnuPG 2.2 does not know", { type: "curve25519" }, "of the type ed25519"],
		["a P-256 key", { type: "ecc", curve: "nistP256" }, "of the type nistP256"],
		["a key that has expired", { date: new Date(NOW.getTime() - 90_000), keyExpirationTime: 60 }, "expired"],
		["a key with a passphrase", { passphrase: "secret" }, "passphrase"],
		["a key that is made tomorrow", { date: new Date(NOW.getTime() + 86_400_000) }, "clock"],
	])("is not %s", async (_, options, message) => {
		const text = (await made(options)).armor();
		const error = await refusal(() => SigningKey.read(text));
		expect(error.message).toContain(message);
		expect(error.hint).toBeDefined();
	});

	it("is no revoked key, no public one, and no other text", async () => {
		const revoked = await revokeKey({ key: await made(), format: "armored" });
		expect((await refusal(() => SigningKey.read(revoked.privateKey))).message).toContain("revoked");
		expect((await refusal(() => SigningKey.read(key.publicArmored))).message).toContain("a public one");
		expect((await refusal(() => SigningKey.read("password"))).message).toContain("finds none");
	});

	it("is what the format openpgp makes, not of RSA", async () => {
		expect((await SigningKey.read(await generate())).fingerprint).toHaveLength(40);
		const error = await refusal(async () => SigningKey.read(await generate({ type: "rsa", bits: 2048 })));
		expect(error.hint).toContain("trocla publish --init");
	});

	it("keeps its secret to itself", async () => {
		const secret = await made();
		const read = await SigningKey.read(secret.armor());
		const shown = inspect(read, { depth: 9, showHidden: true, maxArrayLength: null }) + JSON.stringify(read);
		expect(shown).toContain(read.fingerprint);
		for (const form of ["hex", "base64", "base64url"] as const) {
			expect(shown).not.toContain(Buffer.from(seedOf(secret)).toString(form));
		}
		expect(read.publicKey.includes(Buffer.from(seedOf(secret)))).toBe(false);
	});
});
