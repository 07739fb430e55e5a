import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isArray, isHash, Sensitive, type Value } from "../../src/hiera/value.js";
import { pathOf } from "./peers.js";

/** A lookup as Puppet's function takes it. */
export interface PuppetLookup {
	readonly keys: readonly string[];
	readonly merge?: unknown;
	readonly default?: unknown;
	readonly type?: string;
}

export interface PuppetQuestion {
	readonly config: string;
	readonly node: string;
	readonly facts?: object;
	readonly environment?: string;
	/** The directory of environments that have a `hiera.yaml` of their own. */
	readonly environmentpath?: string;
	readonly lookups: readonly PuppetLookup[];
}

/** What Puppet gives, its types marked as `mark` does it; or its error's message. */
export type PuppetAnswer = { readonly value: unknown } | { readonly error: string };

/** Puppet's library in a process of Ruby's, which answers one question after the other. */
export class Puppet {
	readonly #process: ChildProcess;
	readonly #home: string;
	readonly #waiting: ((line: string) => void)[] = [];
	readonly #ended: Promise<never>;
	#errors = "";

	constructor() {
		this.#home = mkdtempSync(join(tmpdir(), "trocla-puppet-"));
		const script = join(import.meta.dirname, "puppet.rb");
		this.#process = spawn(pathOf("ruby"), [script, this.#home], { stdio: "pipe" });
		const { stdout, stderr } = this.#process;
		if (!stdout || !stderr) throw new Error("Ruby was started without pipes");
		createInterface(stdout).on("line", (line) => this.#waiting.shift()?.(line));
		stderr.on("data", (text) => {
			this.#errors += text;
		});
		this.#process.stdin?.on("error", () => {});
		this.#ended = once(this.#process, "close").then(([code]) => {
			throw new Error(`Ruby ended with ${code}: ${this.#errors}`);
		});
		this.#ended.catch(() => {});
	}

	async ask(question: PuppetQuestion | { readonly yaml: string } | { readonly json: string }): Promise<PuppetAnswer[]> {
		const line = new Promise<string>((resolve) => {
			this.#waiting.push(resolve);
		});
		this.#process.stdin?.write(`${JSON.stringify(question)}\n`);
		return JSON.parse(await Promise.race([line, this.#ended]));
	}

	async stop(): Promise<void> {
		this.#process.stdin?.end();
		await this.#ended.catch(() => {});
		rmSync(this.#home, { recursive: true, force: true });
	}
}

/** A value with its types marked, as test/support/puppet.rb does it. */
export function mark(value: Value): unknown {
	if (typeof value === "bigint") return { i: String(value) };
	if (typeof value === "number") return { f: Number.isNaN(value) ? "nan" : bits(value) };
	if (isArray(value)) return { a: value.map(mark) };
	if (isHash(value)) return { h: [...value].map(([key, member]) => [mark(key), mark(member)]) };
	return value instanceof Sensitive ? { sensitive: mark(value.unwrap()) } : value;
}

function bits(value: number): string {
	const buffer = Buffer.alloc(8);
	buffer.writeDoubleBE(value);
	return buffer.toString("hex");
}
