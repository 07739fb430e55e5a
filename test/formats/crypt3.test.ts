import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bcryptMethod } from "../../formats/bcrypt.js";
import { cryptDerive, cryptVerify } from "../../formats/crypt3.js";
import { FormatError } from "../../formats/format.js";
import { type Libcrypt, libcrypt } from "../../formats/libcrypt.js";
import { md5cryptMethod } from "../../formats/md5crypt.js";
import { sha256cryptMethod } from "../../formats/sha256crypt.js";
import { sha512cryptMethod } from "../../formats/sha512crypt.js";
import { yescryptMethod } from "../../formats/yescrypt.js";
import { maxBytes, using } from "../support/formats.js";
import { awkward, passwords } from "../support/passwords.js";

const system = await libcrypt();
const none = Promise.resolve(undefined);

/** A system whose libcrypt is there, and has none of the methods. */
const lacking: Libcrypt = { file: "libcrypt.so.1", gensalt: () => undefined, crypt: async () => undefined };

const portable = [
	{ name: "sha256crypt", method: sha256cryptMethod, settings: ["$5$saltsalt", "$5$rounds=1000$saltsaltsaltsalt"] },
	{ name: "sha512crypt", method: sha512cryptMethod, settings: ["$6$saltsalt", "$6$rounds=1000$saltsaltsaltsalt"] },
	{
		name: "bcrypt",
		method: bcryptMethod,
		settings: ["a", "b", "y"].map((version) => `$2${version}$04$abcdefghijklmnopqrstuu`),
	},
] as const;

describe.skipIf(!system)("the portable code (needs libxcrypt to compare with)", () => {
	describe.each(portable)("of $name", ({ name, method, settings }) => {
		const fitting = Object.entries(awkward).filter(([, password]) => Buffer.byteLength(password) <= maxBytes(name));

		it.each(fitting)("makes libcrypt's hash of %s", async (_, password) => {
			for (const setting of settings) {
				expect(await method.portable.crypt(password, setting)).toBe(await system?.crypt(password, setting));
			}
		});

		it("makes libcrypt's hash of any password", async () => {
			await fc.assert(
				fc.asyncProperty(
					passwords({ maxBytes: maxBytes(name) }),
					fc.constantFrom(...settings),
					async (password, setting) => {
						expect(await method.portable.crypt(password, setting)).toBe(await system?.crypt(password, setting));
					},
				),
				{ numRuns: 50 },
			);
		});

		it("makes libcrypt's hash with libcrypt's salts, and libcrypt makes its with its own", async () => {
			const cost = name === "bcrypt" ? 4 : 1000;
			for (const setting of [system?.gensalt(method.prefix, cost) ?? "", await method.portable.gensalt(cost)]) {
				const hash = await system?.crypt("pässword", setting);
				expect(hash).toMatch(method.shape);
				expect(await method.portable.crypt("pässword", setting)).toBe(hash);
			}
		});

		it("verifies what libcrypt made, and libcrypt what it made", async () => {
			const cost = name === "bcrypt" ? 4 : 1000;
			const [own, theirs] = await Promise.all([
				cryptDerive(method, "pässword", cost, none),
				cryptDerive(method, "pässword", cost),
			]);
			expect(await cryptVerify(method, "pässword", own)).toBe(true);
			expect(await cryptVerify(method, "password", own)).toBe(false);
			expect(await cryptVerify(method, "pässword", theirs, none)).toBe(true);
			expect(await cryptVerify(method, "password", theirs, none)).toBe(false);
		});
	});

	it.each([1000, 4999, 5000, 5001, 10_000])("makes libcrypt's SHA-crypt in %i rounds", async (rounds) => {
		for (const { prefix, portable } of [sha256cryptMethod, sha512cryptMethod]) {
			const setting = `${prefix}rounds=${rounds}$saltsalt`;
			expect(await portable.crypt("password", setting)).toBe(await system?.crypt("password", setting));
		}
	});

	it.each(Array.from({ length: 130 }, (_, index) => index + 1))(
		"makes libcrypt's SHA-crypt of a password of %i bytes",
		async (length) => {
			for (const { prefix, portable } of [sha256cryptMethod, sha512cryptMethod]) {
				const setting = `${prefix}rounds=1000$saltsalt`;
				const password = "x".repeat(length);
				expect(await portable.crypt(password, setting)).toBe(await system?.crypt(password, setting));
			}
		},
	);
});

