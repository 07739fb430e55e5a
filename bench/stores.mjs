// What trocla adds to each server that keeps its records, and how many commands one machine serves with it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTrocla } from "../dist/library/index.mjs";
import { byTurns, inSandbox, NODE, peakRss, row, runProgram, TROCLA, time } from "./measure.mjs";
import { eachAtOnce } from "./stores/http.mjs";

const STORES = ["sqlite", "postgres", "mysql", "redis", "etcd", "vault"];
const ROUNDS = 7;
const GETS = 100;
const CREATES = 40;
const IN_FLIGHT = 64;
const FEW = 1000;
const COMMANDS = 32;
const PROCESSES = [1, 4, 16];

/** @param wanted - some of the stores, by their names in a configuration; all unless told */
export async function run(wanted = STORES) {
	const rows = [];
	for (const name of wanted) {
		const { start } = await import(`./stores/${name}.mjs`);
		await inSandbox(async ({ directory, env }) => {
			const store = await start(directory);
			try {
				const config = join(directory, `${name}.yaml`);
				writeFileSync(config, JSON.stringify(store.config), { mode: 0o600 });
				const measured = [await calls(store), await commands(config, env), await searches(store, config, env)].flat();
				rows.push(...measured.map((measured) => ({ ...measured, what: `${store.name}: ${measured.what}` })));
			} finally {
				await store.stop();
			}
		});
	}
	return rows;
}

/** Calls of the library beside the bare driver's, which asks the server the same. */
async function calls({ config, select, insert }) {
	const trocla = await openTrocla({ config });
	await trocla.get("alice", "plain");
	const each = (count, call) => time(() => eachAtOnce(count, 1, call));
	const together = (call) => time(() => eachAtOnce(4 * IN_FLIGHT, IN_FLIGHT, call));
	const [gets, selects, creates, inserts, getsAtOnce, selectsAtOnce, createsAtOnce, insertsAtOnce] = await byTurns(
		ROUNDS,
		[
			() => each(GETS, () => trocla.get("alice", "plain")),
			() => each(GETS, () => select("alice")),
			(round) => each(CREATES, (n) => trocla.get(`new_${round}_${n}`, "plain")),
			(round) => each(CREATES, (n) => select(`bare_${round}_${n}`).then(() => insert(`bare_${round}_${n}`))),
			() => together(() => trocla.get("alice", "plain")),
			() => together(() => select("alice")),
			(round) => together((n) => trocla.get(`many_${round}_${n}`, "plain")),
			(round) => together((n) => select(`bares_${round}_${n}`).then(() => insert(`bares_${round}_${n}`))),
		],
	);
	await trocla.close();
	return [
		row("stored get", "bare driver, reading", gets / GETS, selects / GETS),
		row("new plaintext", "bare driver, reading and creating", creates / CREATES, inserts / CREATES),
		row("stored get, 64 in flight", "bare driver, reading", getsAtOnce / 4 / IN_FLIGHT, selectsAtOnce / 4 / IN_FLIGHT),
		row(
			"new plaintext, 64 in flight",
			"bare driver, reading and creating",
			createsAtOnce / 4 / IN_FLIGHT,
			insertsAtOnce / 4 / IN_FLIGHT,
		),
	];
}

/** How many commands a second so many processes get through, beside those of Node that do nothing. */
async function commands(config, env) {
	const rows = [];
	for (const processes of PROCESSES) {
		const all = (program) => time(() => eachAtOnce(COMMANDS, processes, () => runProgram(program, env)));
		const [gets, starts] = await byTurns(
			1,
			[() => all([NODE, TROCLA, "get", "alice", "plain", "-c", config]), () => all([NODE, "-e", "0"])],
			0,
		);
		const perSecond = (taken) => `${((COMMANDS * 1000) / taken).toFixed(0)}`;
		rows.push({
			...row(`commands, ${processes} at once`, "node -e 0", gets, starts),
			figures: `${perSecond(gets)} / ${perSecond(starts)} a second`,
		});
	}
	return rows;
}

/** A search through very many keys: its time beside the bare driver's, its memory beside that through few. */
async function searches({ fill, all, many }, config, env) {
	const search = [NODE, TROCLA, "search", ".", "-c", config];
	await fill(FEW);
	const small = await peakRss(search, env);
	await fill(many);
	const large = await peakRss(search, env);
	const [searching, reading] = await byTurns(1, [() => runProgram(search, env), () => time(all)], 0);
	const keys = `${many.toLocaleString("en")} keys`;
	return [
		row(`search of ${keys}`, "bare driver, reading all", searching, reading),
		row(`peak memory of a search of ${keys}`, "of 1,000 keys", large, small, "MiB"),
	];
}
