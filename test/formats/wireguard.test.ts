import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../formats/format.js";
import { wireguard } from "../../formats/wireguard.js";
import { making } from "../support/pairs.js";

const { generate, take, part } = making(wireguard);

const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");

/** RFC 7748, section 6.1: the private and the public keys of Alice and of Bob. */
const vectors = [
	[
		base64("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
		base64("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
	],
	[
		base64("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
		base64("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
	],
] as const;

describe("wireguard", () => {
	it.each(vectors)("takes in the private key %s, and has RFC 7748's public key for it", async (secret, shown) => {
		const value = await take(secret);
		expect(value).toBe(`pub: ${shown}\npriv: ${secret}`);
		expect(await part("pubonly", value)).toBe(shown);
		expect(await part("privonly", value)).toBe(secret);
	});

	it.each(vectors)("understands the pair that the Ruby trocla stores, of %s", async (secret, shown) => {
		for (const quote of ["", "'", '"']) {
			const stored = `---\nwg_priv: ${quote}${secret}${quote}\nwg_pub: ${quote}${shown}${quote}\n`;
			expect(await part("pubonly", stored)).toBe(shown);
			expect(await part("privonly", stored)).toBe(secret);
			expect(await take(stored)).toBe(`pub: ${shown}\npriv: ${secret}`);
		}
	});

	it("takes in its own values, unchanged", async () => {
		const value = await generate();
		expect(await take(value)).toBe(value);
		expect(await take(`${value}\n`)).toBe(value);
		expect(await take(value.replaceAll("\n", "\r\n"))).toBe(value);
	});

	it("makes another pair each time, with the bits set that RFC 7748 sets", async () => {
		const secrets = await Promise.all(Array.from({ length: 50 }, async () => part("privonly", await generate())));
		expect(new Set(secrets).size).toBe(50);
		for (const secret of secrets) {
			const bytes = Buffer.from(secret, "base64");
			expect(bytes).toHaveLength(32);
			expect([bytes.readUInt8(0) & 7, bytes.readUInt8(31) >> 6]).toEqual([0, 1]);
		}
	});

	it("refuses a public key that is another private key's", async () => {
		const [[secret], [, shown]] = vectors;
		const error = await take(`pub: ${shown}\npriv: ${secret}`).catch((error: unknown) => error);
		expect(error).toBeInstanceOf(FormatError);
		expect(error).toMatchObject({ message: expect.stringContaining("not the private key's") });
	});

	it("refuses what is not the base64 of 32 bytes", async () => {
		const [[secret]] = vectors;
		const others = fc.oneof(
			fc.string({ minLength: 1 }),
			fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("base64")),
			// No padding, a character too few, a second key; bits that no byte has, base64's other alphabet.
			fc.constantFrom(secret.replace(/=$/, ""), secret.slice(1), `${secret}${secret}`),
			fc.constantFrom(secret.replace(/.=$/, "r="), base64("ff".repeat(32)).replaceAll("/", "_"), "priv: short"),
		);
		await fc.assert(
			fc.asyncProperty(others, async (text) => {
				const bytes = Buffer.from(text.trim(), "base64");
				fc.pre(bytes.length !== 32 || bytes.toString("base64") !== text.trim());
				const error = await take(text).catch((error: unknown) => error);
				expect(error).toBeInstanceOf(FormatError);
				expect(error).toMatchObject({ message: expect.not.stringContaining(secret) });
			}),
		);
	});

	it.each(["", "password", "pub: \npriv: ", "-----BEGIN OPENSSH PRIVATE KEY-----"])(
		"has no parts of a value that is not its own: %j",
		async (value) => {
			await expect(part("pubonly", value)).rejects.toBeInstanceOf(FormatError);
			await expect(part("privonly", value)).rejects.toBeInstanceOf(FormatError);
		},
	);
});
