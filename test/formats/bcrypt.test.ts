import { describe, expect, it } from "vitest";
import { bcryptMethod } from "../../formats/bcrypt.js";
import { FormatError } from "../../formats/format.js";
import { using } from "../support/formats.js";

const { derive, verify } = using("bcrypt");

/** The tests of Openwall's crypt_blowfish (wrapper.c), as far as their passwords are text of at most 72 bytes. */
const vectors = [
	["U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
	["U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"],
	["U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"],
	[
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
		"$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
	],
] as const;

describe("bcrypt", () => {
	it.each(vectors)("is crypt_blowfish's for %s, under each of its names", async (password, hash) => {
		for (const version of ["$2a$", "$2b$", "$2y$"]) {
			const value = version + hash.slice(4);
			expect(await verify(password, value)).toBe(true);
			expect(await verify(`${password.slice(1)}.`, value)).toBe(false);
			expect(await bcryptMethod.portable.crypt(password, value)).toBe(value);
		}
	});

	it("takes 72 bytes of password", async () => {
		const password = "é".repeat(36);
		const hash = await derive(password);
		expect(await verify(password, hash)).toBe(true);
		expect(await verify(`${"é".repeat(35)}xx`, hash)).toBe(false);
	});

	it("refuses 73 bytes, of which bcrypt would read 72", async () => {
		const error = await derive(`${"é".repeat(36)}x`).catch((error: unknown) => error);
		expect(error).toBeInstanceOf(FormatError);
		expect(error).toMatchObject({
			message: expect.stringContaining("reads 72 bytes of password, and this one has 73"),
		});
	});

	it("does not verify a password that is right in its first 72 bytes only", async () => {
		const password = "x".repeat(72);
		expect(await verify(`${password}y`, await derive(password))).toBe(false);
	});

	it.each([
		[{}, "12"],
		[{ cost: 4 }, "04"],
		[{ cost: 10 }, "10"],
	])("is made with the cost of the options %j", async (options, cost) => {
		expect((await using("bcrypt", options).derive("password")).slice(0, 7)).toBe(`$2b$${cost}$`);
	});
});
