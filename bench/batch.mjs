// What thousands of keys in one run cost, beside libcrypt alone on the same cores and SQLite's own shell.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillStore, keyName } from "./keys.mjs";
import { byTurns, inSandbox, NODE, row, runProgram, TROCLA } from "./measure.mjs";

const ROUNDS = 3;
const HASHES = 10_000;
const KEYS = 100_000;
const MANY = 1_000_000;
const LIBCRYPT = fileURLToPath(new URL("libcrypt.c", import.meta.url));

export async function run() {
	return await inSandbox(async ({ directory, config, store, env }) => {
		const libcrypt = join(directory, "libcrypt");
		execFileSync("cc", ["-O2", "-o", libcrypt, LIBCRYPT, "-lcrypt", "-lpthread"]);
		const lines = (name, count, line) => {
			const file = join(directory, name);
			writeFileSync(file, Array.from({ length: count }, (_, n) => `${line(n)}\n`).join(""));
			return file;
		};
		const hashes = lines("hashes", HASHES, (n) => `${keyName(n)} sha512crypt`);
		const plains = lines("plains", KEYS, (n) => `${keyName(n)} plain`);
		const few = lines("few", 1000, (n) => `${keyName(n)} plain`);
		const many = lines("many", MANY, (n) => `${keyName(n)} plain`);
		const selects = lines("selects", KEYS, (n) => `SELECT value FROM keyv WHERE key = 'trocla:${keyName(n)}';`);
		const empty = () => {
			for (const suffix of ["", "-wal", "-shm"]) rmSync(`${store}${suffix}`, { force: true });
		};
		const batch = (input) => runProgram([NODE, TROCLA, "get", "--batch", "-c", config], env, {}, openSync(input, "r"));
		const [made, alone] = await byTurns(
			ROUNDS,
			[
				() => empty() ?? batch(hashes),
				() => runProgram([libcrypt, `${HASHES}`, `${availableParallelism()}`, "$6$"], env),
			],
			0,
		);
		const create = await byTurns(ROUNDS, [() => empty() ?? batch(plains)], 0);
		empty();
		await fillStore(store, KEYS);
		const [cached, shell] = await byTurns(ROUNDS, [
			() => batch(plains),
			() => runProgram(["sqlite3", store], env, {}, openSync(selects, "r")),
		]);
		empty();
		await fillStore(store, MANY);
		const [small, large] = [await peakRss(few, config, env), await peakRss(many, config, env)];
		return [
			row("10,000 new sha512crypt keys in a batch", "libcrypt alone, on the same cores", made, alone),
			row("100,000 new plain keys in a batch", "as many cached gets", create[0], cached),
			row("100,000 cached gets in a batch", "sqlite3, as many SELECTs", cached, shell),
			row("peak memory of a batch of 1,000,000 lines", "of 1,000 lines", large, small, "MiB"),
		];
	});
}

/** The most memory that a batch had at a time, in MiB: /proc/PID/status, VmHWM. Its output is read as it comes. */
async function peakRss(input, config, env) {
	const stdio = [openSync(input, "r"), "pipe", "inherit"];
	const child = spawn(NODE, [TROCLA, "get", "--batch", "-c", config], { env, stdio });
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
