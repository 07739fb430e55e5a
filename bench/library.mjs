// What the library adds to the database's own work, in one process.
import { join } from "node:path";
import { openTrocla } from "../dist/library/index.mjs";
import { keyRow, openDatabase } from "./keys.mjs";
import { byTurns, inSandbox, row, time } from "./measure.mjs";

const ROUNDS = 15;
const GETS = 400;
const CREATES = 60;
const HASHES = 20;
const IN_FLIGHT = 64;

export async function run() {
	return await inSandbox(async ({ directory, store }) => {
		const trocla = await openTrocla({ config: { store_options: { path: store } } });
		const bare = await openDatabase(join(directory, "bare.sqlite"));
		await bare.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
		await bare.exec("CREATE TABLE keyv(key VARCHAR(255) PRIMARY KEY, value TEXT )");
		await bare.run("INSERT INTO keyv VALUES (?, ?)", keyRow("alice", "a password"));
		await trocla.get("alice", "plain");

		const select = () => bare.all("SELECT value FROM keyv WHERE key = ?", "trocla:alice");
		const insert = (key) => bare.run("INSERT INTO keyv VALUES (?, ?)", keyRow(key, "a password"));
		const [gets, selects, creates, inserts, hashes, together] = await byTurns(ROUNDS, [
			() => each(GETS, () => trocla.get("alice", "plain")),
			() => each(GETS, select),
			(round) => each(CREATES, (n) => trocla.get(`plain_${round}_${n}`, "plain")),
			(round) => each(CREATES, (n) => insert(`plain_${round}_${n}`)),
			(round) => each(HASHES, (n) => trocla.get(`hash_${round}_${n}`, "sha512crypt")),
			() => time(() => Promise.all(Array.from({ length: IN_FLIGHT }, () => trocla.get("alice", "plain")))),
		]);
		await trocla.close();
		await bare.close();
		return [
			row("cached get", "bare SELECT", gets / GETS, selects / GETS),
			row("create of a plaintext", "bare INSERT, synced", creates / CREATES, inserts / CREATES),
			row("create of a sha512crypt", "create of a plaintext", hashes / HASHES, creates / CREATES),
			row("64 gets in flight", "64 one after the other", together, (gets / GETS) * IN_FLIGHT),
		];
	});
}

/** Times `count` calls, one after the other. */
async function each(count, call) {
	return await time(async () => {
		for (let n = 0; n < count; n++) await call(n);
	});
}
