import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { missing } from "../support/peers.js";
import { cleanUp, run, Sandbox, TROCLA } from "../support/sandbox.js";

interface Answer {
	readonly key?: string;
	readonly format?: string;
	readonly value?: string;
	readonly line?: number;
	readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

const parse = (stdout: string): Answer[] =>
	stdout
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line));

const linesOf = (count: number, line: (n: number) => string) =>
	Array.from({ length: count }, (_, n) => `${line(n)}\n`).join("");

test("each line is answered in its order with what get prints, whatever the format takes", async () => {
	const sandbox = new Sandbox();
	const formats = ["bcrypt", "plain", "sha512crypt", "mysql", "pgsql", "ssha", "yescrypt", "sha1"];
	const asked = Array.from({ length: 40 }, (_, n) => [`key${n % 10}`, formats[n % formats.length] ?? ""] as const);
	const { code, stdout, stderr } = await sandbox.run(
		["get", "--batch"],
		asked.map(([key, format]) => `${key} ${format}${format === "bcrypt" ? ' {"cost": 5}' : ""}\n`).join(""),
	);
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	const answers = parse(stdout);
	expect(answers.map(({ key, format }) => [key, format])).toEqual(asked);
	for (const { key = "", format = "", value } of answers.slice(0, 12)) {
		expect(await sandbox.run(["get", "--no-create", key, format])).toMatchObject({ stdout: `${value}\n` });
	}
	for (const [key, format] of asked.slice(0, 8)) {
		const plain = (await sandbox.run(["get", key, "plain"])).stdout;
		expect(await sandbox.run(["verify", key, format], plain)).toMatchObject({ code: 0 });
	}
});

test("a line that fails says why in its place, and the others are answered", async () => {
	const sandbox = new Sandbox();
	const lines = Buffer.concat([
		Buffer.from('a plain\n\nb nope\n"c\nd plain {"lenght": 3}\ne plain {\nf\xff plain\n', "latin1"),
		Buffer.from(`${"k".repeat(600)} plain\ng plain {"length": 3}\n${"x".repeat(200_000)}\nh plain`),
	]);
	const { code, stdout, stderr } = await sandbox.run(["get", "--batch"], lines);
	expect(code).toBe(1);
	expect(stderr).toBe("trocla: lines that failed: 7; each has its error in the output\n");
	const error = (message: string) => ({ code: "invalid", message: expect.stringContaining(message) });
	expect(parse(stdout)).toMatchObject([
		{ key: "a", value: expect.stringMatching(/^.{16}$/) },
		{ key: "b", format: "nope", error: error('unknown format "nope"') },
		{ line: 4, error: error("no KEY and FORMAT") },
		{ key: "d", format: "plain", error: { ...error("lenght"), hint: "Did you mean length?" } },
		{ key: "e", format: "plain", error: error("JSON object") },
		{ line: 7, error: error("not UTF-8") },
		{ key: "k".repeat(600), error: error("too long") },
		{ key: "g", value: expect.stringMatching(/^.{3}$/) },
		{ line: 10, error: error("longer than") },
		{ key: "h", value: expect.stringMatching(/^.{16}$/) },
	]);
});

test("flags are every line's options, and a line's own win over them", async () => {
	const sandbox = new Sandbox();
	const input = 'a plain\nb plain {"length": 5}\nc plain {"charset": "hexadecimal"}\n';
	const { stdout } = await sandbox.run(["get", "--batch", "--length", "9", "--charset", "numeric"], input);
	const shapes = [/^\d{9}$/, /^\d{5}$/, /^[0-9a-f]{9}$/];
	expect(parse(stdout).map(({ value }) => value)).toEqual(shapes.map((shape) => expect.stringMatching(shape)));
	const unused = await sandbox.run(["get", "--batch", "--rounds", "2000"], "a plain\nb plain\nc plain\n");
	expect(unused).toMatchObject({
		code: 0,
		stderr: "trocla: warning: plain has no option rounds, so it does nothing\n",
	});
	const otherwise = await sandbox.run(["get", "--batch"], 'a plain {"length": 12}\n');
	expect(otherwise).toMatchObject({ code: 0, stdout: expect.stringContaining(parse(stdout)[0]?.value ?? "") });
	expect(otherwise.stderr).toMatch(/^trocla: warning: "a" is stored with length 9, not 12\. /);
});

test("stored values only are given with --no-create or create_on_get: false, and create makes them all the same", async () => {
	const sandbox = new Sandbox();
	const { stdout: value } = await sandbox.run(["get", "a", "plain"]);
	const both = [
		{ key: "a", value: value.trim() },
		{ key: "b", error: { code: "not_found" } },
	];
	const refused = await sandbox.run(["get", "--batch", "--no-create"], "a plain\nb plain\n");
	expect(refused.code).toBe(1);
	expect(parse(refused.stdout)).toMatchObject(both);
	sandbox.configure({ store_options: { path: sandbox.store }, create_on_get: false });
	expect(parse((await sandbox.run(["get", "--batch"], "a plain\nb plain\n")).stdout)).toMatchObject(both);
	expect(await sandbox.run(["formats", "b"])).toMatchObject({ code: 1 });
	expect(await sandbox.run(["create", "--batch"], "a plain\nb plain\n")).toMatchObject({ code: 0 });
	expect(await sandbox.run(["formats", "b"])).toMatchObject({ code: 0 });
});

