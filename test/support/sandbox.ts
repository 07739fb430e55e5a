import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach } from "vitest";

/** What a command did. */
export interface Outcome {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** The built command, as a user runs it. */
export const TROCLA = join(import.meta.dirname, "../../dist/cli/trocla.js");

/** A directory of a test's own, with a home, a configuration and a store; removed when the test ends. */
export class Sandbox {
	readonly directory: string;
	readonly env: NodeJS.ProcessEnv;

	constructor() {
		this.directory = mkdtempSync(join(tmpdir(), "trocla-test-"));
		mkdirSync(this.path("home"), { mode: 0o700 });
		this.configure({ store_options: { path: this.store } });
		this.env = {
			PATH: process.env.PATH,
			HOME: this.path("home"),
			XDG_CACHE_HOME: CACHE,
			LANG: "C.UTF-8",
			TROCLA_CONFIG: this.path("troclarc.yaml"),
		};
		undo.push(() => rmSync(this.directory, { recursive: true, force: true }));
	}

	get store(): string {
		return this.path("store/trocla.sqlite");
	}

	path(name: string): string {
		return join(this.directory, name);
	}

	/** Writes the configuration: JSON, which is YAML too. */
	configure(config: unknown): void {
		writeFileSync(this.path("troclarc.yaml"), JSON.stringify(config), { mode: 0o600 });
	}

	/** Runs the command and waits for it; `input` is its standard input. */
	run(args: readonly string[], input?: string | Buffer): Promise<Outcome> {
		return run(process.execPath, [TROCLA, ...args], { env: this.env, cwd: this.directory }, input);
	}

	/** Runs a line of shell in which `trocla` is the command. */
	shell(line: string): Promise<Outcome> {
		const script = `trocla() { ${JSON.stringify(process.execPath)} ${JSON.stringify(TROCLA)} "$@"; }\n${line}`;
		return run("bash", ["-c", script], { env: this.env, cwd: this.directory });
	}

	/** Starts the command and gives the process. */
	start(args: readonly string[]): ChildProcess {
		return spawn(process.execPath, [TROCLA, ...args], { env: this.env, cwd: this.directory });
	}
}

const CACHE = mkdtempSync(join(tmpdir(), "trocla-test-cache-"));
afterAll(() => rmSync(CACHE, { recursive: true, force: true }));

const undo: (() => unknown)[] = [];

/** Does this when the running test has ended, the last first. */
export function cleanUp(action: () => unknown): void {
	undo.push(action);
}

afterEach(async () => {
	for (const action of undo.splice(0).reverse()) await action();
});

/** Runs a program and waits for it. */
export function run(
	file: string,
	args: readonly string[],
	options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
	input: string | Buffer = "",
): Promise<Outcome> {
	return new Promise((resolve) => {
		const child = execFile(file, args, { ...options, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
			resolve({ code: error ? (typeof error.code === "number" ? error.code : null) : 0, stdout, stderr });
		});
		child.stdin?.on("error", () => {});
		child.stdin?.end(input);
	});
}
