import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtinFormats, builtinNames } from "../../formats/index.js";
import { derivedFormats, derivedNames, maxBytes, using } from "../support/formats.js";
import { passwords } from "../support/passwords.js";

describe("the registry", () => {
	it.each(builtinNames)("names the options that %s's schema has", async (name) => {
		const { options } = await builtinFormats.load(name);
		expect([...builtinFormats.optionNames(name)].sort()).toEqual(Object.keys(options.entries).sort());
	});

	it.each(derivedNames)("gives every option of %s a default, or leaves it out", async (name) => {
		await expect(
			using(name, {})
				.derive("password")
				.catch((error: unknown) => error),
		).resolves.toBeTypeOf("string");
	});

	it.each(builtinNames)("knows of %s whether it comes from a plaintext", async (name) => {
		expect(builtinFormats.generates(name)).toBe((await builtinFormats.load(name)).generate !== undefined);
	});

	it.each(["", "__proto__", "constructor", "toString", "SHA1", "nonesuch"])("has no format %j", (name) => {
		expect(builtinFormats.has(name)).toBe(false);
	});
});

/** The runs of a property: fewer where a hash is slow by design. */
const runs = (name: string) => ({ numRuns: name.endsWith("crypt") ? 25 : 100 });

describe.each(derivedFormats)("$name", ({ name, derive, verify }) => {
	const text = passwords({ maxBytes: Math.min(maxBytes(name), 2000) });

	it("verifies the password that it was made of, and no other", async () => {
		await fc.assert(
			fc.asyncProperty(text, text, async (password, another) => {
				fc.pre(password !== another && password.normalize("NFKC") !== another.normalize("NFKC"));
				const value = await derive(password);
				expect(await verify(password, value)).toBe(true);
				expect(await verify(another, value)).toBe(false);
			}),
			runs(name),
		);
	});

	it("makes values of one line, without blanks at their ends", async () => {
		if (name === "plain") return;
		await fc.assert(
			fc.asyncProperty(text, async (password) => {
				expect(await derive(password)).toMatch(/^[!-~]+$/);
			}),
			runs(name),
		);
	});

	it("is false, and no error, for a value that is not one of its own", async () => {
		const [value, another] = await Promise.all([derive("password"), derive("another")]);
		const place = fc.nat({ max: value.length });
		const garbage = fc.oneof(
			fc.string({ unit: "binary" }),
			fc
				.tuple(fc.constantFrom("$1$", "$2b$", "$5$", "$6$", "$y$", "*", "md5", "{SHA}", "{SSHA}"), fc.string())
				.map(join),
			// Cut, lengthened, or with a character put in or changed.
			place.filter((end) => end < value.length).map((end) => value.slice(0, end)),
			fc.string({ minLength: 1 }).map((tail) => value + tail),
			fc.string({ minLength: 1 }).map((head) => head + value),
			fc
				.tuple(place, fc.string({ unit: "binary", maxLength: 2 }), fc.nat({ max: 1 }))
				.map(([at, text, skip]) => value.slice(0, at) + text + value.slice(at + skip))
				.filter((changed) => changed !== value),
			fc.constantFrom(another, value.toLowerCase(), value.toUpperCase(), `${value}\n`, `${value}\0`, ` ${value}`),
		);
		await fc.assert(
			fc.asyncProperty(garbage, async (text) => {
				fc.pre(text !== value && text !== "password" && !isSlow(text));
				expect(await verify("password", text)).toBe(false);
			}),
			{ numRuns: 300 },
		);
	});
});

const join = (parts: readonly string[]) => parts.join("");

/** Whether a changed value asks for so much work, of its own accord, that a test would not see the end of it. */
function isSlow(value: string): boolean {
	const [, method = "", cost = ""] = value.split("$");
	return (
		(method.startsWith("2") && Number(cost) > 8) ||
		(method === "y" && cost !== "j75") ||
		Number(/^rounds=(\d+)/.exec(cost)?.[1] ?? 0) > 10_000 ||
		(method.length > 1 && Number(/^\d+/.exec(cost)?.[0] ?? 0) > 100_000)
	);
}
