import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { underLock } from "../../../backends/file-lock.js";
import { openSqlite } from "../../../backends/sqlite.js";
import { bundle, CHILD_ENV } from "../../support/child.js";
import { query } from "../../support/rows.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";

async function openStore() {
	const { store } = new Sandbox();
	const backend = await openSqlite(store);
	cleanUp(() => backend.close());
	return { store, backend };
}

const refused = { name: "BackendError", fault: "refused" };

describe("a guarded store", () => {
	test("takes texts that begin as they must, and refuses all others, however they are written", async () => {
		const { backend } = await openStore();
		await backend.swap("old", undefined, "as it was");
		await backend.guard?.("it's so:");
		await backend.guard?.("it's so:");
		expect(await backend.swap("a", undefined, "it's so: yes")).toBe(true);
		expect(await backend.swap("a", "it's so: yes", "it's so: still")).toBe(true);
		for (const text of ["it's so", "its so: no", "", "x it's so:", "\"it's so:"]) {
			await expect(backend.swap("b", undefined, text)).rejects.toMatchObject(refused);
			await expect(backend.swap("a", "it's so: still", text)).rejects.toMatchObject(refused);
			await expect(Promise.all(backend.swapMany([{ key: "c", before: undefined, after: text }]))).rejects.toMatchObject(
				refused,
			);
		}
		expect(await backend.readMany(["a", "b", "c", "old"])).toEqual([
			"it's so: still",
			undefined,
			undefined,
			"as it was",
		]);
		expect(await backend.swap("old", "as it was", undefined)).toBe(true);
		expect(await backend.swap("a", "it's so: still", undefined)).toBe(true);
	});

	test("refuses every other program too, and leaves the rows of others alone", async () => {
		const { backend, store } = await openStore();
		await backend.guard?.("sealed:");
		await expect(query(store, `INSERT INTO keyv VALUES ('trocla:a', '{"value":"x"}')`)).rejects.toThrow("not sealed");
		await query(store, `INSERT INTO keyv VALUES ('other:a', '{"value":"x"}')`);
		await query(store, `INSERT INTO keyv VALUES ('trocla:a', '{"value":"sealed:x"}')`);
		await expect(query(store, `UPDATE keyv SET value = 'x' WHERE key = 'trocla:a'`)).rejects.toThrow("not sealed");
		expect(await backend.read("a")).toBe("sealed:x");
	});
});

test("a scrubbed store has nothing in its files but what is stored", async () => {
	const { backend, store } = await openStore();
	const text = (n: number) => `secret-${n}-`.padEnd(n % 3 ? 60 : 6000, "x");
	const everything = () =>
		readdirSync(dirname(store))
			.map((name) => readFileSync(join(dirname(store), name), "latin1"))
			.join();
	for (let n = 0; n < 300; n++) await backend.swap(`key${n}`, undefined, text(n));
	for (let n = 0; n < 299; n++) await backend.swap(`key${n}`, text(n), n % 2 ? undefined : "other");
	expect(everything()).toContain("secret-5-");
	expect(await backend.scrub?.()).toBe(true);
	expect(everything().match(/secret-\d+/g)).toEqual(["secret-299"]);
	expect(statSync(`${store}-wal`).size).toBe(0);
	expect(await backend.read("key298")).toBe("other");
});

test("a lock is one process's, and ends with it, however it dies", async () => {
	const sandbox = new Sandbox();
	const lock = sandbox.path("lock");
	const program = sandbox.path("holder.cjs");
	bundle(
		`import { underLock } from "./backends/file-lock.js";
		void underLock(${JSON.stringify(lock)}, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));`,
		program,
	);
	const holder = spawn(process.execPath, [program], { env: { ...process.env, ...CHILD_ENV } });
	cleanUp(() => holder.kill("SIGKILL"));
	await once(holder.stdout, "data");
	await expect(underLock(lock, async () => {})).rejects.toMatchObject({ name: "BackendError", fault: "busy" });
	holder.kill("SIGKILL");
	await once(holder, "exit");
	expect(await underLock(lock, async () => "mine")).toBe("mine");
	expect(statSync(lock).mode & 0o777).toBe(0o600);
});
