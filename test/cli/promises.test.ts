import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { query } from "../support/rows.js";
import { cleanUp, run, Sandbox, TROCLA } from "../support/sandbox.js";

const repeat = <T>(times: number, action: (index: number) => T) => Array.from({ length: times }, (_, i) => action(i));

test("64 processes that create one key on a store that does not exist yet print one value", async () => {
	const sandbox = new Sandbox();
	const outcomes = await Promise.all(repeat(64, () => sandbox.run(["get", "alice", "plain"])));
	expect(outcomes.filter(({ code, stderr }) => code !== 0 || stderr !== "")).toEqual([]);
	expect(new Set(outcomes.map(({ stdout }) => stdout)).size).toBe(1);
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ stdout: outcomes[0]?.stdout });
	expect((await run("ls", [sandbox.path("store")])).stdout).toBe("trocla.sqlite\n");
});

test("processes that ask for different formats of one new key get hashes of one password", async () => {
	const sandbox = new Sandbox();
	const formats = ["plain", "mysql", "sha1", "ssha", "pgsql", "sha512crypt", "sha256crypt", "md5crypt"];
	const outcomes = await Promise.all(
		repeat(32, (i) => sandbox.run(["get", "alice", formats[i % formats.length] ?? ""])),
	);
	expect(outcomes.every(({ code }) => code === 0)).toBe(true);
	repeat(formats.length, (i) => {
		const same = outcomes.filter((_, index) => index % formats.length === i).map(({ stdout }) => stdout);
		expect(new Set(same).size).toBe(1);
	});
	const password = outcomes[0]?.stdout ?? "";
	for (const format of formats) {
		expect(await sandbox.run(["verify", "alice", format], password)).toMatchObject({ code: 0 });
	}
});

test("of 64 keys that 4 processes create each, none is lost and none has two values", async () => {
	const sandbox = new Sandbox();
	const outcomes = await Promise.all(repeat(256, (i) => sandbox.run(["get", `key${i % 64}`, "mysql"])));
	expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
	repeat(64, (key) => {
		expect(new Set(outcomes.filter((_, i) => i % 64 === key).map(({ stdout }) => stdout)).size).toBe(1);
	});
	const stored = await Promise.all(repeat(64, (key) => sandbox.run(["get", `key${key}`, "mysql", "--no-create"])));
	expect(stored.map(({ stdout }) => stdout)).toEqual(outcomes.slice(0, 64).map(({ stdout }) => stdout));
});

