// Bringing 100,000 keys in from a Ruby trocla's YAML and from CSV, in time and memory.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { byTurns, inSandbox, NODE, peakRss, row, runProgram, TROCLA } from "./measure.mjs";

const ROUNDS = 3;
const FEW = 1000;
const MANY = 100_000;

export async function run() {
	return await inSandbox(async ({ directory, config, store, env }) => {
		const write = (name, keys, line, head) => {
			const path = join(directory, name);
			writeFileSync(path, head + Array.from({ length: keys }, (_, number) => line(number)).join(""));
			return path;
		};
		const yaml = (name, keys) => write(name, keys, (number) => `key${number}:\n  plain: pw${number}\n`, "---\n");
		const many = yaml("many.yaml", MANY);
		const few = yaml("few.yaml", FEW);
		const csv = write("many.csv", MANY, (number) => `key${number},plain,pw${number}\n`, "key,format,value\n");
		const importing = (from, file) => [NODE, TROCLA, "import", "--json", "--from", from, "--file", file, "-c", config];
		const database = join(directory, "bare.sqlite");
		const loading = ["sqlite3", database, ".mode csv", `.import ${csv} secrets`];
		const reading = ["ruby", "-e", `require "yaml"; YAML.load_file("${many}")`];

		/** Each into a store that is not there yet. */
		const afresh = (measure) => (args) => async () => {
			for (const file of [store, `${store}-wal`, `${store}-shm`, database]) rmSync(file, { force: true });
			return await measure(args, env);
		};
		const compare = async (what, reference, programs, measure = runProgram, unit = "ms") => {
			const [measured, other] = await byTurns(measure === runProgram ? ROUNDS : 1, programs.map(afresh(measure)), 0);
			return row(what, reference, measured, other, unit);
		};
		const ruby = importing("ruby", many);
		return [
			await compare("100,000 keys of a Ruby trocla's YAML", "ruby, YAML.load_file", [ruby, reading]),
			await compare("100,000 keys of a CSV file", "sqlite3 .import", [importing("csv", csv), loading]),
			await compare("peak memory, of YAML", "of 1,000 keys", [ruby, importing("ruby", few)], peakRss, "MiB"),
		];
	});
}
