import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { builtinFormats, builtinNames } from "../formats/index.js";
import { replay } from "./support/shown.js";

const directory = join(import.meta.dirname, "../docs");
const read = (file: string) => readFileSync(join(directory, file), "utf8");

test.each(readdirSync(directory).filter((file) => /```console\n\$ trocla/.test(read(file))))(
	"what docs/%s shows is what the command prints",
	async (file) => {
		expect(await replay(read(file))).toBeGreaterThan(0);
	},
);

describe("docs/formats.md", () => {
	const sections = new Map(
		read("formats.md")
			.split(/^## /m)
			.slice(1)
			.map((section): [string, string] => [section.slice(0, section.indexOf("\n")), section]),
	);

	it.each(builtinNames)("has a section on %s, with each of its options and an example", (name) => {
		const section = sections.get(name) ?? "";
		expect(section).toContain(`\`\`\`console\n$ trocla`);
		for (const option of builtinFormats.optionNames(name)) expect(section).toContain(`| \`${option}\``);
	});

	it("has no section on a format that there is not", () => {
		expect([...sections.keys()].filter((name) => !builtinFormats.has(name))).toEqual([]);
	});
});
