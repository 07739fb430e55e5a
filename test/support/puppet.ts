import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isArray, isHash, Sensitive, type Value } from "../../src/hiera/value.js";

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
	readonly lookups: readonly PuppetLookup[];
}

/** What Puppet gives, its types marked as `mark` does it; or its error's message. */
export type PuppetAnswer = { readonly value: unknown } | { readonly error: string };

/** Puppet's library in a process of Ruby's, which answers one question after the other. */
export class Puppet {
	readonly #process: ChildProcess;
	readonly #home: string;
	readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

	constructor() {
		this.#home = mkdtempSync(join(tmpdir(), "trocla-puppet-"));
		const script = join(import.meta.dirname, "puppet.rb");
		this.#process = spawn("ruby", [script, this.#home], { stdio: ["pipe", "pipe", "ignore"] });
		const { stdout } = this.#process;
		if (!stdout) throw new Error("Ruby was started without a pipe");
		createInterface(stdout).on("line", (line) => this.#waiting.shift()?.resolve(line));
		this.#process.on("exit", (code) => {
			for (const { reject } of this.#waiting) reject(new Error(`Ruby ended with ${code}`));
		});
	}

	async ask(question: PuppetQuestion | { readonly yaml: string } | { readonly json: string }): Promise<PuppetAnswer[]> {
		const line = await new Promise<string>((resolve, reject) => {
			this.#waiting.push({ resolve, reject });
			this.#process.stdin?.write(`${JSON.stringify(question)}\n`);
		});
		return JSON.parse(line);
	}

	async stop(): Promise<void> {
		const ended = new Promise((resolve) => this.#process.on("exit", resolve));
		this.#process.stdin?.end();
		await ended;
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
