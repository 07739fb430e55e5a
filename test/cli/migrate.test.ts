import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fill, query } from "../support/rows.js";
import { Sandbox } from "../support/sandbox.js";

/** A sandbox with keys, and the configuration of another store. */
async function scene(count: number) {
	const sandbox = new Sandbox();
	await sandbox.run(["set", "alice", "plain"], "secret of alice");
	if (count > 1) await fill(sandbox.store, count - 1);
	const target = sandbox.path("target/trocla.sqlite");
	writeFileSync(sandbox.path("to.yaml"), JSON.stringify({ store_options: { path: target } }), { mode: 0o600 });
	return { sandbox, target, rows: (path: string) => query(path, "SELECT key, value FROM keyv ORDER BY key") };
}

test("every key is copied into the other store, row for row", async () => {
	const { sandbox, target, rows } = await scene(1500);
	const before = await rows(sandbox.store);
	const outcome = await sandbox.run(["migrate", "--to", "to.yaml"]);
	expect(outcome).toEqual({ code: 0, stdout: "", stderr: "1,500 keys copied, 0 differ.\n" });
	expect(await rows(target)).toEqual(before);
	expect(await rows(sandbox.store)).toEqual(before);
	const again = await sandbox.run(["--to", "to.yaml", "migrate", "--json"]);
	const counts = { copied: 0, same: 1500, expired: 0, again: 0, differ: 0, onlyInTarget: 0, left: [] };
	expect(JSON.parse(again.stdout)).toEqual(counts);
});

test("a key that differs is named, exits 1, and --overwrite replaces it", async () => {
	const { sandbox, target, rows } = await scene(2);
	await sandbox.run(["set", "alice", "plain", "-c", "to.yaml"], "another secret");
	const refused = await sandbox.run(["migrate", "--to", "to.yaml"]);
	expect(refused).toMatchObject({ code: 1, stdout: "" });
	expect(refused.stderr).toMatch(/^1 key copied, 1 differs\.$/m);
	expect(refused.stderr).toContain('trocla: "alice" has another record in the target');
	expect(refused.stderr).not.toContain("secret");
	const json = await sandbox.run(["migrate", "--to", "to.yaml", "--json"]);
	expect(JSON.parse(json.stdout)).toMatchObject({ differ: 1, left: [{ key: "alice", why: "different" }] });
	expect(json.stderr).toBe("");
	const replaced = await sandbox.run(["migrate", "--to", "to.yaml", "--overwrite"]);
	expect(replaced).toMatchObject({ code: 0, stderr: "1 key copied, 1 there already, 0 differ.\n" });
	expect(await rows(target)).toEqual(await rows(sandbox.store));
});

test("one that is killed at any moment goes on where it was", async () => {
	const { sandbox, target, rows } = await scene(1500);
	const before = await rows(sandbox.store);
	let killed = 0;
	for (let round = 0; round < 3 || (killed === 0 && round < 30); round++) {
		const child = sandbox.start(["migrate", "--to", "to.yaml"]);
		const exited = once(child, "exit");
		await expect.poll(() => existsSync(target), { interval: 5, timeout: 10_000 }).toBe(true);
		const timer = setTimeout(() => child.kill("SIGKILL"), Math.random() * 300);
		const [code] = await exited;
		clearTimeout(timer);
		if (code === null) killed++;
		const copied = await rows(target).catch(() => []);
		for (const row of copied) expect(before).toContainEqual(row);
	}
	expect(killed).toBeGreaterThan(0);
	const outcome = await sandbox.run(["migrate", "--to", "to.yaml"]);
	expect(outcome).toMatchObject({ code: 0, stderr: expect.stringMatching(/^[\d,]+ keys? copied, .*\b0 differ\.\n$/) });
	expect(await rows(target)).toEqual(before);
	expect(await rows(sandbox.store)).toEqual(before);
});

test("under load, what other processes change meanwhile is in the target at the end", async () => {
	const { sandbox } = await scene(3000);
	const migrating = sandbox.run(["migrate", "--to", "to.yaml"]);
	for (let n = 1; n <= 8; n++) await sandbox.run(["reset", `key${n}`, "plain"]);
	expect(await migrating).toMatchObject({ code: 0 });
	const again = await sandbox.run(["migrate", "--to", "to.yaml", "--overwrite"]);
	expect(again).toMatchObject({ code: 0 });
	for (let n = 1; n <= 8; n++) {
		const password = (await sandbox.run(["get", `key${n}`, "plain"])).stdout;
		expect(await sandbox.run(["get", `key${n}`, "plain", "-c", "to.yaml"])).toMatchObject({ stdout: password });
	}
});

test.each([
	["no target", []],
	["a target that is not there", ["--to", "none.yaml"]],
	["its own store", ["--to", "troclarc.yaml"]],
])("%s is refused, and nothing is made", async (_, args) => {
	const { sandbox, target } = await scene(1);
	const outcome = await sandbox.run(["migrate", ...args]);
	expect(outcome.code).not.toBe(0);
	expect(outcome.stderr).toMatch(/^trocla: .*\n {2}\S/);
	expect(existsSync(target)).toBe(false);
});

test("of the keys that only the target has some are named, and the others counted", async () => {
	const { sandbox, target } = await scene(1);
	await sandbox.run(["set", "bob", "plain", "-c", "to.yaml"], "secret of bob");
	await fill(target, 100);
	const { code, stderr } = await sandbox.run(["migrate", "--to", "to.yaml"]);
	expect(code).toBe(0);
	expect(stderr.match(/ is only in the target/g)).toHaveLength(20);
	expect(stderr).toMatch(/, 101 only in the target, 0 differ\.$/m);
});