test("it takes no arguments, and nothing to do is done", async () => {
	const sandbox = new Sandbox();
	expect(await sandbox.run(["get", "--batch", "alice", "plain"])).toMatchObject({ code: 2, stdout: "" });
	expect(await sandbox.run(["get"])).toMatchObject({ code: 2, stderr: expect.stringContaining("missing") });
	expect(await sandbox.run(["get", "--batch"], "")).toEqual({ code: 0, stdout: "", stderr: "" });
	expect(await sandbox.run(["--batch", "get"], "a plain\n")).toMatchObject({ code: 0 });
	const unreadable = await sandbox.shell("trocla get --batch 0> file");
	expect(unreadable).toMatchObject({ code: 2, stderr: expect.stringContaining("standard input can't be read") });
});

test("a directory in place of the lines is refused, and is no empty batch", async () => {
	const sandbox = new Sandbox();
	expect(await sandbox.shell("trocla get --batch < .")).toEqual({
		code: 2,
		stdout: "",
		stderr: expect.stringContaining("standard input can't be read (it is a directory)"),
	});
});

test("a program that waits for each answer before its next line gets it", async () => {
	const sandbox = new Sandbox();
	const child = sandbox.start(["get", "--batch"]);
	const answers = createInterface({ input: child.stdout ?? expect.fail() });
	for (let n = 0; n < 20; n++) {
		child.stdin?.write(`key${n} ${n % 2 ? "sha512crypt" : "plain"}\n`);
		const [line] = await once(answers, "line");
		expect(JSON.parse(line)).toMatchObject({ key: `key${n}`, value: expect.any(String) });
	}
	child.stdin?.end();
	expect(await once(child, "close")).toEqual([0, null]);
});

