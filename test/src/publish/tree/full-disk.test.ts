import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withTree } from "../../../../src/publish/tree/tree.js";
import { cleanUp, run, Sandbox } from "../../../support/sandbox.js";
import { addHost, leftovers, look, modes, publish } from "../sets.js";

const HOSTS = ["www1.example.com", "www2.example.com"];

/** A tree on a disk of its own with a megabyte; skips the test where that may not be made. */
async function treeOnDisk(skip: (why: string) => void): Promise<string> {
	const disk = new Sandbox().path("disk");
	mkdirSync(disk, { mode: 0o700 });
	const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", disk]);
	if (mounted.code !== 0 && !process.env.CI) skip(`can't mount a tmpfs: ${mounted.stderr}`);
	expect(mounted.code).toBe(0);
	cleanUp(() => run("umount", [disk]));
	return join(disk, "tree");
}

test("a disk that gets full by contents is named, and the tree stays as it was", async ({ skip }) => {
	const tree = await treeOnDisk(skip);
	await publish(tree, HOSTS, 1);
	const before = modes(tree);
	const large = withTree(tree, { create: false }, async (draft) => {
		for (const [index, host] of HOSTS.entries()) addHost(draft, host, 2, { passwd: `${index}`.repeat(700_000) });
		await draft.publish();
	});
	await expect(large).rejects.toMatchObject({
		code: "store",
		message: expect.stringMatching(new RegExp(`^${tree}/objects/.* can't be written: ENOSPC`)),
		hint: expect.stringContaining("What was published before still is"),
	});
	expect(modes(tree)).toEqual(before);
	expect([...look(tree).stamps.values()]).toEqual([1, 1]);
	await publish(tree, HOSTS, 3);
	expect(leftovers(tree)).toEqual([]);
});

test("a disk that gets full by the hosts' own files leaves the tree as it was too", async ({ skip }) => {
	const tree = await treeOnDisk(skip);
	for (const stamp of [1, 2]) await publish(tree, HOSTS, stamp);
	const before = modes(tree);
	const filler = join(tree, "../filler");
	const full = withTree(tree, { create: false }, async (draft) => {
		for (const host of HOSTS) addHost(draft, host, 3);
		expect(() => writeFileSync(filler, Buffer.alloc(2 ** 20))).toThrow(/ENOSPC/);
		await draft.publish();
	});
	await expect(full).rejects.toMatchObject({
		code: "store",
		message: expect.stringMatching(new RegExp(`^${tree}/generations/3/.* can't be written: ENOSPC`)),
	});
	expect(modes(tree)).toEqual(before);
	expect(readdirSync(join(tree, "generations"))).toEqual(["1", "2"]);
	rmSync(filler);
	await publish(tree, HOSTS, 4);
	expect([...look(tree).stamps.values()]).toEqual([4, 4]);
	expect(leftovers(tree)).toEqual([]);
});
