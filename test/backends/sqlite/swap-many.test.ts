import { fork } from "node:child_process";
import { once } from "node:events";
import { KeyvSqlite } from "@keyv/sqlite";
import { expect, test } from "vitest";
import { openSqlite } from "../../../backends/sqlite.js";
import { bundle, CHILD_ENV } from "../../support/child.js";
import { query } from "../../support/rows.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";

/** Bundles a process that swaps groups of 50 keys under a prefix of its own, and of keys that all write, until it ends. */
function writer(sandbox: Sandbox): string {
	const program = sandbox.path("writer.cjs");
	bundle(
		`import { openSqlite } from "./backends/sqlite.js";
		(async () => {
			const [, , store, name, groups] = process.argv;
			const backend = await openSqlite(store);
			for (let group = 0; group < Number(groups); group++) {
				const own = Array.from({ length: 50 }, (_, n) => ({ key: \`\${name}-\${group}-\${n}\`, before: undefined, after: name }));
				const shared = Array.from({ length: 20 }, (_, n) => ({ key: \`shared-\${group}-\${n}\`, before: undefined, after: name }));
				const swaps = [...own, ...shared];
				const answers = await Promise.all(backend.swapMany(swaps));
				const done = swaps.filter((_, index) => answers[index]).map(({ key }) => key);
				await new Promise((resolve) => process.send(done, resolve));
			}
			await backend.close();
			process.disconnect();
		})();`,
		program,
	);
	return program;
}

test("of keys that several processes create in groups, each has one winner, and no other key is lost", async () => {
	const sandbox = new Sandbox();
	const program = writer(sandbox);
	const won = new Map<string, string>();
	const twice: string[] = [];
	await Promise.all(
		["a", "b", "c"].map(async (name) => {
			const child = fork(program, [sandbox.store, name, "20"], { env: { ...sandbox.env, ...CHILD_ENV } });
			child.on("message", (keys: string[]) => {
				for (const key of keys) {
					if (won.has(key)) twice.push(key);
					won.set(key, name);
				}
			});
			expect(await once(child, "close")).toEqual([0, null]);
		}),
	);
	expect(twice).toEqual([]);
	expect(won.size).toBe(3 * 20 * 50 + 20 * 20);
	const backend = await openSqlite(sandbox.store);
	cleanUp(() => backend.close());
	expect(await backend.readMany([...won.keys()])).toEqual([...won.values()]);
});

test("what was answered true is stored when the process is killed in the middle", async () => {
	const sandbox = new Sandbox();
	const program = writer(sandbox);
	await (await openSqlite(sandbox.store)).close();
	for (let kill = 0; kill < 10; kill++) {
		const child = fork(program, [sandbox.store, `run${kill}`, "100000"], { env: { ...sandbox.env, ...CHILD_ENV } });
		const done: string[] = [];
		child.on("message", (keys: string[]) => done.push(...keys.filter((key) => key.startsWith("run"))));
		await once(child, "message");
		setTimeout(() => child.kill("SIGKILL"), Math.random() * 30);
		await once(child, "close");
		const backend = await openSqlite(sandbox.store);
		expect(new Set(await backend.readMany(done))).toEqual(new Set([`run${kill}`]));
		await backend.close();
	}
	expect(await query(sandbox.store, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
});

test("a row that another Keyv version wrote is replaced and deleted among others, and one that is not Keyv's is refused", async () => {
	const { store } = new Sandbox();
	const backend = await openSqlite(store);
	cleanUp(() => backend.close());
	const adapter = new KeyvSqlite({ uri: `sqlite://${store}` });
	cleanUp(() => adapter.close());
	for (const key of ["replaced", "deleted", "changed"]) {
		await adapter.query("INSERT INTO keyv VALUES (?, ?)", `trocla:${key}`, '{"value":"x","expires":null}');
	}
	await adapter.query("INSERT INTO keyv VALUES ('trocla:bad', 'no JSON')");
	await adapter.query("INSERT INTO keyv VALUES ('trocla:null', NULL)");
	const answers = backend.swapMany([
		{ key: "new", before: undefined, after: "1" },
		{ key: "replaced", before: "x", after: "2" },
		{ key: "deleted", before: "x", after: undefined },
		{ key: "changed", before: "y", after: "2" },
		{ key: "null", before: undefined, after: "2" },
		{ key: "bad", before: "x", after: "2" },
	]);
	expect(await Promise.allSettled(answers)).toEqual([
		...[true, true, true, false, false].map((value) => ({ status: "fulfilled", value })),
		{
			status: "rejected",
			reason: expect.objectContaining({ fault: "damaged", message: expect.stringContaining('"bad"') }),
		},
	]);
	const keys = ["new", "replaced", "deleted", "changed"];
	expect(await backend.readMany(keys)).toEqual(["1", "2", undefined, "x"]);
});
