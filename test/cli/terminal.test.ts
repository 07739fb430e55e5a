import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { Sandbox, TROCLA } from "../support/sandbox.js";

/** Runs the command on a terminal of its own (script(1)) and types each answer when its prompt stands there. */
async function onTerminal(sandbox: Sandbox, args: string, dialogue: [prompt: string, answer: string][]) {
	const line = `${process.execPath} ${TROCLA} ${args}`;
	const child = spawn("script", ["-qec", line, "/dev/null"], {
		env: { ...sandbox.env, TERM: "xterm", SHELL: "/bin/sh" },
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

test("set asks for the password twice and shows nothing of it", async () => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plain", [
		["Password: ", "corrEct hörse\r"],
		["The same again: ", "corrEct hörse\r"],
	]);
	expect({ code, screen }).toEqual({ code: 0, screen: "Password: \r\nThe same again: \r\n" });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ stdout: "corrEct hörse\n" });
});

test("two passwords that differ are not stored", async () => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plain -p", [
		["Password: ", "one\r"],
		["The same again: ", "other\r"],
	]);
	expect(code).toBe(2);
	expect(screen).toContain("the two passwords differ");
	expect(await sandbox.run(["show", "alice"])).toMatchObject({ code: 1 });
});

test("verify asks once, and a mistake can be corrected while typing", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "alice", "plain"], "secret");
	expect(await onTerminal(sandbox, "verify alice", [["Password: ", "secrex\x7ft\r"]])).toMatchObject({ code: 0 });
	expect(await onTerminal(sandbox, "verify alice", [["Password: ", "wrong\r"]])).toMatchObject({ code: 1 });
});

test.each([
	["Ctrl-C", "\x03"],
	["Ctrl-D", "\x04"],
])("%s at the prompt stores nothing", async (_, key) => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plain", [["Password: ", key]]);
	expect(code).toBe(2);
	expect(screen).toContain("no password was typed");
	expect(await sandbox.run(["show", "alice"])).toMatchObject({ code: 1 });
});

test("a bad key or format is told before anybody types a password", async () => {
	const sandbox = new Sandbox();
	const { code, screen } = await onTerminal(sandbox, "set alice plan", []);
	expect(code).toBe(2);
	expect(screen).toContain("Did you mean plain?");
	expect(screen).not.toContain("Password");
});
