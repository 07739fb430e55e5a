// What an audit adds to a new password, whose line is on the disk before the value is returned.
import { join } from "node:path";
import { openTrocla } from "../dist/library/index.mjs";
import { byTurns, inSandbox, row, time } from "./measure.mjs";

const ROUNDS = 300;
const AT_ONCE = 1000;

export async function run() {
	return await inSandbox(async ({ directory }) => {
		const open = (name, more) =>
			openTrocla({ config: { store_options: { path: join(directory, name, "trocla.sqlite") }, ...more } });
		const stores = [
			await open("audited", { audit: { file: join(directory, "log/audit.jsonl") } }),
			await open("plain"),
		];
		const keys = Array.from({ length: AT_ONCE }, (_, i) => i);
		const [one, onePlain] = await byTurns(
			ROUNDS,
			stores.map((store) => (round) => time(() => store.get(`one${round}`, "plain"))),
		);
		const [many, manyPlain] = await byTurns(
			3,
			stores.map((store) => (round) => time(() => Promise.all(keys.map((i) => store.get(`${round}-${i}`, "plain"))))),
			1,
		);
		for (const store of stores) await store.close();
		return [
			row("new password, audited", "not audited", one, onePlain),
			row(`${AT_ONCE} new passwords at once, audited`, "not audited", many, manyPlain),
		];
	});
}
