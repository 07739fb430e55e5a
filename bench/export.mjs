// Exporting and restoring 100,000 keys, in time and memory, beside SQLite's own dump through age, and migrating them.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillStore } from "./keys.mjs";
import { byTurns, inSandbox, NODE, peakRss, row, runProgram, TROCLA } from "./measure.mjs";

const ROUNDS = 3;
const FEW = 1000;
const MANY = 100_000;

export async function run() {
	return await inSandbox(async ({ directory, env }) => {
		const store = async (name, count) => {
			const file = join(directory, name, "trocla.sqlite");
			const config = join(directory, `${name}.yaml`);
			mkdirSync(join(directory, name), { mode: 0o700 });
			writeFileSync(config, `store_options:\n  path: ${file}\n`, { mode: 0o600 });
			if (count > 0) await fillStore(file, count);
			return { file, config };
		};
		const few = await store("few", FEW);
		const many = await store("many", MANY);
		const copy = await store("copy", 0);
		const file = join(directory, "backup.age");
		const identity = join(directory, "identity");
		const recipient = makeIdentity(identity);
		const exporting = ({ config }) => [NODE, TROCLA, "export", "--to", recipient, "-c", config];
		const restoring = ["import", "--from", "export", "--file", file, "--identity", identity, "-c", copy.config];
		const migrating = ({ config }) => [NODE, TROCLA, "migrate", "--to", copy.config, "-c", config];
		const afresh = async (measure) => {
			for (const suffix of ["", "-wal", "-shm"]) rmSync(`${copy.file}${suffix}`, { force: true });
			return await measure();
		};
		const shell = (line) => ["bash", "-o", "pipefail", "-c", line];
		const dump = `sqlite3 ${many.file} .dump | age -e -r ${recipient} > ${file}.sql`;
		const load = `age -d -i ${identity} ${file}.sql | sqlite3 ${copy.file}`;
		const copyAll = `sqlite3 ${many.file} .dump | sqlite3 ${copy.file}`;
		const time = (args) => () => afresh(() => runProgram(args, env));
		await runProgram([...exporting(many).toSpliced(3, 0, file)], env);
		const [exported, dumped] = await byTurns(ROUNDS, [time(exporting(many)), time(shell(dump))], 1);
		const [restored, loaded] = await byTurns(1, [time([NODE, TROCLA, ...restoring]), time(shell(load))], 0);
		const [migrated, copied] = await byTurns(1, [time(migrating(many)), time(shell(copyAll))], 0);
		const memory = (args) => () => afresh(() => peakRss(args, env));
		const [exportMany, exportFew] = await byTurns(ROUNDS, [memory(exporting(many)), memory(exporting(few))], 0);
		const [restoreMany] = await byTurns(1, [memory([NODE, TROCLA, ...restoring])], 0);
		const [migrateMany, migrateFew] = await byTurns(1, [memory(migrating(many)), memory(migrating(few))], 0);
		return [
			row("time of an export of 100,000 keys", "sqlite3 .dump to age", exported, dumped),
			row("time of restoring 100,000 keys", "age to sqlite3", restored, loaded),
			row("peak memory of an export of 100,000 keys", "of 1,000 keys", exportMany, exportFew, "MiB"),
			row("time of a migration of 100,000 keys, compared", "sqlite3 .dump to sqlite3", migrated, copied),
			row("peak memory of restoring 100,000 keys", "an export of 1,000", restoreMany, exportFew, "MiB"),
			row("peak memory of a migration of 100,000 keys", "of 1,000 keys", migrateMany, migrateFew, "MiB"),
		];
	});
}

/** Makes an age identity and gives its recipient. */
function makeIdentity(file) {
	execFileSync("age-keygen", ["-o", file], { stdio: "ignore" });
	return execFileSync("age-keygen", ["-y", file], { encoding: "utf8" }).trim();
}
