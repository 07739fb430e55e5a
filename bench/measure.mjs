// What every comparison stands on: programs and functions run by turns, and the medians of their times.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const NODE = process.execPath;
export const TROCLA = fileURLToPath(new URL("../dist/cli/trocla.js", import.meta.url));

// Node's own "ignore" opens it for reading too, which trocla takes for a closed standard output.
const SINK = openSync("/dev/null", "w");

/** A directory with a home and a configuration, for as long as `use` takes. */
export async function inSandbox(use) {
	const directory = mkdtempSync(join(tmpdir(), "trocla-bench-"));
	try {
		const home = join(directory, "home");
		const config = join(directory, "troclarc.yaml");
		const store = join(directory, "store/trocla.sqlite");
		mkdirSync(home, { mode: 0o700 });
		mkdirSync(join(directory, "store"), { mode: 0o700 });
		writeFileSync(config, `store_options:\n  path: ${store}\n`, { mode: 0o600 });
		// Nothing of the caller's: NODE_EXTRA_CA_CERTS alone doubles the start of any Node.
		const env = { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8" };
		return await use({ directory, config, store, env });
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

/**
 * Runs a program to its end, its output thrown away, and gives the milliseconds that took.
 *
 * @param user - `{ uid, gid }`, where it is to be another than the caller
 * @param input - what its standard input is; nothing unless told
 */
export async function runProgram([file, ...args], env, user = {}, input = "ignore") {
	const start = process.hrtime.bigint();
	const child = spawn(file, args, { env, ...user, stdio: [input, SINK, "inherit"] });
	const [exitCode] = await once(child, "exit");
	const taken = Number(process.hrtime.bigint() - start) / 1e6;
	if (exitCode !== 0) throw new Error(`${[file, ...args].join(" ")} exited with ${exitCode}`);
	return taken;
}

/**
 * The most memory that a program had at a time, in MiB: /proc/PID/status, VmHWM. It is looked at when the program prints
 * something, so it must print at its end.
 *
 * @param input - what its standard input is; nothing unless told
 */
export async function peakRss([file, ...args], env, input = "ignore") {
	const child = spawn(file, args, { env, stdio: [input, "pipe", "inherit"] });
	let peak = 0;
	child.stdout.on("data", () => {
		try {
			const [, kib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
			peak = Math.max(peak, Number(kib ?? 0) / 1024);
		} catch {
			// It has ended, and what it wrote last is read.
		}
	});
	await once(child, "close");
	return peak;
}

/**
 * Times each subject once a round, by turns, so that what else the machine does falls on all of them alike. Gives the
 * median of each, in the subjects' order.
 *
 * @param subjects - functions that take the round's number, from 0, and give, or promise, milliseconds
 * @param warmUp - rounds before the first that counts
 */
export async function byTurns(rounds, subjects, warmUp = 3) {
	const times = subjects.map(() => []);
	for (let round = 0; round < warmUp + rounds; round++) {
		for (const [index, subject] of subjects.entries()) {
			const taken = await subject(round);
			if (round >= warmUp) times[index].push(taken);
		}
	}
	return times.map(median);
}

/** Times a function, in milliseconds. */
export async function time(action) {
	const start = process.hrtime.bigint();
	await action();
	return Number(process.hrtime.bigint() - start) / 1e6;
}

/** A row of the table: how many times as long (or as large) as its reference something was. */
export function row(what, reference, measured, measuredReference, unit = "ms") {
	const figure = (value) => value.toFixed(value < 10 ? 2 : 0);
	return {
		what,
		reference,
		ratio: (measured / measuredReference).toFixed(2),
		figures: `${figure(measured)} / ${figure(measuredReference)} ${unit}`,
	};
}

export function median(values) {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)];
}
