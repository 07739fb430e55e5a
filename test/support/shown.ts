import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import { run, Sandbox, TROCLA } from "./sandbox.js";

/** A text with its random parts replaced, so that outputs which differ in them only compare equal. */
function shape(text: string): string {
	return (
		text
			.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "DATE")
			.replace(/(?<=^gpgv: Signature made ).*/gm, "DATE")
			// The day of a password in a line of shadow(5).
			.replace(/(?<=^\w+:\$[^:\n]+:)\d+/gm, "DAY")
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

/** What is run of what a document shows: trocla's own commands, and what is on every system or does no harm. */
const RUN = /^(npx )?(trocla|openssl|mv|sed|mkdir|echo|export|ls|cat|sh|gpgv|curl)\b/;

/**
 * Follows a document: runs the commands that it shows, one after the other, and expects that each prints what is shown
 * below it, and fails where that is trocla's refusal. A block of YAML or shell whose first line is a comment with nothing
 * but a relative path is that file, written when it comes up. Gives how many commands they were.
 */
export async function replay(
	markdown: string,
	{ sandbox, trocla, user }: Stage = { sandbox: new Sandbox(), trocla: TROCLA, user: [] },
): Promise<number> {
	mkdirSync(sandbox.path("bin"));
	writeFileSync(sandbox.path("bin/trocla"), `#!/bin/sh\nexec ${process.execPath} ${trocla} "$@"\n`);
	chmodSync(sandbox.path("bin/trocla"), 0o755);
	const env = { ...sandbox.env, PATH: `${sandbox.path("bin")}:${sandbox.env.PATH}` };
	const [program = "", ...args] = [...user, "bash"];
	let count = 0;
	for (const [, language, block = ""] of markdown.matchAll(/^```(console|yaml|sh)\n(.*?)^```$/gms)) {
		if (language !== "console") writeShown(block, sandbox);
		else {
			for (const command of commandsOf(block)) {
				const [line = "", ...output] = command.split("\n");
				const script = `exec 2>&1; ${line.replace(/^npx /, "")}`;
				const { code, stdout } = await run(program, [...args, "-c", script], { env, cwd: sandbox.directory });
				const refused = /^trocla: (?!note: |warning: )/.test(output[0] ?? "");
				expect({ line, ok: code === 0, output: shape(stdout) }).toEqual({
					line,
					ok: !refused,
					output: shape(output.join("\n")),
				});
				count++;
			}
		}
	}
	return count;
}

const commandsOf = (session: string) =>
	session
		.replaceAll(" \\\n", "")
		.split(/^\$ /m)
		.slice(1)
		.filter((command) => RUN.test(command));

function writeShown(block: string, sandbox: Sandbox): void {
	const [, path] = /^# ([\w.-][\w./-]*)\n/.exec(block) ?? [];
	if (path === undefined) return;
	mkdirSync(dirname(sandbox.path(path)), { recursive: true });
	writeFileSync(sandbox.path(path), block, { mode: 0o600 });
}
