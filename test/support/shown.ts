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

export interface Stage {
	readonly sandbox: Sandbox;
	/** The built command. */
	readonly trocla: string;
	/** What a shell is started with, to be another user. */
	readonly user: readonly string[];
}

/**
 * Runs the commands that a document shows, trocla's, openssl's, mv, sed and curl, one after the other, and expects that each prints
 * what is shown below it, and fails where that is trocla's message. Gives how many they were.
 */
export async function replay(
	markdown: string,
	{ sandbox, trocla, user }: Stage = { sandbox: new Sandbox(), trocla: TROCLA, user: [] },
): Promise<number> {
	mkdirSync(sandbox.path("bin"));
	writeFileSync(sandbox.path("bin/trocla"), `#!/bin/sh\nexec ${process.execPath} ${trocla} "$@"\n`);
	chmodSync(sandbox.path("bin/trocla"), 0o755);
	const env = { ...sandbox.env, PATH: `${sandbox.path("bin")}:${sandbox.env.PATH}` };
	const sessions = [...markdown.matchAll(/```console\n(.*?)```/gs)].map(([, session]) => session ?? "");
	const commands = sessions.flatMap((session) => session.replaceAll(" \\\n", "").split(/^\$ /m).slice(1));
	const shown = commands.filter((command) => /^(npx )?(trocla|openssl|mv|sed|curl)/.test(command));
	const [program = "", ...args] = [...user, "bash"];
	for (const command of shown) {
		const [line = "", ...output] = command.split("\n");
		const script = `exec 2>&1; ${line.replace(/^npx /, "")}`;
		const { code, stdout } = await run(program, [...args, "-c", script], { env, cwd: sandbox.directory });
		const refused = output[0]?.startsWith("trocla: ") ?? false;
		expect({ line, ok: code === 0, output: shape(stdout) }).toEqual({
			line,
			ok: !refused,
			output: shape(output.join("\n")),
		});
	}
	return shown.length;
}
