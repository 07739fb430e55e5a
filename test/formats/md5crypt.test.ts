import { describe, expect, it } from "vitest";
import { libcrypt } from "../../formats/libcrypt.js";
import { using } from "../support/formats.js";

describe.skipIf((await libcrypt()) === undefined)("md5crypt (needs libxcrypt)", () => {
	const { derive, verify } = using("md5crypt");

	it("is the one of openssl-passwd(1)'s example", async () => {
		expect(await verify("password", "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.")).toBe(true);
		expect(await verify("passw0rd", "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.")).toBe(false);
	});

	it("has 8 characters of salt", async () => {
		expect((await derive("password")).split("$").map((part) => part.length)).toEqual([0, 1, 8, 22]);
	});
});
