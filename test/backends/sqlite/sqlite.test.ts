import { fork } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	chownSync,
	mkdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { KeyvSqlite } from "@keyv/sqlite";
import Keyv from "keyv";
import { describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openSqlite } from "../../../backends/sqlite.js";
import { bundle, CHILD_ENV } from "../../support/child.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { all, conforms } from "../conformance.js";

conforms(() => openSqlite(new Sandbox().store));

async function opened(path: string): Promise<Backend> {
	const backend = await openSqlite(path);
	cleanUp(() => backend.close());
	return backend;
}

/** A connection of Keyv's own adapter, for all that a backend does not do. */
function adapter(path: string): KeyvSqlite {
	const sqlite = new KeyvSqlite({ uri: `sqlite://${path}` });
	cleanUp(() => sqlite.close());
	return sqlite;
}

function keyv(path: string, namespace = "trocla"): Keyv {
	return new Keyv({ store: adapter(path), namespace });
}

const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe("Keyv", () => {
	test("reads what is stored", async () => {
		const { store } = new Sandbox();
		const backend = await opened(store);
		for (const [key, text] of Object.entries({ a: "1", "é'%": '{"v":1}', colon: ":x", ":": ":base64:eA==" })) {
			await backend.swap(key, undefined, text);
			expect(await keyv(store).get(key)).toBe(text);
		}
	});

	test("writes what can be read, replaced and deleted", async () => {
		const { store } = new Sandbox();
		const backend = await opened(store);
		for (const [key, text] of Object.entries({ a: "1", "é'%": '{"v":1}', colon: ":x" })) {
			await keyv(store).set(key, text);
			expect(await backend.read(key)).toBe(text);
			expect(await backend.swap(key, "another", "new")).toBe(false);
			expect(await backend.swap(key, text, "new")).toBe(true);
			expect(await keyv(store).get(key)).toBe("new");
			await keyv(store).set(key, text);
			expect(await backend.swap(key, text, undefined)).toBe(true);
			expect(await keyv(store).get(key)).toBeUndefined();
		}
	});

	test.each([
		["Keyv 4 with an expiry of none", '{"value":"x","expires":null}'],
		["other spaces", '{ "value" : "x" }'],
		["another order", '{"expires":null,"value":"x"}'],
		["escapes", '{"value":"\\u0078"}'],
		["a name twice, of which JSON takes the last", '{"value":"y","value":"x"}'],
		["bytes that are not UTF-8", Buffer.from('{"value":"x","by":"\xff"}', "latin1")],
	])("may have written a row with %s", async (_, row) => {
		const { store } = new Sandbox();
		const backend = await opened(store);
		const insert = () => adapter(store).query("REPLACE INTO keyv VALUES ('trocla:a', CAST(? AS TEXT))", row);
		await insert();
		expect(await backend.read("a")).toBe("x");
		expect(await backend.readMany(["a"])).toEqual(["x"]);
		expect(await backend.swap("a", "y", "new")).toBe(false);
		expect(await backend.swap("a", "x", "new")).toBe(true);
		expect(await backend.read("a")).toBe("new");
		await insert();
		expect(await backend.swap("a", "x", undefined)).toBe(true);
		expect(await backend.read("a")).toBeUndefined();
	});

	test("rows of other namespaces are neither seen nor touched", async () => {
		const { store } = new Sandbox();
		const backend = await opened(store);
		const others = ["trocl", "trocla2", "Trocla", "trocla;", "keyv", ""];
		for (const namespace of others) await keyv(store, namespace).set("a", "theirs");
		expect(await backend.read("a")).toBeUndefined();
		expect(await all(backend.keys())).toEqual([]);
		expect(await all(backend.keys("\u{10ffff}"))).toEqual([]);
		await backend.swap("a", undefined, "ours");
		await backend.swap("a", "ours", "new");
		await backend.swap("a", "new", undefined);
		for (const namespace of others) expect(await keyv(store, namespace).get("a")).toBe("theirs");
	});
});

describe("a row that is not Keyv's", () => {
	test.each(["", "x", "null", "1", '"x"', "[]", "{}", '{"value":1}', '{"value":null}', "{value: 'x'}"])(
		"is refused by its key, and stays as it is: %s",
		async (row) => {
			const { store } = new Sandbox();
			const backend = await opened(store);
			await adapter(store).query("INSERT INTO keyv VALUES ('trocla:mine', ?)", row);
			const refused = { fault: "damaged", message: expect.stringContaining('"mine"') };
			await expect(backend.read("mine")).rejects.toMatchObject(refused);
			await expect(backend.readMany(["mine"])).rejects.toMatchObject(refused);
			await expect(backend.swap("mine", "x", "new")).rejects.toMatchObject(refused);
			expect(await backend.swap("mine", undefined, "new")).toBe(false);
			expect(await adapter(store).query("SELECT value FROM keyv")).toEqual([{ value: row }]);
		},
	);

	test("with a key that is not UTF-8 ends a listing instead of repeating it for ever", async () => {
		const { store } = new Sandbox();
		const backend = await opened(store);
		await adapter(store).query(
			`INSERT INTO keyv VALUES (CAST(x'${Buffer.from("trocla:").toString("hex")}ff' AS TEXT), '')`,
		);
		await expect(all(backend.keys())).rejects.toMatchObject({
			fault: "damaged",
			message: expect.stringContaining(store),
		});
	});
});

