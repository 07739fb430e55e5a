import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import type { Sandbox } from "../sandbox.js";
import type { Answer, Operation } from "./operation.js";

const WORKER = join(import.meta.dirname, "worker.ts");
const LIBRARY = join(import.meta.dirname, "../../../dist/library/index.mjs");

/** What happens on a few keys of a store while processes ask all kinds of things of it. */
export class Recording {
	/** What calls of unknown outcome said. */
	readonly complaints: string[] = [];
	readonly #operations = new Map<number, Operation>();
	readonly #workers = new Set<Worker>();
	readonly #settings: RecordingSettings;
	readonly #program: string;
	#started = 0;

	constructor(settings: RecordingSettings) {
		this.#settings = settings;
		this.#program = settings.sandbox.path("worker.mjs");
		writeFileSync(this.#program, transformSync(readFileSync(WORKER, "utf8"), { loader: "ts", format: "esm" }).code);
		for (let n = 0; n < settings.processes; n++) this.#start(settings.rest);
	}

	/** So many calls have come to an end so far. */
	get ended(): number {
		return [...this.#operations.values()].filter(({ to }) => to !== undefined).length;
	}

	/** Kills one process, and starts another in its place. */
	async kill(): Promise<void> {
		const [victim] = this.#workers;
		victim?.child.kill("SIGKILL");
		await victim?.closed;
		this.#start(this.#settings.rest);
	}

	/**
	 * Lets the processes end, and then another one read what is stored.
	 *
	 * @throws {Error} where one ended otherwise than it should
	 */
	async end(): Promise<Operation[]> {
		await Promise.all([...this.#workers].map((worker) => worker.end()));
		await this.#start(0).end();
		return [...this.#operations.values()];
	}

	#start(rest: number): Worker {
		const { sandbox, config, keys } = this.#settings;
		const args = [LIBRARY, config, String(++this.#started), keys.join(","), String(rest)];
		const child = spawn(process.execPath, [this.#program, ...args], { env: sandbox.env });
		const worker = new Worker(child, (line) => this.#hear(line));
		this.#workers.add(worker);
		void worker.closed.then(() => this.#workers.delete(worker));
		return worker;
	}

	#hear(line: string): void {
		const { id, from, to, answer, message, ...rest } = JSON.parse(line) as Line;
		const begun = this.#operations.get(id);
		if (!begun) {
			this.#operations.set(id, { id, ...rest, answer: "unknown", from: BigInt(from ?? 0), to: undefined });
			return;
		}
		if (answer === "unknown") this.complaints.push(message ?? "");
		else if (answer) this.#operations.set(id, { ...begun, answer, to: BigInt(to ?? 0) });
	}
}

export interface RecordingSettings {
	readonly sandbox: Sandbox;
	/** The path of the configuration. */
	readonly config: string;
	readonly keys: readonly string[];
	readonly processes: number;
	/** How many milliseconds a process rests between two calls, on average. */
	readonly rest: number;
}

/** A line of a process that begins a call, or ends it. */
type Line = Omit<Operation, "answer" | "from" | "to"> & {
	readonly from?: string;
	readonly to?: string;
	readonly answer?: Answer;
	readonly message?: string;
};

class Worker {
	readonly child: ChildProcess;
	readonly closed: Promise<unknown>;
	#errors = "";

	constructor(child: ChildProcess, hear: (line: string) => void) {
		this.child = child;
		this.closed = once(child, "close");
		let output = "";
		child.stdout?.on("data", (chunk: Buffer) => {
			const lines = (output + chunk).split("\n");
			output = lines.pop() ?? "";
			lines.forEach(hear);
		});
		child.stderr?.on("data", (chunk: Buffer) => {
			this.#errors += chunk;
		});
	}

	async end(): Promise<void> {
		this.child.stdin?.end();
		await this.closed;
		if (this.child.exitCode !== 0) throw new Error(`a process of the history ended: ${this.#errors}`);
	}
}