test("a value that was printed survives SIGKILL, 200 times, and so does the database", async () => {
	const sandbox = new Sandbox();
	const library = TROCLA.replace("cli/trocla.js", "library/index.js");
	// Makes new keys, and makes one key anew again and again; says each value as soon as it has it.
	const writer = `
		const { openTrocla } = require(${JSON.stringify(library)});
		openTrocla().then(async (trocla) => {
			const say = (key, value) => require("fs").writeSync(1, key + " " + value + "\\n");
			for (let i = 0; ; i++) {
				say(process.argv[1] + "-new-" + i, await trocla.get(process.argv[1] + "-new-" + i, "plain"));
				say(process.argv[1] + "-reset", await trocla.reset(process.argv[1] + "-reset", "plain"));
			}
		});`;
	const resets = new Set<string>();
	const printed = new Map<string, string>();
	for (let kill = 0; kill < 200; kill++) {
		const child = spawn(process.execPath, ["-e", writer, `run${kill}`], { env: sandbox.env });
		const closed = once(child, "close");
		let output = "";
		child.stdout.on("data", (chunk: Buffer) => {
			output += chunk;
		});
		// Half of them die at any moment of their start, the others at any moment of their writing.
		if (kill % 2) await Promise.race([once(child.stdout, "data"), closed]);
		setTimeout(() => child.kill("SIGKILL"), Math.random() * (kill % 2 ? 30 : 100));
		await closed;
		const lines = output
			.split("\n")
			.slice(0, -1)
			.map((line) => line.split(" "));
		for (const [key = "", value = ""] of lines) printed.set(key, value);
		// A reset that was stored, but not printed any more, may have followed on any key of this run.
		for (const key of printed.keys()) if (key.startsWith(`run${kill}-reset`)) resets.add(key);
	}
	expect(printed.size).toBeGreaterThan(200);
	const reader = `
		const { openTrocla } = require(${JSON.stringify(library)});
		openTrocla().then(async (trocla) => {
			const stored = {};
			for (const key of JSON.parse(require("fs").readFileSync(0))) stored[key] = await trocla.peek(key, "plain");
			await trocla.close();
			console.log(JSON.stringify(stored));
		});`;
	const { stdout } = await run(
		process.execPath,
		["-e", reader],
		{ env: sandbox.env },
		JSON.stringify([...printed.keys()]),
	);
	const stored: Record<string, string> = JSON.parse(stdout);
	const lost = [...printed].filter(
		([key, value]) => stored[key] === undefined || (stored[key] !== value && !resets.has(key)),
	);
	expect(lost).toEqual([]);
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
	expect(await query(sandbox.store, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
}, 300_000);

test("of 8 processes that hand a password out at once, exactly one prints it", async () => {
	const sandbox = new Sandbox();
	for (let round = 0; round < 5; round++) {
		const { stdout: password } = await sandbox.run(["get", `key${round}`, "plain"]);
		await sandbox.run(["get", `key${round}`, "mysql"]);
		const outcomes = await Promise.all(repeat(8, () => sandbox.run(["delete", `key${round}`, "plain"])));
		expect(outcomes.filter(({ stdout }) => stdout === password)).toHaveLength(1);
		expect(outcomes.filter(({ code, stdout }) => code === 1 && stdout === "")).toHaveLength(7);
		expect(await sandbox.run(["formats", `key${round}`])).toMatchObject({ stdout: "mysql\n" });
	}
});

test.each([
	["a full device", "trocla delete alice plain > /dev/full"],
	["a pipe that nobody reads", "set -o pipefail; { sleep 0.3; trocla delete alice plain; } | true"],
	["a closed standard output", "trocla delete alice plain >&-"],
	["a full device, for the whole key", "trocla delete alice > /dev/full"],
	["a full device, as JSON", "trocla delete alice plain --json > /dev/full"],
])("a password that can't be printed to %s is not handed out, and stays", async (_, line) => {
	const sandbox = new Sandbox();
	const { stdout: password } = await sandbox.run(["get", "alice", "plain"]);
	await sandbox.run(["get", "alice", "mysql"]);
	const failed = await sandbox.shell(line);
	expect(failed.code).toBe(1);
	expect(failed.stderr).toMatch(/could not be handed out: .+Nothing was removed: /s);
	expect(failed.stdout + failed.stderr).not.toContain(password.trim());
	expect(await sandbox.run(["delete", "alice", "plain"])).toMatchObject({ code: 0, stdout: password });
});

test("what can't be printed is stored, and a reader that has enough ends a command quietly", async () => {
	const sandbox = new Sandbox();
	const full = await sandbox.shell("trocla get alice plain > /dev/full");
	expect(full).toMatchObject({ code: 1, stdout: "" });
	expect(full.stderr).toMatch(
		/^trocla: standard output can't be written: .*\n {2}What was made is stored: run it again\n$/,
	);
	expect(await sandbox.run(["get", "alice", "plain", "--no-create"])).toMatchObject({ code: 0 });
	expect(await sandbox.shell("{ sleep 0.3; trocla search .; } | true")).toMatchObject({ code: 0, stderr: "" });
});

test("a password that is thrown away on purpose is handed out", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["get", "alice", "mysql"]);
	expect(await sandbox.shell("trocla delete alice plain > /dev/null")).toMatchObject({ code: 0 });
	expect(await sandbox.run(["formats", "alice"])).toMatchObject({ stdout: "mysql\n" });
});