describe("the file", () => {
	test("is for its owner only, with all that lies beside it, whatever the umask", async () => {
		const sandbox = new Sandbox();
		const umask = process.umask(0);
		cleanUp(() => process.umask(umask));
		const path = sandbox.path("deep/er/store.sqlite");
		const backend = await opened(path);
		await backend.swap("a", undefined, "x");
		expect([mode(sandbox.path("deep")), mode(dirname(path))]).toEqual(["700", "700"]);
		const files = await readdir(dirname(path));
		expect(files.sort()).toEqual(["store.sqlite", "store.sqlite-shm", "store.sqlite-wal"]);
		for (const file of files) expect(mode(sandbox.path(`deep/er/${file}`))).toBe("600");
	});

	test("is left without WAL mode by some backups, and the check says how to mend it", async () => {
		const { store } = new Sandbox();
		await (await openSqlite(store)).close();
		await adapter(store).query("PRAGMA journal_mode=DELETE");
		const backend = await opened(store);
		expect(await backend.swap("a", undefined, "x")).toBe(true);
		expect(await backend.check()).toEqual([
			{ message: expect.stringContaining("not in WAL mode"), hint: `Run: sqlite3 ${store} 'PRAGMA journal_mode=WAL'` },
		]);
	});

	test.each([0o640, 0o604, 0o620, 0o601, 0o644])(
		"is refused with the chmod that mends it where others reach it: %o",
		async (bits) => {
			const { store } = new Sandbox();
			const backend = await openSqlite(store);
			await backend.swap("a", undefined, "x");
			await backend.close();
			chmodSync(store, bits);
			const bytes = readFileSync(store);
			await expect(openSqlite(store)).rejects.toMatchObject({
				fault: "exposed",
				message: expect.stringContaining(store),
				hint: `Run: chmod 600 ${store}`,
			});
			expect(readFileSync(store)).toEqual(bytes);
			chmodSync(store, 0o600);
			expect(await (await opened(store)).read("a")).toBe("x");
		},
	);

	test.each([0o770, 0o707, 0o777])("is refused in a directory that others can write: %o", async (bits) => {
		const sandbox = new Sandbox();
		mkdirSync(sandbox.path("store"));
		chmodSync(sandbox.path("store"), bits);
		await expect(openSqlite(sandbox.store)).rejects.toMatchObject({
			fault: "exposed",
			hint: `Run: chmod 700 ${sandbox.path("store")}`,
		});
		expect(await readdir(sandbox.path("store"))).toEqual([]);
		chmodSync(sandbox.path("store"), 0o1777);
		await opened(sandbox.store);
	});

	test("is refused where a link leads to a directory that others can write", async () => {
		const sandbox = new Sandbox();
		await (await opened(sandbox.path("shared/store"))).close();
		symlinkSync(sandbox.path("shared/store"), sandbox.path("link"));
		chmodSync(sandbox.path("shared"), 0o777);
		await expect(openSqlite(sandbox.path("link"))).rejects.toMatchObject({
			fault: "exposed",
			hint: `Run: chmod 700 ${sandbox.path("shared")}`,
		});
		chmodSync(sandbox.path("shared"), 0o700);
		await opened(sandbox.path("link"));
	});

	test.each([
		["empty", Buffer.alloc(0), "is empty"],
		["10 bytes of garbage", Buffer.from("garbage!!\n"), "not a SQLite database"],
		["5000 bytes of garbage", Buffer.alloc(5000, "garbage!!\n"), "not a SQLite database"],
		["another program's text", Buffer.from("SQLite format 3\n but no more than that"), "not a SQLite database"],
	])("is refused by its name and stays as it is where it is %s", async (_, bytes, what) => {
		const sandbox = new Sandbox();
		mkdirSync(dirname(sandbox.store), { mode: 0o700 });
		writeFileSync(sandbox.store, bytes, { mode: 0o600 });
		await expect(openSqlite(sandbox.store)).rejects.toMatchObject({
			fault: "damaged",
			message: expect.stringMatching(new RegExp(`${sandbox.store}.*${what}`)),
		});
		expect(readFileSync(sandbox.store)).toEqual(bytes);
		expect(await readdir(dirname(sandbox.store))).toEqual(["trocla.sqlite"]);
	});

	test.each([100, 4096, 4096 * 2, 4096 * 20 + 7])(
		"is refused by its name and stays as it is where only %i bytes of it are left",
		async (bytes) => {
			const { store } = new Sandbox();
			const whole = await openSqlite(store);
			for (let n = 0; n < 500; n++) await whole.swap(`key ${n}`, undefined, "x".repeat(200));
			await whole.close();
			truncateSync(store, bytes);
			const rest = readFileSync(store);
			const use = async () => {
				const backend = await opened(store);
				await backend.read("key 400");
				await all(backend.keys());
			};
			await expect(use()).rejects.toMatchObject({ fault: "damaged", message: expect.stringContaining(store) });
			expect(readFileSync(store)).toEqual(rest);
		},
	);

	test("is no directory, and no link to nothing", async () => {
		const sandbox = new Sandbox();
		mkdirSync(sandbox.path("directory"), { mode: 0o700 });
		await expect(openSqlite(sandbox.path("directory"))).rejects.toMatchObject({
			message: `${sandbox.path("directory")} is not a file`,
		});
		symlinkSync(sandbox.path("nothing"), sandbox.path("link"));
		await expect(openSqlite(sandbox.path("link"))).rejects.toMatchObject({
			message: `${sandbox.path("link")} is a link to nothing`,
		});
		expect(await readdir(sandbox.directory)).not.toContain("nothing");
	});

	test("may be a link to a store", async () => {
		const sandbox = new Sandbox();
		await (await opened(sandbox.store)).swap("a", undefined, "x");
		symlinkSync(sandbox.store, sandbox.path("link"));
		expect(await (await opened(sandbox.path("link"))).read("a")).toBe("x");
	});

	test("can't be below a file", async () => {
		const sandbox = new Sandbox();
		writeFileSync(sandbox.path("file"), "");
		await expect(openSqlite(sandbox.path("file/deep/store.sqlite"))).rejects.toMatchObject({
			name: "BackendError",
			fault: "unavailable",
			message: expect.stringContaining(sandbox.path("file/deep/store.sqlite")),
		});
	});

	test("can't be made, and is named, where the user may not write", async (context) => {
		const sandbox = new Sandbox();
		mkdirSync(dirname(sandbox.store), { mode: 0o500 });
		if (process.getuid?.() === 0) {
			// Root may write anywhere, so for a moment this is somebody else.
			if (!process.seteuid) return context.skip("root can't become another user here");
			chmodSync(sandbox.directory, 0o711);
			chownSync(dirname(sandbox.store), NOBODY, NOBODY);
			process.seteuid(NOBODY);
			cleanUp(() => process.seteuid?.(0));
		}
		await expect(openSqlite(sandbox.store)).rejects.toMatchObject({
			fault: "unavailable",
			message: expect.stringContaining(`${sandbox.store}: not allowed`),
			hint: expect.stringContaining("Run it as the user who owns the store"),
		});
	});

	test("leaves nothing beside it when many make it at once", async () => {
		const { store } = new Sandbox();
		const backends = await Promise.all(Array.from({ length: 8 }, () => openSqlite(store)));
		const won = await Promise.all(backends.map((backend, n) => backend.swap("a", undefined, `${n}`)));
		expect(won.filter(Boolean)).toHaveLength(1);
		for (const backend of backends) await backend.close();
		expect(await readdir(dirname(store))).toEqual(["trocla.sqlite"]);
	});
});

