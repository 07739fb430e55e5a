import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadArgon2 } from "../../formats/argon2.js";
import { FormatError } from "../../formats/format.js";
import { using } from "../support/formats.js";
import { passwords } from "../support/passwords.js";

const small = { time: 1, memory: 64, parallelism: 1 };
const { derive, verify } = using("argon2", small);

/** Of the tests of the reference implementation (phc-winner-argon2, src/test.c): version, variant, and cost each. */
const vectors = [
	["password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"],
	["password", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"],
	["password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"],
	["password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"],
	["differentpassword", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94"],
] as const;

describe("argon2", () => {
	it.each(vectors)("verifies %s of the reference implementation's tests, %s", async (password, value) => {
		expect(await verify(password, value)).toBe(true);
		expect(await verify(`${password}.`, value)).toBe(false);
	});

	it("is argon2id of version 19 with RFC 9106's second recommended cost, 16 bytes of salt and 32 of hash", async () => {
		expect(await using("argon2", {}).derive("password")).toMatch(
			/^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
		);
	});

	it("is made with the cost of the options", async () => {
		const costs = fc.record({
			time: fc.integer({ min: 1, max: 4 }),
			memory: fc.integer({ min: 64, max: 512 }),
			parallelism: fc.integer({ min: 1, max: 8 }),
		});
		await fc.assert(
			fc.asyncProperty(costs, passwords({ maxBytes: 100 }), async (cost, password) => {
				const value = await using("argon2", cost).derive(password);
				expect(value).toContain(`$m=${cost.memory},t=${cost.time},p=${cost.parallelism}$`);
				expect(await verify(password, value)).toBe(true);
			}),
		);
	});

	it("draws a new salt each time", async () => {
		const values = await Promise.all(Array.from({ length: 20 }, () => derive("password")));
		expect(new Set(values.map((value) => value.split("$")[4])).size).toBe(20);
	});

	it.each([
		["with NUL characters", "a\0b\0", "a\0b"],
		["of a MiB", "x".repeat(2 ** 20), "x".repeat(2 ** 20 - 1)],
	])("reads all of a password %s", async (_, password, shorter) => {
		const value = await derive(password);
		expect(await verify(password, value)).toBe(true);
		expect(await verify(shorter, value)).toBe(false);
	});

	it.each([
		[{ memory: 31, parallelism: 4 }, "with parallelism 4 needs 32 KiB of memory or more, and not 31"],
		[{ memory: 2 ** 21, time: 9 }, "is more work than trocla does for a password"],
		[{ memory: 65_536, time: 257 }, "is more work than trocla does for a password"],
	])("refuses the options %j", async (options, message) => {
		const error = await using("argon2", options)
			.derive("password")
			.catch((error: unknown) => error);
		expect(error).toBeInstanceOf(FormatError);
		expect(error).toMatchObject({ message: expect.stringContaining(message), hint: expect.any(String) });
	});

	it("takes the least memory that its lanes can have", async () => {
		expect(await using("argon2", { ...small, memory: 32, parallelism: 4 }).derive("password")).toContain(
			"m=32,t=1,p=4",
		);
	});

	it.each([
		"m=4194304,t=1,p=1",
		"m=65536,t=4294967295,p=1",
		"m=8388608,t=1,p=1",
		"m=9999999999,t=1,p=1",
		"m=9999999,t=1,p=300",
	])("refuses at once to verify a value that asks for too much work, %s", async (cost) => {
		const value = `$argon2id$v=19$${cost}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc`;
		const before = performance.now();
		await expect(verify("password", value)).rejects.toBeInstanceOf(FormatError);
		expect(performance.now() - before).toBeLessThan(100);
	});

	it.each(["m=7,t=1,p=1", "m=16,t=1,p=4", "m=64,t=0,p=1", "m=64,t=1,p=0", "m=064,t=1,p=1", "t=1,m=64,p=1"])(
		"is false for a value that no cost like %s can have made",
		async (cost) => {
			expect(await verify("password", `$argon2id$v=19$${cost}$c29tZXNhbHQ$SmA6xmZxCMdmISFomYTIaw`)).toBe(false);
		},
	);

	it("lets the process do other things while it hashes", async () => {
		let turns = 0;
		const counting = setInterval(() => turns++, 1);
		await using("argon2", { time: 4, memory: 65_536 }).derive("password");
		clearInterval(counting);
		expect(turns).toBeGreaterThan(10);
	});

	it("says what is missing where its library has nothing for this machine", async () => {
		const error = await loadArgon2(Promise.reject(new Error("Cannot find module"))).catch((error: unknown) => error);
		expect(error).toBeInstanceOf(FormatError);
		expect(error).toMatchObject({
			message: expect.stringContaining("needs @node-rs/argon2, which is not installed"),
			hint: expect.stringContaining("npm install"),
		});
	});
});
