import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { builtinFormats, type FormatName } from "../../formats/index.js";

async function fault(name: FormatName, options: unknown): Promise<string | undefined> {
	const format = await builtinFormats.load(name);
	return v
		.safeParse(format.options, options)
		.issues?.map(({ message }) => message)
		.join("; ");
}

const accepted: [FormatName, object][] = [
	["bcrypt", { cost: 4 }],
	["bcrypt", { cost: 31 }],
	["yescrypt", { cost: 1 }],
	["yescrypt", { cost: 11 }],
	["sha256crypt", { rounds: 1000 }],
	["sha512crypt", { rounds: 999_999_999 }],
	["mysql", { plugin: "caching_sha2_password" }],
	["mysql", { plugin: "ed25519" }],
	["mysql", { plugin: "mysql_native_password" }],
	["pgsql", { encode: "md5", username: "alice" }],
];

const refused: [FormatName, object, string][] = [
	...[3, 32, 4.5, -1, Number.NaN, Number.POSITIVE_INFINITY, "12", null, true].map(
		(cost): [FormatName, object, string] => ["bcrypt", { cost }, "must be a whole number from 4 to 31"],
	),
	...[0, 12, 1.5, "5"].map((cost): [FormatName, object, string] => [
		"yescrypt",
		{ cost },
		"must be a whole number from 1 to 11",
	]),
	...[999, 1_000_000_000, 1000.5, 0, "5000"].flatMap((rounds): [FormatName, object, string][] => [
		["sha256crypt", { rounds }, "must be a whole number from 1000 to 999999999"],
		["sha512crypt", { rounds }, "must be a whole number from 1000 to 999999999"],
	]),
	["mysql", { plugin: "caching" }, "must be one of mysql_native_password, caching_sha2_password, ed25519"],
	["pgsql", { encode: "sha1" }, "must be one of sha256, md5"],
	["pgsql", { encode: "md5", username: "" }, "must be a text of at least one character"],
	["pgsql", { username: 5 }, "must be a text, in quotes where YAML reads it as something else"],
];

describe("a format's options", () => {
	it.each(accepted)("%s takes %j", async (name, options) => {
		expect(await fault(name, options)).toBeUndefined();
	});

	it.each(refused)("%s refuses %j", async (name, options, message) => {
		expect(await fault(name, options)).toBe(message);
	});

	it.each(["plain", "md5crypt", "sha1", "ssha", "bcrypt", "pgsql"] as const)(
		"%s refuses one that it does not have",
		async (name) => {
			expect(await fault(name, { colour: "red" })).toMatch(/colour/);
		},
	);
});
