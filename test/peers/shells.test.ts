import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run, Sandbox, TROCLA } from "../support/sandbox.js";

/** A sandbox with two keys, where `trocla` is in the path. */
async function withKeys(): Promise<Sandbox> {
	const sandbox = new Sandbox();
	mkdirSync(sandbox.path("bin"));
	writeFileSync(sandbox.path("bin/trocla"), `#!/bin/sh\nexec ${process.execPath} ${TROCLA} "$@"\n`);
	chmodSync(sandbox.path("bin/trocla"), 0o755);
	sandbox.env.PATH = `${sandbox.path("bin")}:${sandbox.env.PATH}`;
	for (const key of ["user_a", "user b"]) await sandbox.run(["get", key, "plain"]);
	return sandbox;
}

const installed = async (program: string) => (await run("sh", ["-c", `command -v ${program}`])).code === 0;

test("bash completes commands, keys and formats", async () => {
	const sandbox = await withKeys();
	const ask = async (...words: string[]) => {
		const line = words.map((word) => `'${word}'`).join(" ");
		const script = `source <(trocla completion bash)\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}\n_trocla\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
		return (await run("bash", ["-c", script], { env: sandbox.env, cwd: sandbox.directory })).stdout
			.split("\n")
			.slice(0, -1);
	};
	expect(await ask("trocla", "se")).toEqual(["set", "search"]);
	expect(await ask("trocla", "get", "user")).toEqual(["user b", "user_a"]);
	expect(await ask("trocla", "get", "user_a", "sha1")).toEqual(["sha1"]);
});

test("fish completes commands and keys", async ({ skip }) => {
	if (!(await installed("fish"))) {
		if (process.env.CI) expect.fail("fish is not installed");
		skip("fish is not installed");
	}
	const sandbox = await withKeys();
	const ask = async (line: string) => {
		const script = `trocla completion fish | source; complete -C '${line}'`;
		return (await run("fish", ["-c", script], { env: sandbox.env, cwd: sandbox.directory })).stdout
			.split("\n")
			.slice(0, -1);
	};
	expect(await ask("trocla sh")).toEqual(["show"]);
	expect(await ask("trocla show user_")).toEqual(["user_a"]);
});

test("zsh completes commands and keys", async ({ skip }) => {
	if (!(await installed("zsh"))) {
		if (process.env.CI) expect.fail("zsh is not installed");
		skip("zsh is not installed");
	}
	const sandbox = await withKeys();
	// zsh completes on a terminal only, so it gets one of its own (zpty) and a Tab.
	writeFileSync(
		sandbox.path("home/.zshrc"),
		`autoload -Uz compinit && compinit -u -D; eval "$(trocla completion zsh)"; PS1=READY; bindkey '^I' complete-word; unsetopt list_beep\n`,
	);
	const script = (line: string) => `
		zmodload zsh/zpty; zpty z 'TERM=dumb zsh -i'; zpty -r -m z out '*READY*'
		zpty -w -n z ${JSON.stringify(line)}$'\\t'; zpty -w -n z $'\\x05 #\\n'
		zpty -r -m z out '*#*'; print -r -- "$out"; zpty -d z`;
	const ask = async (line: string) =>
		(await run("zsh", ["-fc", script(line)], { env: sandbox.env, cwd: sandbox.directory })).stdout;
	expect(await ask("trocla sh")).toContain("show");
	expect(await ask("trocla show user_")).toContain("user_a");
});
