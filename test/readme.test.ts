import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, Sandbox, TROCLA } from "./support/sandbox.js";
import { replay } from "./support/shown.js";

const read = (file: string) => readFileSync(join(import.meta.dirname, "..", file), "utf8");
const readme = read("README.md");

test("what the README shows is what the command prints", async () => {
	expect(await replay(readme)).toBeGreaterThan(7);
});

test("the README's configuration is one", async () => {
	const sandbox = new Sandbox();
	const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(readme) ?? [];
	// What it names is there, but elsewhere.
	const format = read("docs/formats.md").match(/```js\n(.*?)```/s)?.[1] ?? "";
	writeFileSync(sandbox.path("htdigest.js"), format, { mode: 0o600 });
	writeFileSync(sandbox.path("notify"), "#!/bin/sh\n", { mode: 0o700 });
	writeFileSync(sandbox.path("sealed.yaml"), `store_options: {path: ${sandbox.path("sealed/trocla.sqlite")}}\n`);
	expect(
		await sandbox.run(["init", "--sealed", "-c", "sealed.yaml", "--key-file", sandbox.path("keys")]),
	).toMatchObject({ code: 0 });
	const places = /\/var\/lib\/trocla|\/var\/log\/trocla|\/etc\/trocla|\/usr\/local\/bin/g;
	writeFileSync(sandbox.path("troclarc.yaml"), yaml.replace(places, sandbox.directory), { mode: 0o600 });
	expect((await sandbox.run(["get", "home", "plain", "--profile", "wifi"])).stdout).toMatch(
		/^[a-km-xA-KM-X1-9]{20}\n$/,
	);
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
});

test("the README's program runs, and hands the password out", async () => {
	const sandbox = new Sandbox();
	const [, program = ""] = /```js\n(.*?)```/s.exec(readme) ?? [];
	const given =
		"const deploy = async (v) => console.log(JSON.stringify(v)); const vault = { put: async (k, v) => console.log(k, v) };";
	writeFileSync(
		sandbox.path("pipeline.mjs"),
		given + program.replace('"trocla"', JSON.stringify(TROCLA.replace("cli/trocla.js", "library/index.mjs"))),
	);
	const { stdout, stderr } = await run(process.execPath, [sandbox.path("pipeline.mjs")], { env: sandbox.env });
	expect(stderr).toBe("");
	expect(stdout).toMatch(/^\{"APP_DB_VERIFIER":"SCRAM-SHA-256\$4096:.*"\}\napp\/db \S{32}\n$/);
	expect(await sandbox.run(["formats", "app_db"])).toMatchObject({ stdout: "pgsql\n" });
});
