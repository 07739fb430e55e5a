import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AuditedSandbox } from "../support/audited-sandbox.js";
import { run, TROCLA } from "../support/sandbox.js";

test("64 processes at once write one chain, with one line for each change and no value", async () => {
	const sandbox = new AuditedSandbox();
	const keys = Array.from({ length: 64 }, (_, i) => `key${i % 32}`);
	const outcomes = await Promise.all(keys.map((key) => sandbox.run(["get", key, "plain"])));
	expect(outcomes.filter(({ code, stderr }) => code !== 0 || stderr !== "")).toEqual([]);
	expect(sandbox.lines.map(({ n }) => n)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
	expect(sandbox.lines.map(({ key }) => key).sort()).toEqual([...new Set(keys)].sort());
	expect(await sandbox.doctor()).toMatchObject([{ state: "ok" }]);
	const text = readFileSync(sandbox.audit, "utf8");
	for (const { stdout } of outcomes) expect(text).not.toContain(JSON.stringify(stdout.trim()).slice(1, -1));
});

test("an audit survives SIGKILL, 100 times, and has all that was printed", async () => {
	const sandbox = new AuditedSandbox();
	const library = TROCLA.replace("cli/trocla.js", "library/index.js");
	const writer = `
		const { openTrocla } = require(${JSON.stringify(library)});
		openTrocla().then(async (trocla) => {
			for (let i = 0; ; i++) {
				const key = process.argv[1] + "-" + i;
				await trocla.get(key, "plain");
				require("fs").writeSync(1, key + "\\n");
			}
		});`;
	let printed = "";
	for (let kill = 0; kill < 50; kill++) {
		const pair = ["a", "b"].map((name) =>
			spawn(process.execPath, ["-e", writer, `${name}${kill}`], { env: sandbox.env }),
		);
		await Promise.all(
			pair.map(async (child) => {
				const closed = once(child, "close");
				child.stdout.on("data", (chunk: Buffer) => {
					printed += chunk;
				});
				await Promise.race([once(child.stdout, "data"), closed]);
				setTimeout(() => child.kill("SIGKILL"), Math.random() * 30);
				await closed;
			}),
		);
	}
	const keys = printed.split("\n").filter((key) => /^[ab]\d+-\d+$/.test(key));
	expect(keys.length).toBeGreaterThan(100);
	expect(await sandbox.doctor()).toMatchObject([{ state: "ok" }]);
	const audited = new Set(readFileSync(sandbox.audit, "utf8").match(/(?<="key":")[^"]*/g));
	expect(keys.filter((key) => !audited.has(key))).toEqual([]);
	expect((await run("ls", ["-A", sandbox.path("log")])).stdout).toBe(".audit.jsonl.head\naudit.jsonl\n");
}, 120_000);
