// The embedded store, for comparison: it needs no server.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openTrocla } from "../../dist/library/index.mjs";
import { keyRow, openDatabase } from "../keys.mjs";

const PAGE = 1000;

export async function start(directory) {
	const path = join(directory, "sqlite/trocla.sqlite");
	mkdirSync(join(directory, "sqlite"), { mode: 0o700 });
	const config = { store_options: { path } };
	const trocla = await openTrocla({ config });
	await trocla.get("alice", "plain");
	await trocla.close();
	const database = await openDatabase(path);
	await database.exec("PRAGMA synchronous=FULL");
	return {
		name: "SQLite",
		many: 1_000_000,
		config,
		select: (key) => database.all("SELECT value FROM keyv WHERE key = ?", `trocla:${key}`),
		insert: (key) => database.run("INSERT INTO keyv VALUES (?, ?) ON CONFLICT DO NOTHING", keyRow(key, "x")),
		fill: (count) =>
			database.run(
				`WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < ? - 1)
				INSERT INTO keyv SELECT printf('trocla:user_%07d', n), ? FROM number WHERE true ON CONFLICT DO NOTHING`,
				[count, keyRow("", "password")[1]],
			),
		async all() {
			let last = "";
			for (;;) {
				const rows = await database.all("SELECT key, value FROM keyv WHERE key > ? ORDER BY key LIMIT ?", [last, PAGE]);
				if (rows.length === 0) return;
				last = rows.at(-1).key;
			}
		},
		stop: () => database.close(),
	};
}
