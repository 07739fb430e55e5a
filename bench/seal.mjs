// What sealing adds: to a command, to a call of the library, and to looking at every record.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTrocla } from "../dist/library/index.mjs";
import { fillStore } from "./keys.mjs";
import { byTurns, inSandbox, NODE, row, runProgram, TROCLA, time } from "./measure.mjs";

const STARTS = 60;
const ROUNDS = 15;
const GETS = 400;
const SETS = 60;
const MANY = 200_000;
const SCANS = 3;

export async function run() {
	return await inSandbox(async ({ directory, env }) => {
		const site = async (name, keys) => {
			mkdirSync(join(directory, name), { mode: 0o700 });
			const file = join(directory, `${name}.yaml`);
			writeFileSync(file, `store_options:\n  path: ${name}/trocla.sqlite\n`, { mode: 0o600 });
			await fillStore(join(directory, name, "trocla.sqlite"), keys);
			return file;
		};
		const trocla = (config, ...args) => runProgram([NODE, TROCLA, ...args, "-c", config], env);
		const seal = (config) => trocla(config, "init", "--sealed", "--key-file", `${config}.keys`);
		const [plain, sealed, many] = [await site("plain", 1), await site("sealed", 1), await site("many", MANY)];
		await seal(sealed);

		// Each with a code cache of its own: what the first get runs is what it holds.
		const get = (config) => {
			const own = { ...env, XDG_CACHE_HOME: `${config}.cache` };
			return () => runProgram([NODE, TROCLA, "get", "user_0000000", "plain", "-c", config], own);
		};
		const [plainStart, sealedStart] = await byTurns(STARTS, [get(plain), get(sealed)]);
		const calls = await libraryCalls(plain, sealed);

		// Sealing changes the store, so a second one of as many keys is left as it is.
		const unsealed = await site("unsealed", MANY);
		const sealing = await seal(many);
		const [plainScan, sealedScan] = await byTurns(
			SCANS,
			[unsealed, many].map((config) => () => trocla(config, "search", "^user_")),
			1,
		);
		const rekeying = await trocla(many, "rekey");
		return [
			row("cached get of a sealed record, a command", "not sealed", sealedStart, plainStart),
			row("cached get, in the library", "not sealed", calls.sealedGet / GETS, calls.plainGet / GETS),
			row("set of a plaintext, in the library", "not sealed", calls.sealedSet / SETS, calls.plainSet / SETS),
			row("search of 200,000 sealed keys", "not sealed", sealedScan, plainScan),
			row("init --sealed of 200,000 keys", "one search of them", sealing, plainScan),
			row("rekey of 200,000 keys", "one search of them", rekeying, plainScan),
		];
	});
}

async function libraryCalls(plainConfig, sealedConfig) {
	const [plain, sealed] = [await openTrocla({ config: plainConfig }), await openTrocla({ config: sealedConfig })];
	const gets = (trocla) => () => each(GETS, () => trocla.get("user_0000000", "plain"));
	const sets = (trocla) => (round) =>
		each(SETS, (n) => trocla.set(`new_${n}`, "plain", `a password of round ${round}`));
	const [plainGet, sealedGet, plainSet, sealedSet] = await byTurns(ROUNDS, [
		gets(plain),
		gets(sealed),
		sets(plain),
		sets(sealed),
	]);
	await plain.close();
	await sealed.close();
	return { plainGet, sealedGet, plainSet, sealedSet };
}

/** Times `count` calls, one after the other. */
async function each(count, call) {
	return await time(async () => {
		for (let n = 0; n < count; n++) await call(n);
	});
}