test("a reader that has enough ends it quietly, also while it waits for a line; a full device is named", async () => {
	const sandbox = new Sandbox();
	const line = "{ echo a plain; sleep 0.7; yes 'b plain'; } | trocla get --batch | head -1";
	expect(await sandbox.shell(line)).toMatchObject({
		code: 0,
		stderr: "",
		stdout: expect.stringMatching(/^.*"a".*\n$/),
	});
	const full = await sandbox.shell("echo c plain | trocla get --batch > /dev/full");
	expect(full).toMatchObject({ code: 1 });
	expect(full.stderr).toMatch(/standard output can't be written: .*\n {2}What was made is stored: run it again\n$/);
});

test("what nobody will read is not made any more", async () => {
	const sandbox = new Sandbox();
	const child = sandbox.start(["get", "--batch"]);
	child.stdin?.on("error", () => {});
	child.stdin?.end(`a plain\n${linesOf(500, (n) => `key${n} bcrypt`)}`);
	await once(child.stdout ?? expect.fail(), "data");
	child.stdout?.destroy();
	expect(await once(child, "close")).toEqual([1, null]);
	const { stdout } = await sandbox.run(["search", "^key"]);
	expect(stdout.split("\n").length).toBeLessThan(50);
});

test("two batches at once over the same 1,000 keys print the same values", async () => {
	const sandbox = new Sandbox();
	const formats = ["plain", "mysql", "sha1", "ssha"];
	const forth = linesOf(1000, (n) => `key${n} ${formats[n % 4]}`);
	const back = forth.trim().split("\n").reverse().join("\n");
	const [one, other] = await Promise.all([forth, back].map((lines) => sandbox.run(["get", "--batch"], lines)));
	expect([one?.code, other?.code]).toEqual([0, 0]);
	expect(parse(one?.stdout ?? "")).toHaveLength(1000);
	expect(parse(other?.stdout ?? "").reverse()).toEqual(parse(one?.stdout ?? ""));
}, 120_000);

test("every line that was printed is stored with its value when the process is killed, 20 times, or interrupted", async () => {
	const sandbox = new Sandbox();
	const printed: Answer[] = [];
	for (let kill = 0; kill < 21; kill++) {
		const child = sandbox.start(["get", "--batch"]);
		let stdout = "";
		child.stdout?.on("data", (chunk: Buffer) => {
			stdout += chunk;
		});
		child.stdin?.on("error", () => {});
		child.stdin?.end(linesOf(50_000, (n) => `run${kill}-${n} ${n % 50 ? "plain" : "sha512crypt"}`));
		await once(child.stdout ?? expect.fail(), "data");
		setTimeout(() => child.kill(kill < 20 ? "SIGKILL" : "SIGINT"), Math.random() * 150);
		const [code, signal] = await once(child, "close");
		expect([code, signal]).toEqual([null, kill < 20 ? "SIGKILL" : "SIGINT"]);
		printed.push(...parse(stdout.slice(0, stdout.lastIndexOf("\n") + 1)));
	}
	expect(printed.length).toBeGreaterThan(1000);
	const again = printed.map(({ key, format }) => `${key} ${format}\n`).join("");
	const { code, stdout } = await sandbox.run(["get", "--batch", "--no-create"], again);
	expect(code).toBe(0);
	expect(parse(stdout)).toEqual(printed);
	expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
}, 120_000);

test("a disk that fills up is named in each line that it fails, and nothing that was printed is lost", async ({
	skip,
}) => {
	const sandbox = new Sandbox();
	const disk = sandbox.path("disk");
	mkdirSync(disk, { mode: 0o700 });
	const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", disk]);
	if (mounted.code !== 0 && !process.env.CI) skip(`can't mount a tmpfs: ${mounted.stderr}`);
	expect(mounted.code).toBe(0);
	cleanUp(() => run("umount", [disk]));
	sandbox.configure({ store_options: { path: `${disk}/trocla.sqlite` } });
	const lines = linesOf(3000, (n) => `key${n} plain {"length": 1000}`);
	const { code, stdout } = await sandbox.run(["get", "--batch"], lines);
	expect(code).toBe(1);
	const answers = parse(stdout);
	expect(answers.map(({ key }) => key)).toEqual(Array.from({ length: 3000 }, (_, n) => `key${n}`));
	const failed = answers.filter(({ error }) => error);
	expect(failed.length).toBeGreaterThan(100);
	for (const { error } of failed) expect(error).toMatchObject({ message: expect.stringContaining("no space left") });
	const made = answers.filter(({ value }) => value);
	expect(made.length).toBeGreaterThan(100);
	await run("mount", ["-o", "remount,size=32m", disk]);
	const again = await sandbox.run(["get", "--batch"], lines);
	expect(again.code).toBe(0);
	const values = new Map(parse(again.stdout).map(({ key, value }) => [key, value]));
	for (const { key, value } of made) expect(values.get(key)).toBe(value);
});

test("a reader that is slow keeps it waiting instead of filling its memory", async () => {
	const sandbox = new Sandbox();
	await sandbox.run(["get", "a", "plain", "--length", "4000"]);
	const yes = spawn("yes", ["a plain"], { stdio: ["ignore", "pipe", "ignore"] });
	const stdio = [yes.stdout, "pipe", "pipe"] as const;
	const batch = spawn(process.execPath, [TROCLA, "get", "--batch"], { env: sandbox.env, stdio: [...stdio] });
	cleanUp(() => [yes, batch].map((child) => child.kill("SIGKILL")));
	// In these seconds a program that does not wait for its reader makes gigabytes.
	await sleep(3000);
	const [, peak = ""] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${batch.pid}/status`, "utf8")) ?? [];
	expect(Number(peak) / 1024).toBeGreaterThan(30);
	expect(Number(peak) / 1024).toBeLessThan(400);
	const lines = createInterface({ input: batch.stdout ?? process.stdin });
	const [first] = await once(lines, "line");
	expect(JSON.parse(first)).toMatchObject({ key: "a", value: expect.stringMatching(/^.{4000}$/) });
});

test.skipIf(missing("script"))(
	"a terminal shows how much is done, and a warning stands on a line of its own",
	async () => {
		const sandbox = new Sandbox();
		await sandbox.run(["get", "key699", "bcrypt", "--cost", "4"]);
		// The first takes longer than a second, and the last is read when it is answered.
		const lines = linesOf(700, (n) => `key${n} bcrypt {"cost": ${n === 0 ? 15 : 5}}`).replace(/\n$/, "");
		const script = `{ printf '%s' '${lines}'; } | trocla get --batch > out`;
		const typed = `trocla() { ${process.execPath} ${TROCLA} "$@"; }; ${script}`;
		const { code, stdout } = await run("script", ["-qec", typed, "/dev/null"], {
			env: { ...sandbox.env, TERM: "xterm", SHELL: "/bin/bash" },
			cwd: sandbox.directory,
		});
		expect(code).toBe(0);
		// ECMA-48: ESC [ K erases the rest of the line.
		const screen = stdout.replaceAll("\x1b[K", "<erased>");
		expect(screen).toMatch(/\rLines answered: \[#*\.*\] \d+\/700, \d+ s left<erased>/);
		expect(screen).toMatch(/\r<erased>trocla: warning: "key699" is stored with cost 4, not 5/);
		expect(screen.lastIndexOf("\r<erased>")).toBeGreaterThan(screen.lastIndexOf("Lines answered"));
	},
);
