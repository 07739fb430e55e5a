import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { AuditedSandbox } from "../support/audited-sandbox.js";
import { run, TROCLA } from "../support/sandbox.js";

test("an audit of a million lines is checked in the memory that one of a tenth takes", async () => {
	const sandbox = new AuditedSandbox();
	const measure = sandbox.path("measure.cjs");
	writeFileSync(measure, 'process.on("exit", () => console.error(process.resourceUsage().maxRSS));');
	mkdirSync(sandbox.path("log"), { mode: 0o700 });
	const check = async (lines: number) => {
		writeChain(sandbox.audit, lines);
		// V8 lets young objects have more and more room where there is a lot of it; that is no growth of ours.
		const args = ["--max-semi-space-size=8", "--require", measure, TROCLA, "doctor"];
		const { stdout, stderr } = await run(process.execPath, args, { env: sandbox.env, cwd: sandbox.directory });
		expect(stdout).toContain(`${sandbox.audit}: ${lines} lines, none changed or missing`);
		return Number(stderr);
	};
	const kilobytes = { few: await check(100_000), many: await check(1_000_000) };
	expect(kilobytes.many - kilobytes.few).toBeLessThan(80 * 1024);
});

function writeChain(path: string, lines: number): void {
	const file = openSync(path, "w", 0o600);
	let prev = "0".repeat(64);
	let text = "";
	for (let n = 1; n <= lines; n++) {
		const line = JSON.stringify({ n, action: "get", key: `key${n}`, format: "plain", outcome: "stored", prev });
		prev = createHash("sha256").update(line).digest("hex");
		text += `${line}\n`;
		if (n % 1000 > 0 && n < lines) continue;
		writeSync(file, text);
		text = "";
	}
	closeSync(file);
}
