// MariaDB as Debian sets it up, which syncs every commit.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { keyRow } from "../keys.mjs";
import { freePort, programPath, startServer } from "./place.mjs";

const PAGE = 1000;
const SOCKET = "mariadb.sock";

export async function start() {
	const port = await freePort();
	const prepare = (path) => {
		const own = ["--no-defaults", `--datadir=${join(path, "data")}`];
		if (process.getuid() === 0) own.push("--user=root");
		const install = [...own, "--auth-root-authentication-method=normal", "--skip-test-db"];
		execFileSync(programPath("mariadb-install-db"), install, { cwd: path, stdio: "pipe" });
		const places = [`--socket=${join(path, SOCKET)}`, "--bind-address=127.0.0.1", `--port=${port}`];
		return [programPath("mariadbd"), ...own, ...places, "--skip-name-resolve"];
	};
	const server = await startServer(prepare, /ready for connections/);
	const administrator = await mysql.createConnection({ socketPath: join(server.path, SOCKET), user: "root" });
	await administrator.query("CREATE DATABASE trocla CHARACTER SET utf8mb4");
	await administrator.query("USE trocla");
	await administrator.query("CREATE USER trocla@'%'");
	await administrator.query("GRANT ALL ON trocla.* TO trocla@'%'");
	const pool = mysql.createPool({ host: "127.0.0.1", port, user: "trocla", database: "trocla", connectionLimit: 10 });
	return {
		name: "MariaDB",
		many: 1_000_000,
		config: { store: "mysql", store_options: { url: `mysql://trocla@127.0.0.1:${port}/trocla` } },
		select: (key) => pool.execute("SELECT value FROM keyv WHERE id = ?", [`trocla:${key}`]),
		insert: (key) => pool.execute("INSERT IGNORE INTO keyv (id, value) VALUES (?, ?)", keyRow(key, "x")),
		async fill(count) {
			const [, row] = keyRow("", "password");
			await administrator.query(
				`INSERT IGNORE INTO trocla.keyv (id, value) SELECT CONCAT('trocla:user_', LPAD(seq, 7, '0')), ? FROM seq_0_to_${count - 1}`,
				[row],
			);
		},
		async all() {
			let last = "";
			for (;;) {
				const [rows] = await pool.query("SELECT id, value FROM keyv WHERE id > ? ORDER BY id LIMIT ?", [last, PAGE]);
				if (rows.length === 0) return;
				last = rows.at(-1).id;
			}
		},
		async stop() {
			await pool.end();
			await administrator.end();
			await server.stop();
		},
	};
}
