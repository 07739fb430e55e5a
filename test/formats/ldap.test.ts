import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { using } from "../support/formats.js";
import { passwords } from "../support/passwords.js";

const sha1 = (...parts: (string | Buffer)[]) =>
	parts.reduce((hash, part) => hash.update(part), createHash("sha1")).digest();

describe("sha1", () => {
	it("is RFC 3174's digest of abc in base64", async () => {
		const digest = Buffer.from("A9993E364706816ABA3E25717850C26C9CD0D89D", "hex").toString("base64");
		expect(await using("sha1").derive("abc")).toBe(`{SHA}${digest}`);
	});
});

describe("ssha", () => {
	const { derive, verify } = using("ssha");

	it("is the digest of password and salt, and the salt", async () => {
		await fc.assert(
			fc.asyncProperty(passwords({ maxBytes: 200 }), async (password) => {
				const bytes = Buffer.from((await derive(password)).replace(/^\{SSHA\}/, ""), "base64");
				expect(bytes).toHaveLength(28);
				expect(bytes.subarray(0, 20)).toEqual(sha1(password, bytes.subarray(20)));
			}),
		);
	});

	it("verifies a salt of any length", async () => {
		await fc.assert(
			fc.asyncProperty(passwords({ maxBytes: 200 }), fc.uint8Array({ maxLength: 64 }), async (password, bytes) => {
				const salt = Buffer.from(bytes);
				const value = `{SSHA}${Buffer.concat([sha1(password, salt), salt]).toString("base64")}`;
				expect(await verify(password, value)).toBe(true);
				expect(await verify(`${password}.`, value)).toBe(false);
			}),
		);
	});

	it("draws a new salt each time", async () => {
		const values = await Promise.all(Array.from({ length: 20 }, () => derive("password")));
		expect(new Set(values).size).toBe(20);
	});
});