describe.each([
	{ name: "md5crypt", method: md5cryptMethod, hash: "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a." },
	{
		name: "yescrypt",
		method: yescryptMethod,
		hash: `$y$j9T$${"x".repeat(22)}$${"x".repeat(43)}`,
	},
] as const)("$name", ({ method, hash }) => {
	const needsLibcrypt = { message: "needs libcrypt, which this system does not have", hint: /Install libxcrypt/ };

	it("says that it needs libcrypt where there is none", async () => {
		const derived = await failure(cryptDerive(method, "password", 0, none));
		expect(derived.message).toBe(needsLibcrypt.message);
		expect(derived.hint).toMatch(needsLibcrypt.hint);
		expect((await failure(cryptVerify(method, "password", hash, none))).message).toBe(needsLibcrypt.message);
	});

	it("says that libcrypt does not support it where that is so", async () => {
		const message = "is not supported by this system's libcrypt.so.1";
		expect((await failure(cryptDerive(method, "password", 0, Promise.resolve(lacking)))).message).toBe(message);
		expect((await failure(cryptVerify(method, "password", hash, Promise.resolve(lacking)))).message).toBe(message);
	});

	it("needs no libcrypt to tell a value that is not one of its own", async () => {
		expect(await cryptVerify(method, "password", "nonsense", none)).toBe(false);
	});
});

describe.each(portable)("$name", ({ name, method }) => {
	it("is made by the portable code where libcrypt does not support it", async () => {
		const hash = await cryptDerive(method, "password", name === "bcrypt" ? 4 : 1000, Promise.resolve(lacking));
		expect(await using(name).verify("password", hash)).toBe(true);
	});
});

describe.each(["md5crypt", "sha256crypt", "sha512crypt", "yescrypt"] as const)("%s", (name) => {
	const { derive, verify } = using(name);

	it("takes 511 bytes of password", async () => {
		const password = `${"é".repeat(255)}x`;
		expect(await verify(password, await derive(password))).toBe(true);
	});

	it("refuses 512 bytes, for which crypt(3) has no usable hash", async () => {
		const error = await failure(derive("é".repeat(256)));
		expect(error.message).toBe("takes at most 511 bytes of password, and this one has 512");
		expect(await verify("é".repeat(256), await derive("é".repeat(255)))).toBe(false);
	});
});

describe.each(["md5crypt", "sha256crypt", "sha512crypt", "bcrypt", "yescrypt"] as const)("%s", (name) => {
	const { derive, verify } = using(name);

	it("refuses a password with a NUL, where crypt(3) would stop reading", async () => {
		expect((await failure(derive("pass\0word"))).message).toMatch(/NUL/);
		expect(await verify("pass\0word", await derive("pass"))).toBe(false);
	});

	it("does not repeat the password in what it says about it", async () => {
		expect((await failure(derive("hunter2\0hunter2"))).toString()).not.toMatch(/hunter2/);
		expect((await failure(derive("hunter2".repeat(100)))).toString()).not.toMatch(/hunter2/);
	});

	it("draws a new salt each time", async () => {
		const hashes = await Promise.all(Array.from({ length: 20 }, () => derive("password")));
		expect(new Set(hashes).size).toBe(20);
	});
});

async function failure(promise: Promise<unknown>): Promise<FormatError> {
	const outcome: unknown = await promise.catch((error: unknown) => error);
	if (!(outcome instanceof FormatError)) throw new Error(`no FormatError, but ${outcome}`);
	return outcome;
}
