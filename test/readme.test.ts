import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, Sandbox, TROCLA } from "./support/sandbox.js";
import { replay } from "./support/shown.js";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

test("what the README shows is what the command prints", async () => {
	const sandbox = new Sandbox();
	const text = readme.replaceAll("/srv/site", sandbox.directory);
	expect(await replay(text, { sandbox, trocla: TROCLA, user: [] })).toBeGreaterThan(12);
});

test("the README's configuration is one", async () => {
	const sandbox = new Sandbox();
	const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(readme) ?? [];
	const format = "module.exports = { derive: (plain) => plain.length };";
	writeFileSync(sandbox.path("htdigest.js"), format, { mode: 0o644 });
	writeFileSync(sandbox.path("notify"), "#!/bin/sh\ncat > /dev/null\n", { mode: 0o755 });
	const places = /\/(var\/lib\/trocla|etc\/trocla|var\/log\/trocla|usr\/local\/bin)(?=\/)/g;
	const here = yaml.replace(places, sandbox.directory);
	// A site has its key ring from this command.
	writeFileSync(sandbox.path("troclarc.yaml"), here.replace(/^encryption.*\n/gm, ""), { mode: 0o600 });
	await sandbox.run(["init", "--sealed", "--key-file", sandbox.path("keys")]);
	writeFileSync(sandbox.path("troclarc.yaml"), here, { mode: 0o600 });
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
