import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { MariaDb } from "../../support/mariadb.js";
import { missing } from "../../support/peers.js";
import { Postgres } from "../../support/postgres.js";
import { cleanUp, Sandbox, TROCLA } from "../../support/sandbox.js";
import { replay } from "../../support/shown.js";

/** A section of docs/stores.md: what an administrator does, the configuration, and all of it. */
function sectionOf(title: string) {
	const text = readFileSync(join(import.meta.dirname, "../../../docs/stores.md"), "utf8");
	const section = text.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? "";
	const [first = "", rights = ""] = [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = ""]) => sql);
	const [, configuration = ""] = /```yaml\n(.*?)```/s.exec(section) ?? [];
	return { section, first, rights, configuration };
}

/** Configures a sandbox as a document does, but for where the server is. */
function configured(configuration: string, port: number): Sandbox {
	const sandbox = new Sandbox();
	const { store, store_options } = load(configuration) as { store: string; store_options: { url: string } };
	expect(Object.keys(store_options)).toEqual(["url", "password_file", "ca"]);
	const url = store_options.url.replace("db.example.com", `127.0.0.1:${port}`);
	writeFileSync(sandbox.path("password"), "correct-horse-battery\n", { mode: 0o600 });
	sandbox.configure({ store, store_options: { url, password_file: "password" } });
	return sandbox;
}

/** Runs what a section shows. */
async function follow(section: string, sandbox: Sandbox, port: number): Promise<void> {
	const text = section
		.replaceAll("/db.example.com/", `/127.0.0.1:${port}/`)
		.replaceAll("/etc/troclarc.yaml", sandbox.path("troclarc.yaml"));
	expect(await replay(text, { sandbox, trocla: TROCLA, user: [] })).toBe(3);
}

test.skipIf(missing("initdb", "postgres", "psql"))(
	"docs/stores.md leads from an empty PostgreSQL to the first password, and a table that others made is enough (needs postgresql)",
	async () => {
		const postgres = await Postgres.start({ settings: ["fsync=on"] });
		cleanUp(() => postgres.stop());
		const { section, first, rights, configuration } = sectionOf("PostgreSQL");
		await postgres.sql(first);
		const sandbox = configured(configuration, postgres.port);
		await follow(section, sandbox, postgres.port);
		await postgres.sql("DROP OWNED BY trocla; ALTER DATABASE trocla OWNER TO postgres", "trocla");
		expect((await sandbox.run(["get", "bob", "plain"])).stderr).toContain("not allowed");
		await postgres.sql(rights, "trocla");
		expect(await sandbox.run(["get", "bob", "plain"])).toMatchObject({ code: 0, stderr: "" });
		expect(await sandbox.run(["reset", "bob", "plain"])).toMatchObject({ code: 0, stderr: "" });
		expect(await sandbox.run(["delete", "bob"])).toMatchObject({ code: 0, stderr: "" });
	},
);

test.skipIf(missing("mariadb", "mariadbd", "mariadb-install-db"))(
	"docs/stores.md leads from an empty MariaDB to the first password, and a table that others made is enough (needs mariadb-server)",
	async () => {
		const mariadb = await MariaDb.start();
		cleanUp(() => mariadb.stop());
		const { section, first, rights, configuration } = sectionOf("MySQL and MariaDB");
		await mariadb.sql(first);
		const sandbox = configured(configuration, mariadb.port);
		await follow(section, sandbox, mariadb.port);
		await mariadb.sql("DROP TABLE trocla.keyv");
		await mariadb.sql(rights);
		expect(await sandbox.run(["get", "bob", "plain"])).toMatchObject({ code: 0, stderr: "" });
		expect(await sandbox.run(["reset", "bob", "plain"])).toMatchObject({ code: 0, stderr: "" });
		expect(await sandbox.run(["delete", "bob"])).toMatchObject({ code: 0, stderr: "" });
	},
);
