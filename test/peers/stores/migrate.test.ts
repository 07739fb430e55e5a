import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { missing } from "../../support/peers.js";
import { fill, query } from "../../support/rows.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";
import { storeServers } from "../../support/stores/all.js";

const kinds = storeServers.filter(({ needs }) => !missing(...needs));

/** A SQLite store of so many keys, then servers without any, then another SQLite store that is not there yet. */
async function scene(count: number, wanted: typeof kinds) {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "schlüssel", "plain"], "the first secret");
	await fill(sandbox.store, count - 1);
	const configured = (name: string, config: unknown) => {
		const file = sandbox.path(`${name}.yaml`);
		writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
		return { name, file };
	};
	const stores = [{ name: "SQLite", file: sandbox.path("troclarc.yaml") }];
	for (const { name, start } of wanted) {
		const server = await start();
		cleanUp(() => server.stop());
		stores.push(configured(name, server.config("127.0.0.1", server.port)));
	}
	const end = sandbox.path("last/trocla.sqlite");
	stores.push(configured("last", { store_options: { path: end } }));
	const rows = (path: string) => query(path, "SELECT key, value FROM keyv ORDER BY key");
	return { sandbox, stores, count, before: () => rows(sandbox.store), after: () => rows(end) };
}

/** Migrates from each to the next, killed in the middle twice, and then to the end. */
async function migrateAlong({ sandbox, stores, count }: Awaited<ReturnType<typeof scene>>) {
	for (const [index, { name: target, file: to }] of stores.entries()) {
		const source = stores[index - 1];
		if (!source) continue;
		const args = ["migrate", "-c", source.file, "--to", to];
		let killed = 0;
		for (let round = 0; killed < 2 && round < 10; round++) {
			const child = sandbox.start(args);
			const exited = once(child, "exit");
			const timer = setTimeout(() => child.kill("SIGKILL"), 150 + Math.random() * (200 + count / 50));
			const [code] = await exited;
			clearTimeout(timer);
			if (code === null) killed++;
		}
		expect(killed, `kills on the way from ${source.name} to ${target}`).toBeGreaterThan(0);
		const { code, stderr } = await sandbox.run(args);
		expect(stderr, `from ${source.name} to ${target}`).toMatch(/^[\d,]+ keys? copied, .*\b0 differ\.\n$/);
		expect(code).toBe(0);
	}
}

test("50,000 keys go to a server and back, killed on the way, and are the same rows", async () => {
	const along = await scene(50_000, kinds.slice(0, 1));
	await migrateAlong(along);
	expect(await along.after()).toEqual(await along.before());
}, 180_000);

test("keys go from each kind of store to the next, killed on the way, and are the same rows at the end", async () => {
	const along = await scene(2000, kinds);
	await migrateAlong(along);
	expect(await along.after()).toEqual(await along.before());
}, 180_000);