test("a hand-out to a file has the whole password in it", async () => {
	const sandbox = new Sandbox();
	const { stdout } = await sandbox.run(["get", "alice", "plain"]);
	expect(await sandbox.shell("trocla delete alice plain > out; cat out")).toMatchObject({ code: 0, stdout });
});

test("a reader that is slow gets the whole password", async () => {
	const sandbox = new Sandbox();
	const password = "x".repeat(1024 * 1024);
	await sandbox.run(["set", "big", "plain"], password);
	expect(await sandbox.shell("trocla delete big plain | { sleep 0.5; wc -c; }")).toMatchObject({
		code: 0,
		stdout: `${password.length + 1}\n`,
	});
});

test("a process that dies while it hands out leaves the password, and says so to the next one", async () => {
	const sandbox = new Sandbox();
	const password = "p".repeat(300_000);
	await sandbox.run(["set", "alice", "plain"], password);
	// Nobody reads the pipe, so the process hangs in mid-write with its claim.
	const child = sandbox.start(["delete", "alice", "plain"]);
	const show = async () => (await sandbox.run(["show", "alice", "--json"])).stdout;
	await expect.poll(show, { timeout: 20_000 }).toContain('"claim"');
	expect(await sandbox.run(["delete", "alice", "plain"])).toMatchObject({ code: 1, stdout: "" });
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ code: 1, stdout: "" });
	child.kill("SIGKILL");
	await once(child, "close");
	const refused = await sandbox.run(["delete", "alice", "plain"]);
	expect(refused.code).toBe(1);
	expect(refused.stderr).toMatch(
		/was being handed out on .* by process \d+ on .*, which died: someone may have seen it\n.*--force/,
	);
	expect(await sandbox.run(["delete", "alice", "plain", "--force"])).toMatchObject({
		code: 0,
		stdout: `${password}\n`,
	});
	expect(await sandbox.run(["formats", "alice"])).toMatchObject({ code: 1 });
});

/** Puts the sandbox's store on a disk of its own of this size; skips the test where that may not be done. */
async function storeOnDisk(sandbox: Sandbox, size: string, skip: (why: string) => void): Promise<string> {
	const disk = sandbox.path("disk");
	mkdirSync(disk, { mode: 0o700 });
	const mounted = await run("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", disk]);
	if (mounted.code !== 0 && !process.env.CI) skip(`can't mount a tmpfs: ${mounted.stderr}`);
	expect(mounted.code).toBe(0);
	cleanUp(() => run("umount", [disk]));
	sandbox.configure({ store_options: { path: `${disk}/trocla.sqlite` } });
	return disk;
}

test("a full disk is named, loses nothing, and when there is room again all goes on", async ({ skip }) => {
	const sandbox = new Sandbox();
	const disk = await storeOnDisk(sandbox, "1m", skip);
	const printed = new Map<string, string>();
	let failure = { code: 0 as number | null, stderr: "" };
	for (let i = 0; i < 2000 && failure.code === 0; i++) {
		// Large values, so that it fills up within a few runs.
		const outcome = await sandbox.run(["set", `key${i}`, "plain"], `${i}`.repeat(10_000));
		if (outcome.code === 0) printed.set(`key${i}`, `${`${i}`.repeat(10_000)}\n`);
		else failure = outcome;
	}
	expect(failure).toMatchObject({ code: 1 });
	expect(failure.stderr).toMatch(
		/no space left on its disk\n {2}This change was not stored\. Make room there and run it again\n$/,
	);
	expect(printed.size).toBeGreaterThan(5);
	const before = await sandbox.run(["get", "key0", "plain"]);
	// Whether or not a full disk lets a store be read, what it prints is right.
	if (before.code === 0) expect(before.stdout).toBe(printed.get("key0"));
	expect(await sandbox.run(["reset", "key0", "plain"])).toMatchObject({ code: 1, stdout: "" });
	await run("mount", ["-o", "remount,size=4m", disk]);
	for (const [key, value] of printed)
		expect((await sandbox.run(["get", key, "plain", "--no-create"])).stdout).toBe(value);
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
	expect(await sandbox.run(["get", "new", "sha512crypt"])).toMatchObject({ code: 0 });
}, 120_000);

