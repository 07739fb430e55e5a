import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, Sandbox, TROCLA } from "./support/sandbox.js";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

/** A text with its random parts replaced, so that outputs which differ in them only compare equal. */
const shape = (text: string) =>
	text
		.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "DATE")
		.replace(/(?<=\$6\$).*|(?<=\$4096:).*/g, "HASH")
		// Before passwords: five words may happen to have 32 characters.
		.replace(/^[a-z]+(-[a-z]+){4,}$/gm, "WORDS")
		.replace(/^[^ \n]{16}$|^[^ \n]{32}$/gm, "PASSWORD");

test("what the README shows is what the command prints", async () => {
	const sandbox = new Sandbox();
	mkdirSync(sandbox.path("bin"));
	writeFileSync(sandbox.path("bin/trocla"), `#!/bin/sh\nexec ${process.execPath} ${TROCLA} "$@"\n`);
	chmodSync(sandbox.path("bin/trocla"), 0o755);
	const env = { ...sandbox.env, PATH: `${sandbox.path("bin")}:${sandbox.env.PATH}` };
	const sessions = [...readme.matchAll(/```console\n(.*?)```/gs)].map(([, session]) => session ?? "");
	const commands = sessions.flatMap((session) => session.split(/^\$ /m).slice(1));
	const shown = commands.filter((command) => /^(npx )?trocla/.test(command));
	expect(shown.length).toBeGreaterThan(7);
	for (const command of shown) {
		const [line = "", ...output] = command.split("\n");
		const { code, stdout } = await run("bash", ["-c", line.replace(/^npx /, "")], { env, cwd: sandbox.directory });
		expect({ line, code, output: shape(stdout) }).toEqual({ line, code: 0, output: shape(output.join("\n")) });
	}
});

test("the README's configuration is one", async () => {
	const sandbox = new Sandbox();
	const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(readme) ?? [];
	writeFileSync(sandbox.path("troclarc.yaml"), yaml.replace("/var/lib/trocla/", `${sandbox.directory}/store/`));
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
