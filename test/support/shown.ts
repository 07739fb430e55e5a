import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { run, Sandbox, TROCLA } from "./sandbox.js";

/** A text with its random parts replaced, so that outputs which differ in them only compare equal. */
function shape(text: string): string {
	return (
		text
			.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "DATE")
			// Before passwords: five words may happen to have 32 characters.
			.replace(/^[a-z]+(-[a-z]+){4,}$/gm, "WORDS")
			.replace(/^[^ \n]{16}$|^[^ \n]{20}$|^[^ \n]{32}$/gm, "PASSWORD")
			.replace(/(?<=^\$1\$)[./0-9A-Za-z]{8}/gm, "SALT")
			.replace(/[./+=0-9A-Za-z]{13,}/g, ({ length }) => `${length} characters`)
	);
}

/**
 * Runs the commands of trocla's that a document shows, one after the other, and expects that each prints what is shown
 * below it. Gives how many they were.
 */
export async function replay(markdown: string): Promise<number> {
	const sandbox = new Sandbox();
	mkdirSync(sandbox.path("bin"));
	writeFileSync(sandbox.path("bin/trocla"), `#!/bin/sh\nexec ${process.execPath} ${TROCLA} "$@"\n`);
	chmodSync(sandbox.path("bin/trocla"), 0o755);
	const env = { ...sandbox.env, PATH: `${sandbox.path("bin")}:${sandbox.env.PATH}` };
	const sessions = [...markdown.matchAll(/```console\n(.*?)```/gs)].map(([, session]) => session ?? "");
	const commands = sessions.flatMap((session) => session.split(/^\$ /m).slice(1));
	const shown = commands.filter((command) => /^(npx )?trocla/.test(command));
	for (const command of shown) {
		const [line = "", ...output] = command.split("\n");
		const { code, stdout } = await run("bash", ["-c", line.replace(/^npx /, "")], { env, cwd: sandbox.directory });
		expect({ line, code, output: shape(stdout) }).toEqual({ line, code: 0, output: shape(output.join("\n")) });
	}
	return shown.length;
}