test("a store that has no room to be made leaves nothing behind", async ({ skip }) => {
	const sandbox = new Sandbox();
	const disk = await storeOnDisk(sandbox, "4k", skip);
	const failed = await sandbox.run(["get", "alice", "plain"]);
	expect(failed).toMatchObject({ code: 1, stdout: "" });
	expect(failed.stderr).toContain(`${disk}/trocla.sqlite: no space left on its disk`);
	expect((await run("ls", ["-A", disk])).stdout).toBe("");
});

test.each([
	["garbage", Buffer.from("this is no database\n".repeat(500))],
	["a few bytes", Buffer.from("oops")],
	["nothing at all", Buffer.alloc(0)],
])("a data file of %s is named and not touched", async (_, bytes) => {
	const sandbox = new Sandbox();
	mkdirSync(sandbox.path("store"), { mode: 0o700 });
	writeFileSync(sandbox.store, bytes, { mode: 0o600 });
	const { mtimeMs } = statSync(sandbox.store);
	for (const args of [
		["get", "alice", "plain"],
		["set", "alice", "plain"],
		["search", "."],
		["prune"],
		["delete", "alice"],
	]) {
		const failed = await sandbox.run(args, "secret");
		expect(failed).toMatchObject({ code: 1, stdout: "" });
		expect(failed.stderr).toContain(sandbox.store);
		expect(failed.stderr).toMatch(/^trocla: .+\n {2}.*[Rr]estore.*\n$/);
	}
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 1, stderr: "" });
	expect(readFileSync(sandbox.store).equals(bytes)).toBe(true);
	expect(statSync(sandbox.store).mtimeMs).toBe(mtimeMs);
});

test("the store is readable by its owner only, whatever the umask", async () => {
	const sandbox = new Sandbox();
	expect(await sandbox.shell("umask 0; trocla get alice plain > /dev/null")).toMatchObject({ code: 0 });
	expect((await run("stat", ["-c", "%a", sandbox.path("store"), sandbox.store])).stdout).toBe("700\n600\n");
	await run("chmod", ["644", sandbox.store]);
	const refused = await sandbox.run(["get", "alice", "plain"]);
	expect(refused).toMatchObject({ code: 1, stdout: "" });
	expect(refused.stderr).toContain(`Run: chmod 600 ${sandbox.store}`);
	await sandbox.shell(refused.stderr.split("Run: ")[1] ?? "");
	expect(await sandbox.run(["get", "alice", "plain"])).toMatchObject({ code: 0 });
});

test("a password never stands in an argument, an error or a message", async () => {
	const sandbox = new Sandbox();
	const secret = "Tr0ub4dor-and-3";
	const outcomes = [
		await sandbox.run(["set", "alice", "plain"], secret),
		await sandbox.run(["set", "alice", "bcrypt", "--cost", "99"], secret),
		await sandbox.run(["set", "alice", "bcrypt"], secret.repeat(9)),
		await sandbox.run(["set", "alice", "sha512crypt"], `${secret}\0`),
		await sandbox.run(["verify", "alice", "mysql"], secret),
		await sandbox.run(["verify", "alice"], `${secret}x`),
		await sandbox.run(["show", "alice"]),
		await sandbox.run(["show", "alice", "--json"]),
		await sandbox.run(["doctor", "--trace"]),
		await sandbox.run(["get", "alice", "bcrypt", "nonsense: ["]),
		await sandbox.shell("trocla delete alice plain --trace > /dev/full"),
		await sandbox.run(["set", "alice", "plain", "--json"], secret),
	];
	for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(secret);
});
