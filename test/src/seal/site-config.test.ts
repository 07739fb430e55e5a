import fc from "fast-check";
import { dump, load } from "js-yaml";
import { expect, test } from "vitest";
import { withEncryption } from "../../../src/seal/site-config.js";

const sealed = (text: string, acceptPlain = false) => withEncryption(text, "/etc/trocla/keys", acceptPlain, "the file");
const encryption = { encryption: "aes-256-gcm", encryption_options: { key_file: "/etc/trocla/keys" } };

const word = fc.stringMatching(/^[a-z]{1,8}$/);
const settings = fc.dictionary(
	word,
	fc.oneof(word, fc.integer(), fc.boolean(), fc.dictionary(word, fc.oneof(word, fc.integer()), { maxKeys: 3 })),
	{ maxKeys: 5 },
);

test.each([
	["lines", (config: object) => (Object.keys(config).length > 0 ? dump(config) : "")],
	["JSON", (config: object) => JSON.stringify(config)],
	["JSON in lines", (config: object) => JSON.stringify(config, null, 2)],
])("every other setting stays, in %s", (_, print) => {
	fc.assert(
		fc.property(settings, (config) => {
			const text = print(config);
			const open = sealed(text, true);
			expect(load(open)).toEqual({
				...config,
				...encryption,
				encryption_options: { ...encryption.encryption_options, accept_plain: true },
			});
			expect(load(sealed(open))).toEqual({ ...config, ...encryption });
			expect(sealed(sealed(open))).toBe(sealed(open));
		}),
	);
});

test("every other line stays as it is, with its comments", () => {
	const lines = ["# ours", "store: sqlite  # one file", "", "options:", "  length: 20 # long", "# the end"];
	fc.assert(
		fc.property(fc.nat(lines.length), fc.constantFrom("encryption: none", "encryption:   # not yet"), (at, old) => {
			// A setting can't stand within another one.
			fc.pre(at !== 4);
			const text = `${[...lines.slice(0, at), old, ...lines.slice(at)].join("\n")}\n`;
			const fresh = sealed(text).split("\n");
			expect(fresh.filter((line) => !line.startsWith("encryption"))).toEqual([...lines, ""]);
			expect(load(fresh.join("\n"))).toMatchObject(encryption);
		}),
	);
});

test("options in several lines are taken out with what stands before them", () => {
	const text =
		"encryption: none\nencryption_options:\n  key_file: /old\n  accept_plain: true\n\n# then\nstore: sqlite\n";
	expect(sealed(text)).toBe(
		'encryption: aes-256-gcm\nencryption_options: {key_file: "/etc/trocla/keys"}\n\n# then\nstore: sqlite\n',
	);
});

test("a ring that is named already stays where it is, however it is written", () => {
	const text = "encryption: aes-256-gcm\nencryption_options: {key_env: KEYS, accept_plain: true}\n";
	expect(load(sealed(text))).toEqual({ encryption: "aes-256-gcm", encryption_options: { key_env: "KEYS" } });
});

test.each([
	["an end in the middle", "store: sqlite\n...\n"],
	["a list", "[store, sqlite]\n"],
	["a map in braces with a setting of its own", "{encryption: none}\n"],
	["a setting behind an anchor", "encryption: &none none\noptions: {charset: *none}\n"],
])("a text that can't be changed surely is left alone, and the two lines are told: %s", (_, text) => {
	expect(() => sealed(text)).toThrow(
		expect.objectContaining({
			code: "config",
			hint: expect.stringContaining('encryption_options: {key_file: "/etc/trocla/keys"}'),
		}),
	);
});
