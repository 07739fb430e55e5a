import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { builtinFormats, builtinNames } from "../formats/index.js";
import { run, Sandbox } from "./support/sandbox.js";
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
		for (const option of builtinFormats.optionNames(name))
			expect(section).toMatch(new RegExp(`^\\|.*\`${option}\`.*\\|`, "m"));
	});

	it("has no section on a format that there is not", () => {
		expect([...sections.keys()].filter((name) => !builtinFormats.has(name))).toEqual(["A format of your own"]);
	});

	it("shows a module of a site's own format that works", async () => {
		const sandbox = new Sandbox();
		const [, module = ""] = /```js\n(.*?)```/s.exec(sections.get("A format of your own") ?? "") ?? [];
		writeFileSync(sandbox.path("htdigest.js"), module, { mode: 0o644 });
		sandbox.configure({ store_options: { path: sandbox.store }, formats: { htdigest: "htdigest.js" } });
		const { stdout } = await sandbox.run(["get", "wiki", "htdigest", "-o", "username=alice"]);
		const { stdout: password } = await sandbox.run(["get", "wiki", "plain"]);
		const digest = await run("openssl", ["md5", "-r"], {}, `alice:site:${password.trimEnd()}`);
		expect(stdout).toBe(`alice:site:${digest.stdout.slice(0, 32)}\n`);
		expect(await sandbox.run(["verify", "wiki", "htdigest"], password)).toMatchObject({ code: 0 });
	});
});
