import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";
import { pathOf } from "./peers.js";
import { type Sandbox, TROCLA } from "./sandbox.js";

/** Runs the command on a terminal of its own and types each answer when its prompt stands there. */
export function onTerminal(sandbox: Sandbox, args: string, dialogue: [prompt: string, answer: string][]) {
	return dialogueWith(sandbox, `${process.execPath} ${TROCLA} ${args}`, dialogue);
}

/** The same with any line of shell (script(1) must be there). */
export async function dialogueWith(sandbox: Sandbox, line: string, dialogue: [prompt: string, answer: string][]) {
	const child = spawn(pathOf("script"), ["-qec", line, "/dev/null"], {
		env: { ...sandbox.env, TERM: "xterm", SHELL: "/bin/sh" },
		cwd: sandbox.directory,
	});
	let screen = "";
	child.stdout.on("data", (chunk: Buffer) => {
		screen += chunk;
	});
	const closed = once(child, "close");
	let seen = 0;
	for (const [prompt, answer] of dialogue) {
		await expect.poll(() => screen.indexOf(prompt, seen), { timeout: 10_000 }).toBeGreaterThanOrEqual(0);
		seen = screen.indexOf(prompt, seen) + prompt.length;
		child.stdin.write(answer);
	}
	const [code] = await closed;
	return { code, screen };
}
