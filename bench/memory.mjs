// Whether a search through very many keys stays small, and how long it takes beside SQLite's own shell.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillStore } from "./keys.mjs";
import { byTurns, inSandbox, NODE, peakRss, row, runProgram, TROCLA } from "./measure.mjs";

const ROUNDS = 3;
const FEW = 1000;
const MANY = 1_000_000;

export async function run() {
	return await inSandbox(async ({ directory, env }) => {
		const stores = [];
		for (const count of [FEW, MANY]) {
			const file = join(directory, String(count), "trocla.sqlite");
			const config = join(directory, `${count}.yaml`);
			mkdirSync(join(directory, String(count)), { mode: 0o700 });
			writeFileSync(config, `store_options:\n  path: ${file}\n`, { mode: 0o600 });
			await fillStore(file, count);
			stores.push({ file, search: [NODE, TROCLA, "search", ".", "-c", config] });
		}
		const [few, many] = stores;
		const [small, large] = await byTurns(ROUNDS, [() => peakRss(few.search, env), () => peakRss(many.search, env)], 0);
		const [search, select] = await byTurns(
			ROUNDS,
			[
				() => runProgram(many.search, env),
				() => runProgram(["sqlite3", many.file, "SELECT key FROM keyv ORDER BY key"], env),
			],
			0,
		);
		return [
			row("peak memory of a search of 1,000,000 keys", "of 1,000 keys", large, small, "MiB"),
			row("time of a search of 1,000,000 keys", "sqlite3, SELECT key", search, select),
		];
	});
}
