import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, inBytes, keyOf, nameOf } from "../../../backends/vault/names.js";

const keys = fc.string({ unit: "binary", minLength: 1, maxLength: 128 });

test.each([
	["user_alice", "user_alice"],
	["accounts::alice@web01.example.com", "accounts::alice@web01.example.com"],
	["a/b", "a~2Fb"],
	["a b ", "a~20b~20"],
	["..", "~2E~2E"],
	["../a..b.", "~2E~2E~2Fa.~2Eb."],
	[".deleted", "~2Edeleted"],
	["~", "~7E"],
	["%41", "~2541"],
	["é", "~C3~A9"],
	["e\u0301", "e~CC~81"],
])("the key %j is the name %s", (key, name) => {
	expect(nameOf(key)).toBe(name);
	expect(keyOf(bytesOf(name) ?? "")).toBe(key);
});

test("any key's name says the key back, and is one segment that no URL or path changes", () => {
	fc.assert(
		fc.property(keys, (key) => {
			const name = nameOf(key);
			expect(keyOf(bytesOf(name) ?? "")).toBe(key);
			expect(name).toMatch(/^[\w.:@~-]+$/);
			expect(name).not.toMatch(/^\.|\.\./);
			expect(new URL(`secret/data/trocla/${name}`, "https://vault/v1/").pathname).toBe(
				`/v1/secret/data/trocla/${name}`,
			);
		}),
	);
});

test("what is no key's name is none", () => {
	for (const name of ["", "a b", "a/", "~", "~7a", "~41", "~C3", "~FF", ".a", "a..b", "é", "~2E~2E/"]) {
		expect(bytesOf(name), name).toBeUndefined();
	}
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom("~", "2", "E", "C", "3", ".", "a", "/"), maxLength: 8 }), (name) => {
			const bytes = bytesOf(name);
			if (bytes !== undefined) expect(nameOf(keyOf(bytes))).toBe(name);
		}),
	);
});

test("keys in the order of JavaScript's on their bytes are in the order of their UTF-8 bytes", () => {
	fc.assert(
		fc.property(keys, keys, (a, b) => {
			expect(inBytes(a) < inBytes(b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0);
		}),
	);
});
