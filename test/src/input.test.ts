import fc from "fast-check";
import { expect, test } from "vitest";
import { builtinFormats, type FormatName } from "../../formats/index.js";
import { TroclaError } from "../../src/errors.js";
import { optionNames } from "../../src/options/rules.js";
import type { Options } from "../../src/records/record.js";
import { all } from "../backends/conformance.js";
import { TestStore } from "../support/store.js";

test.each([
	["an empty key", "", "must not be empty"],
	["a key of 10,000 characters", "k".repeat(10_000), "of 10000 bytes is too long"],
	["a key of 513 bytes", "🔑".repeat(128).concat("k"), "of 513 bytes is too long"],
	["a key with a newline", "a\nb", "must not have a newline"],
	["a key with a NUL", "a\0b", "must not have a newline, a NUL"],
	["a key with half a character", "\ud83d", "must be well-formed"],
])("%s is refused by every call", async (_, key, message) => {
	const { trocla, backend } = new TestStore();
	const refused = {
		code: "invalid",
		message: expect.stringContaining(message),
		hint: expect.stringContaining("512"),
	};
	const calls = [
		trocla.get(key, "plain"),
		trocla.peek(key, "plain"),
		trocla.peekMany([{ key, format: "plain" }]),
		trocla.set(key, "plain", "x"),
		trocla.reset(key, "plain"),
		trocla.delete(key),
		trocla.handOut(key, () => {}),
		trocla.verify(key, "x"),
		trocla.formats(key),
		trocla.show(key),
	];
	await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(refused)));
	expect(await all(backend.keys())).toEqual([]);
});

test("an unknown format is refused with the nearest one", async () => {
	const { trocla } = new TestStore();
	const calls = [
		trocla.get("a", "sha521crypt"),
		trocla.peekMany([{ key: "a", format: "sha521crypt" }]),
		trocla.delete("a", "sha521crypt"),
		trocla.verify("a", "x", "sha521crypt"),
	];
	await Promise.all(
		calls.map((call) =>
			expect(call).rejects.toMatchObject({
				code: "invalid",
				message: 'unknown format "sha521crypt"',
				hint: "Did you mean sha512crypt?",
			}),
		),
	);
	for (const name of ["__proto__", "constructor", ""]) {
		await expect(trocla.get("a", name)).rejects.toMatchObject({ code: "invalid" });
	}
});

test("any input is refused, or works and can be read back; what is refused stores nothing", async () => {
	const cheap: FormatName[] = ["plain", "mysql", "sha1", "ssha", "pgsql", "md5crypt", "sha512crypt"];
	const text = fc.oneof(
		fc.string({ unit: "binary", maxLength: 30 }),
		fc.string({ unit: "grapheme", maxLength: 600 }),
		fc.constantFrom("", "a\0b", "\ud800", "__proto__", "x".repeat(511), "x".repeat(512), "ñ", "\u00ad"),
	);
	const options = fc.dictionary(
		fc.constantFrom(...optionNames(builtinFormats), "mysql", "pgsql", "nothing"),
		fc.oneof(
			fc.integer({ min: -1, max: 5000 }),
			fc.constantFrom<unknown>("md5", "ed25519", "joe", "login", true, false, {}, { upper: 1 }, { custom: "añ" }),
		),
		{ maxKeys: 2 },
	);
	await fc.assert(
		fc.asyncProperty(
			text,
			fc.constantFrom(...cheap),
			text,
			options,
			async (key, format, password, options: Options) => {
				const { trocla, backend } = new TestStore();
				const attempt = async (call: () => Promise<string>, check: (value: string) => Promise<void>) => {
					let value: string;
					try {
						value = await call();
					} catch (error) {
						if (!(error instanceof TroclaError)) throw error;
						expect(error.message).not.toMatch(/\n/);
						expect(await all(backend.keys())).toEqual([]);
						return;
					}
					expect(await trocla.peek(key, format)).toBe(value);
					await check(value);
					await trocla.delete(key);
				};
				await attempt(
					() => trocla.set(key, format, password, options),
					async () => expect(await trocla.verify(key, password)).toBe(format),
				);
				await attempt(
					() => trocla.get(key, format, options),
					async () => {
						const plain = (await trocla.peek(key, "plain")) ?? "";
						expect(await trocla.verify(key, plain, format)).toBe(format);
					},
				);
			},
		),
		{ numRuns: 500 },
	);
});
