import * as fc from "fast-check";
import {
	createMessage,
	generateKey,
	type PrivateKey,
	readKey,
	readPrivateKey,
	readSignature,
	revokeKey,
	sign,
	verify,
} from "openpgp";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../formats/format.js";
import { openpgp } from "../../formats/openpgp.js";
import { making } from "../support/pairs.js";

const { generate, take, part } = making(openpgp, "web01");

async function refusal(attempt: Promise<unknown>): Promise<unknown> {
	const error = await attempt.catch((error: unknown) => error);
	expect(error).toBeInstanceOf(FormatError);
	return error;
}

type KeyOptions = Parameters<typeof generateKey>[0];

const USER_ID = { name: "elsewhere", email: "elsewhere@example.com" };

/** A key that was made elsewhere. */
async function foreign(options: Partial<Omit<KeyOptions, "format">> = {}): Promise<PrivateKey> {
	const made = await generateKey({
		type: "ecc",
		curve: "ed25519Legacy",
		userIDs: [USER_ID],
		...options,
		format: "object",
	});
	return made.privateKey;
}

const days = (count: number) => new Date(Date.now() + count * 86_400_000);

describe("openpgp", () => {
	it.each([
		[{}, { algorithm: "eddsaLegacy", curve: "ed25519Legacy" }],
		[
			{ type: "ed25519", bits: 256 },
			{ algorithm: "eddsaLegacy", curve: "ed25519Legacy" },
		],
		[{ type: "rsa" }, { algorithm: "rsaEncryptSign", bits: 3072 }],
		[
			{ type: "rsa", bits: 2048 },
			{ algorithm: "rsaEncryptSign", bits: 2048 },
		],
	])("with %j is a private key of version 4 that certifies and signs, and nothing else", async (options, algorithm) => {
		const value = await generate(options);
		expect(value).toMatch(
			/^-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n([\w+/=]{1,64}\n)+-----END PGP PRIVATE KEY BLOCK-----$/,
		);
		const key = await readPrivateKey({ armoredKey: value });
		expect(key.getAlgorithmInfo()).toEqual(algorithm);
		expect(key.keyPacket.version).toBe(4);
		expect(key.subkeys).toEqual([]);
		expect(key.isDecrypted()).toBe(true);
		expect(await key.getExpirationTime()).toBe(Number.POSITIVE_INFINITY);
		const { selfCertification } = await key.getPrimaryUser();
		// RFC 9580, section 5.2.3.29: 1 for certifying, 2 for signing.
		expect(Reflect.get(selfCertification, "keyFlags")).toEqual([1 | 2]);
	});

	it.each([
		[{}, "web01"],
		[{ name: "Example Repository" }, "Example Repository"],
		[{ email: "repo@example.com" }, "web01 <repo@example.com>"],
		[{ name: "Größe (Test)", email: "root@localhost" }, "Größe (Test) <root@localhost>"],
	])("with %j has the user ID %j", async (options, userId) => {
		expect((await readPrivateKey({ armoredKey: await generate(options) })).getUserIDs()).toEqual([userId]);
	});

	it("has a user ID for every name and address that it takes", async () => {
		const given = fc.record({ name: fc.string({ unit: "grapheme" }), email: fc.emailAddress() });
		await fc.assert(
			fc.asyncProperty(given, async (options) => {
				fc.pre(v.safeParse(openpgp.options, options).success);
				const { name, email } = options;
				const key = await readPrivateKey({ armoredKey: await generate(options) });
				expect(key.getUserIDs()).toEqual([`${name} <${email}>`]);
			}),
		);
	});

	it.each([
		[{ bits: 384 }, "ed25519 keys have 256 bits"],
		[{ type: "rsa", bits: 2047 }, "rsa keys have 2048 to 8192 bits"],
		[{ name: "é".repeat(1025) }, "a user ID of 2050 bytes"],
	])("refuses %j", async (options, message) => {
		expect(await refusal(generate(options))).toMatchObject({ message: expect.stringContaining(message) });
	});

	it("asks for a name where the key's own is no user ID", async () => {
		for (const own of ["a<b", "a>b", " a"]) {
			expect(await refusal(making(openpgp, own).generate())).toMatchObject({
				hint: expect.stringContaining("option name"),
			});
			expect(await making(openpgp, own).generate({ name: "ok" })).toContain("PRIVATE");
		}
	});

	it.each<[object, string]>([
		[{ type: "ecdsa" }, "must be one of ed25519, rsa"],
		[{ bits: 8193 }, "must be a whole number from 256 to 8192"],
		...["", "two\nlines", " blank", "a <b>", 5].map((name): [object, string] => [{ name }, "without < and >"]),
		...["", "example.com", "a@", "a@b c", "<a@b>", "a@b.", true].map((email): [object, string] => [
			{ email },
			"must be an address",
		]),
	])("has no options like %j", (options, message) => {
		const [issue, another] = v.safeParse(openpgp.options, options).issues ?? [];
		expect([issue?.message, another]).toEqual([expect.stringContaining(message), undefined]);
	});

	it("is made at the store's time", async () => {
		const now = new Date("2020-02-02T02:02:02.222Z");
		const keys = { own: "web01", read: async () => undefined, now: () => now };
		const armoredKey = (await openpgp.generate?.(v.parse(openpgp.options, {}), keys)) ?? "";
		expect((await readPrivateKey({ armoredKey })).getCreationTime()).toEqual(new Date("2020-02-02T02:02:02Z"));
	});

	it("gives its public key, which verifies what the private one signs and has no secret in it", async () => {
		for (const options of [{}, { type: "rsa", bits: 2048 }]) {
			const value = await generate(options);
			const signingKeys = await readPrivateKey({ armoredKey: value });
			const message = await createMessage({ text: "hello" });
			const armoredSignature = await sign({ message, signingKeys, detached: true });
			const armored = await part("pubonly", value);
			expect(armored).toMatch(
				/^-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n([\w+/=]+\n)+-----END PGP PUBLIC KEY BLOCK-----$/,
			);
			const verificationKeys = await readKey({ armoredKey: armored });
			expect(verificationKeys.isPrivate()).toBe(false);
			expect(verificationKeys.getFingerprint()).toBe(signingKeys.getFingerprint());
			const signature = await readSignature({ armoredSignature });
			const { signatures } = await verify({ message, signature, verificationKeys });
			expect(await signatures[0]?.verified).toBe(true);
		}
	});

	it("takes in its own values unchanged, whatever their line ends are and stands around them", async () => {
		const value = await generate();
		for (const text of [value, `\n${value}\n`, value.replaceAll("\n", "\r\n"), `gpg: note\n${value}\nbye\n`]) {
			expect(await take(text)).toBe(value);
		}
	});

	it("takes in the public key beside the private one, as it has that in it", async () => {
		const value = await generate();
		expect(await take(`${await part("pubonly", value)}\n${value}\n`)).toBe(value);
	});

	it.each<[string, Parameters<typeof foreign>[0]]>([
		["an RSA key", { type: "rsa", rsaBits: 2048 }],
		["a key with a subkey that encrypts", { subkeys: [{}] }],
		["a key of RFC 9580's Ed25519", { type: "curve25519" }],
		["a P-256 key", { type: "ecc", curve: "nistP256" }],
		["a key that ends tomorrow", { keyExpirationTime: 86_400 }],
	])("takes in %s as it is", async (_, options) => {
		const armored = (await foreign(options)).armor();
		expect(await take(armored)).toBe(armored.trimEnd());
	});

	it("refuses a key with a passphrase, and says how it is taken off", async () => {
		const key = await foreign({ passphrase: "secret", subkeys: [{}] });
		expect(await refusal(take(key.armor()))).toMatchObject({
			message: expect.stringContaining("with a passphrase"),
			hint: expect.stringContaining("gpg --edit-key"),
		});
	});

	it("refuses a public key, two keys, and a key without its secret", async () => {
		const [key, other] = [await foreign(), await foreign()];
		const [one, two] = [key.armor(), other.armor()];
		const both = Buffer.concat([key.write(), other.write()]).toString("base64");
		const oneBlock = `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${both}\n-----END PGP PRIVATE KEY BLOCK-----`;
		expect(await refusal(take(key.toPublic().armor()))).toMatchObject({
			message: expect.stringContaining("this is a public one"),
			hint: expect.stringContaining("--export-secret-keys"),
		});
		for (const text of [`${one}${two}`, oneBlock]) {
			expect(await refusal(take(text))).toMatchObject({ message: expect.stringContaining("this text has more") });
		}
		if ("makeDummy" in key.keyPacket) key.keyPacket.makeDummy();
		expect(await refusal(take(key.armor()))).toMatchObject({ message: expect.stringContaining("not in it") });
	});

	it("refuses a key that is revoked, that has expired, or that is not made yet", async () => {
		const revoked = await revokeKey({ key: await foreign(), format: "armored" });
		const expired = await foreign({ date: days(-3), keyExpirationTime: 86_400 });
		const early = await foreign({ date: days(1) });
		expect(await refusal(take(revoked.privateKey))).toMatchObject({ message: expect.stringContaining("revoked") });
		const end = (await expired.getExpirationTime()) as Date;
		expect(await refusal(take(expired.armor()))).toMatchObject({
			message: expect.stringContaining(`expired at ${end.toISOString()}`),
		});
		expect(await refusal(take(early.armor()))).toMatchObject({ hint: expect.stringContaining("clock") });
		// What is stored can still be shown to those who have what it signed.
		expect(await part("pubonly", expired.armor())).toContain("PUBLIC KEY");
	});

	it("refuses a key with any bit changed of its public part, its secret, or its user ID", async () => {
		const key = await foreign();
		const bytes = Buffer.from(key.write());
		const userId = `${USER_ID.name} <${USER_ID.email}>`;
		// The point's length in bits, which a program can tell from its bytes.
		const bits = 2 + 6 + 10 + 1;
		const place = fc.nat({ max: bytes.indexOf(userId) + userId.length - 1 }).filter((index) => index !== bits);
		await fc.assert(
			fc.asyncProperty(place, fc.nat({ max: 7 }), async (index, bit) => {
				const changed = Buffer.from(bytes);
				changed[index] = (changed[index] ?? 0) ^ (1 << bit);
				const armored = `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${changed.toString("base64")}\n-----END PGP PRIVATE KEY BLOCK-----`;
				const error = await refusal(take(armored));
				expect(JSON.stringify(error)).not.toContain(bytes.toString("base64").slice(80, 100));
			}),
			{ numRuns: 300 },
		);
	});

	it("refuses any other text, and never says what is in it", async () => {
		const lines = (await generate()).split("\n");
		const cut = fc
			.tuple(fc.integer({ min: 2, max: lines.length - 3 }), fc.nat({ max: 40 }))
			.map(([index, column]) => [...lines.slice(0, index), lines[index]?.slice(0, column), lines.at(-1)].join("\n"));
		await fc.assert(
			fc.asyncProperty(fc.oneof(fc.string(), cut), async (text) => {
				const error = JSON.stringify(await refusal(take(text)));
				for (const line of lines.slice(2, -2)) expect(error).not.toContain(line);
			}),
		);
	});

	it("answers at once for the longest text that has no end", async () => {
		const text = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n".repeat(27_000);
		const before = performance.now();
		await refusal(take(text));
		expect(performance.now() - before).toBeLessThan(1000);
	});

	it.each(["", "password", "-----BEGIN PGP PRIVATE KEY BLOCK-----"])(
		"has no parts of a value that is not its own: %j",
		async (value) => {
			await refusal(part("pubonly", value));
		},
	);
});
