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
		const few = await makeStore(directory, "few", FEW);
		const many = await makeStore(directory, "many", MANY);
		const copy = await makeStore(directory, "copy", 0);
		const file = join(directory, "backup.age");
		const identity = join(directory, "identity");
		const recipient = makeIdentity(identity);
		const exporting = ({ config }, ...to) => [NODE, TROCLA, "export", ...to, "--to", recipient, "-c", config];
		await runProgram(exporting(many, file), env);
		const restoring = ["import", "--from", "export", "--file", file, "--identity", identity, "-c", copy.config];
		const restoringMany = [NODE, TROCLA, ...restoring];
		const migrating = ({ config }) => [NODE, TROCLA, "migrate", "--to", copy.config, "-c", config];
		const shell = (line) => ["bash", "-o", "pipefail", "-c", line];
		const dumping = shell(`sqlite3 ${many.file} .dump | age -e -r ${recipient} > ${file}.sql`);
		const loading = shell(`age -d -i ${identity} ${file}.sql | sqlite3 ${copy.file}`);
		const copying = shell(`sqlite3 ${many.file} .dump | sqlite3 ${copy.file}`);

		/** Each into a store that is not there yet. */
		const afresh = (measure) => (args) => async () => {
			for (const suffix of ["", "-wal", "-shm"]) rmSync(`${copy.file}${suffix}`, { force: true });
			return await measure(args, env);
		};
		const times = (rounds, ...programs) => byTurns(rounds, programs.map(afresh(runProgram)), 0);
		const peaks = (...programs) => byTurns(1, programs.map(afresh(peakRss)), 0);
		const against = (what, reference, [measured, other], unit) => row(what, reference, measured, other, unit);
		return [
			against("export of 100,000 keys", "sqlite3 .dump to age", await times(ROUNDS, exporting(many), dumping)),
			against("restoring 100,000 keys", "age to sqlite3", await times(1, restoringMany, loading)),
			against("migration of 100,000 keys, compared", ".dump to sqlite3", await times(1, migrating(many), copying)),
			against("its peak memory", "of 1,000 keys", await peaks(migrating(many), migrating(few)), "MiB"),
			against("peak memory of the export", "of 1,000 keys", await peaks(exporting(many), exporting(few)), "MiB"),
			against("peak memory of restoring", "export of 1,000", await peaks(restoringMany, exporting(few)), "MiB"),
		];
	});
}

/** A store of so many keys and its configuration; of none, only the place for one. */
async function makeStore(directory, name, count) {
	const file = join(directory, name, "trocla.sqlite");
	const config = join(directory, `${name}.yaml`);
	mkdirSync(join(directory, name), { mode: 0o700 });
	writeFileSync(config, `store_options:\n  path: ${file}\n`, { mode: 0o600 });
	if (count > 0) await fillStore(file, count);
	return { file, config };
}

/** Makes an age identity and gives its recipient. */
function makeIdentity(file) {
	execFileSync("age-keygen", ["-o", file], { stdio: "ignore" });
	return execFileSync("age-keygen", ["-y", file], { encoding: "utf8" }).trim();
}