const NOBODY = 65534;

describe("several writers", () => {
	test("a swap waits for another connection that holds the write lock for three seconds", async () => {
		const { store } = new Sandbox();
		const backend = await opened(store);
		const other = adapter(store);
		await other.query("BEGIN IMMEDIATE");
		await other.query("INSERT INTO keyv VALUES ('other:a', '{}')");
		let held = true;
		const swap = backend.swap("a", undefined, "x").then((done) => ({ done, held }));
		await new Promise((resolve) => setTimeout(resolve, 3000));
		held = false;
		await other.query("COMMIT");
		expect(await swap).toEqual({ done: true, held: false });
	});

	test("two stores on one file in one process, one of them closed, and another process lose nothing", async () => {
		const sandbox = new Sandbox();
		const program = sandbox.path("writer.cjs");
		bundle(
			`import { openSqlite } from "./backends/sqlite.js";
			(async () => {
				const backend = await openSqlite(process.argv[2]);
				for (let n = 0; n < 300; n++) {
					if (!(await backend.swap(\`child-\${n}\`, undefined, "x"))) process.exit(1);
					if (n === 10) process.send("writing");
				}
				await backend.close();
			})();`,
			program,
		);
		const stays = await openSqlite(sandbox.store);
		const goes = await openSqlite(sandbox.store);
		await goes.swap("goes", undefined, "x");
		const child = fork(program, [sandbox.store], { env: { ...sandbox.env, ...CHILD_ENV } });
		await once(child, "message");
		for (let n = 0; n < 300; n++) {
			if (n === 100) await goes.close();
			expect(await stays.swap(`stays-${n}`, undefined, "x")).toBe(true);
		}
		if (child.exitCode === null) await once(child, "exit");
		expect(child.exitCode).toBe(0);
		expect(await stays.check()).toEqual([]);
		await stays.close();
		const again = await opened(sandbox.store);
		expect(await all(again.keys())).toHaveLength(601);
		expect(await again.check()).toEqual([]);
	});
});
