import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Line, parse } from "../support/audit.js";
import { missing, pathOf } from "../support/peers.js";
import { cleanUp, run, Sandbox, TROCLA } from "../support/sandbox.js";

/** A sandbox with an audit that logrotate rotates. */
class RotatedSandbox extends Sandbox {
	constructor(directives: string) {
		super();
		this.configure({ store_options: { path: this.store }, audit: { file: this.path("log/audit.jsonl") } });
		mkdirSync(this.path("log"), { mode: 0o700 });
		writeFileSync(this.path("rotate.conf"), `${this.path("log")}/*.jsonl {\n\trotate 1000\n\t${directives}\n}\n`);
		chmodSync(this.path("rotate.conf"), 0o600);
	}

	async rotate(): Promise<void> {
		const args = ["--force", "--state", this.path("state"), this.path("rotate.conf")];
		const { code, stderr } = await run(pathOf("logrotate"), args, { env: this.env });
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	}

	/** Processes that make passwords until they are stopped, each key of which they print when they have it. */
	writers(count: number): { stop(): Promise<string[]> } {
		const library = TROCLA.replace("cli/trocla.js", "library/index.js");
		const program = `
			const { openTrocla } = require(${JSON.stringify(library)});
			let stopped = false;
			process.stdin.on("end", () => { stopped = true; }).resume();
			openTrocla({ warn: (message) => console.error(message) }).then(async (trocla) => {
				for (let i = 0; !stopped; i++) {
					await trocla.get(process.argv[1] + "-" + i, "plain");
					console.log(process.argv[1] + "-" + i);
				}
				await trocla.close();
			});`;
		const started = Array.from({ length: count }, (_, i) => {
			const child = spawn(process.execPath, ["-e", program, `writer${i}`], { env: this.env });
			cleanUp(() => child.kill("SIGKILL"));
			let output = "";
			for (const stream of [child.stdout, child.stderr]) {
				stream.on("data", (chunk: Buffer) => {
					output += chunk;
				});
			}
			const closed = once(child, "close");
			return async () => {
				child.stdin.end();
				await closed;
				return output.split("\n").slice(0, -1);
			};
		});
		return { stop: async () => (await Promise.all(started.map((stop) => stop()))).flat() };
	}

	/** How many bytes are in the file now. */
	get size(): number {
		return statSync(this.path("log/audit.jsonl"), { throwIfNoEntry: false })?.size ?? 0;
	}

	/** All lines, each once. */
	get lines(): Line[] {
		const files = readdirSync(this.path("log")).filter((name) => name.startsWith("audit"));
		const texts = files.map((name) => {
			const bytes = readFileSync(this.path(`log/${name}`));
			return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
		});
		const lines = new Set(texts.flatMap((text) => text.split("\n").slice(0, -1)));
		return parse([...lines, ""].join("\n"));
	}

	get files(): number {
		return readdirSync(this.path("log")).filter((name) => name.startsWith("audit")).length;
	}
}

describe.skipIf(missing("logrotate"))("logrotate", () => {
	test.each([
		["create", "create"],
		["create, compress", "create\n\tcompress"],
		["create, compress, delaycompress", "create\n\tcompress\n\tdelaycompress"],
		["create, dateext", "create\n\tdateext\n\tdateformat -%Y%m%d-%s"],
		["nocreate", "nocreate"],
		["copytruncate", "copytruncate"],
		["copytruncate, compress", "copytruncate\n\tcompress"],
	])("rotates the audit with %s, while processes write, and the chain goes on", async (_, directives) => {
		const sandbox = new RotatedSandbox(directives);
		const writers = sandbox.writers(4);
		// Seconds tell dated files apart.
		const rotations = directives.includes("%s") ? 3 : 10;
		for (let i = 1; i <= rotations; i++) {
			await expect.poll(() => sandbox.size, { timeout: 10_000, interval: 10 }).toBeGreaterThan(5000);
			const second = Math.floor(Date.now() / 1000);
			if (directives.includes("%s"))
				await expect.poll(() => Date.now() / 1000, { interval: 10 }).toBeGreaterThan(second + 1);
			await sandbox.rotate();
		}
		const keys = await writers.stop();
		const { stdout } = await sandbox.run(["doctor", "--json"]);
		const { findings }: { findings: { check: string; state: string }[] } = JSON.parse(stdout);
		expect(findings.filter(({ check }) => check === "audit")).toMatchObject([{ state: "ok" }]);
		expect(sandbox.lines.map(({ key }) => key).sort()).toEqual(keys.sort());
		expect(sandbox.files).toBeGreaterThanOrEqual(rotations);
	});

	test("takes the file that the documentation shows", async () => {
		const sandbox = new RotatedSandbox("create");
		const document = readFileSync(join(import.meta.dirname, "../../docs/audit.md"), "utf8");
		const [, shown = ""] = /```\n(\/var\/log\/trocla\/audit\.jsonl \{.*?)```/s.exec(document) ?? [];
		writeFileSync(sandbox.path("rotate.conf"), shown.replace("/var/log/trocla", sandbox.path("log")));
		for (const key of ["alice", "bob", "carol"]) {
			expect(await sandbox.run(["get", key, "plain"])).toMatchObject({ code: 0, stderr: "" });
			await sandbox.rotate();
		}
		expect(readdirSync(sandbox.path("log")).sort()).toEqual([
			".audit.jsonl.head",
			"audit.jsonl",
			"audit.jsonl.1",
			"audit.jsonl.2.gz",
			"audit.jsonl.3.gz",
		]);
		expect(await sandbox.run(["doctor"])).toMatchObject({ code: 0 });
	});

	test("leaves an audit that only its owner can read, and a chain when it removes the oldest files", async () => {
		const sandbox = new RotatedSandbox("rotate 2\n\tcreate");
		for (let i = 1; i <= 4; i++) {
			expect(await sandbox.run(["get", `key${i}`, "plain"])).toMatchObject({ code: 0, stderr: "" });
			await sandbox.rotate();
		}
		expect((await run("stat", ["-c", "%a", sandbox.path("log/audit.jsonl")])).stdout).toBe("600\n");
		expect(await sandbox.run(["doctor"])).toMatchObject({
			code: 0,
			stdout: expect.stringContaining("the last is 4"),
		});
	});
});
