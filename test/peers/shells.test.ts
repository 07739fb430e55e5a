import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { missing } from "../support/peers.js";
import { cleanUp, run, Sandbox, TROCLA } from "../support/sandbox.js";

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

/** An interactive bash on a terminal of its own: gives what a Tab makes of a line. */
async function bash(sandbox: Sandbox) {
	writeFileSync(
		sandbox.path("home/.bashrc"),
		`PS1='READY'; source <(trocla completion bash); bind 'set enable-bracketed-paste off' 'set bell-style none'
		bind -x '"\\C-t": printf "\\n<%s>\\n" "$READLINE_LINE"'\n`,
	);
	const child = spawn("script", ["-qec", "bash --rcfile home/.bashrc -i", "/dev/null"], {
		env: { ...sandbox.env, TERM: "dumb", COLUMNS: "200" },
		cwd: sandbox.directory,
	});
	let screen = "";
	child.stdout.on("data", (chunk: Buffer) => {
		screen += chunk;
	});
	const closed = once(child, "close");
	cleanUp(async () => {
		child.kill();
		await closed;
	});
	await expect.poll(() => screen, { timeout: 10_000 }).toContain("READY");
	return async (line: string) => {
		screen = "";
		child.stdin.write(`\x15${line}\t\x14`);
		await expect.poll(() => screen, { timeout: 10_000 }).toMatch(/\n<.*>\r?\n/);
		return /\n<(.*)>\r?\n/.exec(screen)?.[1];
	};
}

test.skipIf(missing("script"))("bash completes commands, keys and formats", async () => {
	const ask = await bash(await withKeys());
	expect(await ask("trocla sho")).toBe("trocla show ");
	expect(await ask("trocla show user_")).toBe("trocla show user_a ");
	expect(await ask("trocla get user_a sha1")).toBe("trocla get user_a sha1 ");
	expect(await ask("trocla publish --dr")).toBe("trocla publish --dry-run ");
});

test.skipIf(missing("script"))("bash gets each key as the one word that it is", async () => {
	const sandbox = await withKeys();
	const keys = ["x;touch PWNED", "y$(touch PWNED)", "profile::base::db", "q'uote", "a=b@c", "-dash"];
	for (const key of keys) await sandbox.run(["get", "--", key, "plain"]);
	const ask = await bash(sandbox);
	expect(await ask("trocla show x")).toBe("trocla show x\\;touch\\ PWNED ");
	expect(await ask("trocla show x\\;to")).toBe("trocla show x\\;touch\\ PWNED ");
	expect(await ask("trocla show 'x;to")).toBe("trocla show 'x;touch PWNED' ");
	expect(await ask("trocla show y")).toBe("trocla show y\\$\\(touch\\ PWNED\\) ");
	expect(await ask("trocla show q")).toBe("trocla show q\\'uote ");
	for (const begun of ["pro", "profile:", "profile::", "profile::ba", "profile::base::"]) {
		expect(await ask(`trocla show ${begun}`)).toBe("trocla show profile::base::db ");
	}
	for (const begun of ["a", "a=", "a=b", "a=b@"]) expect(await ask(`trocla show ${begun}`)).toBe("trocla show a=b@c ");
	expect(await ask("trocla get profile::base::db sha1")).toBe("trocla get profile::base::db sha1 ");
	expect(await ask("trocla get user\\ b sha1")).toBe("trocla get user\\ b sha1 ");
	expect(await ask("trocla show -- -")).toBe("trocla show -- -dash ");
	expect(await ask("trocla show -d")).toBe("trocla show -d");
	expect(await ask("trocla get a plain --encode=m")).toBe("trocla get a plain --encode=md5 ");
	expect(existsSync(sandbox.path("PWNED"))).toBe(false);
});

test.skipIf(missing("fish"))("fish completes commands and keys (needs fish)", async () => {
	const sandbox = await withKeys();
	const ask = async (line: string) => {
		const script = `trocla completion fish | source; complete --escape -C '${line}'`;
		return (await run("fish", ["-c", script], { env: sandbox.env, cwd: sandbox.directory })).stdout
			.split("\n")
			.slice(0, -1);
	};
	expect(await ask("trocla sh")).toEqual(["show"]);
	expect(await ask("trocla show user_")).toEqual(["user_a"]);
	await sandbox.run(["get", "x;touch PWNED", "plain"]);
	await sandbox.run(["get", "p::b", "plain"]);
	expect(await ask("trocla show x")).toEqual(["x\\;touch\\ PWNED"]);
	expect(await ask("trocla show p:")).toEqual(["p::b"]);
	expect(await ask('trocla show "x;to')).toEqual(['"x;touch PWNED"']);
	expect(await ask("trocla show x\\\\;to")).toEqual(["x\\;touch\\ PWNED"]);
	writeFileSync(sandbox.path("passwords.csv"), "");
	expect(await ask("trocla import --file passw")).toEqual(["passwords.csv"]);
	expect(await ask("trocla import --from cs")).toEqual(["csv"]);
	expect(await ask("trocla publish --allow")).toEqual(["--allow-empty"]);
	expect(await ask("trocla publish --hosts passw")).toEqual(["passwords.csv"]);
});

test.skipIf(missing("zsh"))("zsh completes commands and keys (needs zsh)", async () => {
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
	await sandbox.run(["get", "x;touch PWNED", "plain"]);
	await sandbox.run(["get", "p::b", "plain"]);
	expect(await ask("trocla show x")).toContain("x\\;touch\\ PWNED");
	expect(await ask("trocla show p:")).toContain("p::b");
	expect(await ask("trocla show 'x;to")).toContain("'x;touch PWNED'");
	expect(await ask("trocla publish --dr")).toContain("--dry-run");
	expect(existsSync(sandbox.path("PWNED"))).toBe(false);
});
