import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTree } from "../../../../src/publish/tree/published-tree.js";
import { bundle, CHILD_ENV } from "../../../support/child.js";
import { cleanUp, run, Sandbox } from "../../../support/sandbox.js";
import { leftovers, look, publish } from "../sets.js";

const HOSTS = Array.from({ length: 12 }, (_, index) => `www${index}.example.com`);

const programs = mkdtempSync(join(tmpdir(), "trocla-test-"));
const program = (name: string) => join(programs, `${name}.cjs`);
afterAll(() => rmSync(programs, { recursive: true }));

const IMPORTS = `
	import { addHost, publish } from "./test/src/publish/sets.js";
	import { withTree } from "./src/publish/tree/tree.js";
	const [tree = "", count = ""] = process.argv.slice(2);
	const hosts = ${JSON.stringify(HOSTS)};
`;

beforeAll(() => {
	const endless = `${IMPORTS}
		async function forever() {
			for (let turn = 1; ; turn++) {
				process.stdout.write("publishing\\n");
				await publish(tree, hosts);
			}
		}
		void forever();
	`;
	bundle(endless, program("endless"));
	// Dies right before its nth change of a file or directory: these are the moments at which a kill makes a difference.
	const dying = `${IMPORTS}
		const fs = require("node:fs");
		const promises = require("node:fs/promises");
		const changes = {
			plain: ["chmodSync", "fchmodSync", "linkSync", "mkdirSync", "openSync", "renameSync", "rmdirSync", "rmSync", "symlinkSync", "unlinkSync", "writeFileSync"],
			promised: ["open"],
		};
		let left = Number(count);
		const counted = (change) => (...args) => {
			if (left-- === 0) process.kill(process.pid, "SIGKILL");
			return change(...args);
		};
		for (const name of changes.plain) fs[name] = counted(fs[name]);
		for (const name of changes.promised) promises[name] = counted(promises[name]);
		void publish(tree, hosts.slice(0, 2));
	`;
	bundle(dying, program("dying"));
	const waiting = `${IMPORTS}
		void withTree(tree, { create: true }, async (draft) => {
			for (const host of hosts) addHost(draft, host, 100);
			process.stdout.write("locked\\n");
			await new Promise((resolve) => process.stdin.once("data", resolve));
			await draft.publish();
			process.stdin.destroy();
		});
	`;
	bundle(waiting, program("waiting"));
	bundle(`${IMPORTS} void publish(tree, hosts);`, program("once"));
});

function start(name: string, ...args: readonly string[]): ChildProcess {
	const child = spawn(process.execPath, [program(name), ...args], { env: { ...process.env, ...CHILD_ENV } });
	cleanUp(() => child.kill("SIGKILL"));
	return child;
}

async function kill(child: ChildProcess): Promise<void> {
	const ended = once(child, "exit");
	child.kill("SIGKILL");
	await ended;
}

/** That all hosts of what is published are whole and of one time; gives that. */
function oneTime(tree: string): number {
	const times = new Set(look(tree).stamps.values());
	expect(times.size).toBe(1);
	return [...times][0] ?? Number.NaN;
}

test("a run that is killed before any of its changes leaves all of the old or all of the new, and the next one nothing of it", async () => {
	const tree = new Sandbox().path("tree");
	const two = HOSTS.slice(0, 2);
	for (const stamp of [1, 2]) await publish(tree, two, stamp);
	let [old, fresh] = [0, 0];
	for (let moment = 0, isKilled = true; isKilled; moment++) {
		const before = oneTime(tree);
		const [code, signal] = await once(start("dying", tree, String(moment)), "exit");
		isKilled = signal === "SIGKILL";
		if (!isKilled) expect(code).toBe(0);
		const after = oneTime(tree);
		if (after === before) old++;
		else if (after === before + 1) fresh++;
		else expect.unreachable();
		// Another one dies while it removes what the first one left, or soon after.
		await once(start("dying", tree, String(moment % 11)), "exit");
		expect(oneTime(tree)).toBe(after);
		await publish(tree, two);
		expect(oneTime(tree)).toBe(after + 1);
		expect(leftovers(tree)).toEqual([]);
	}
	// Files are made, written and renamed before the switch; objects and a generation are removed behind it.
	expect(old).toBeGreaterThan(20);
	expect(fresh).toBeGreaterThan(10);
}, 180_000);

test("the first run of a tree, killed before any of its changes, leaves what the next one can begin with", async () => {
	async function beginAfter(moment: number): Promise<boolean> {
		const tree = sandbox.path(`tree${moment}`);
		const [, signal] = await once(start("dying", tree, String(moment)), "exit");
		await publish(tree, HOSTS.slice(0, 2));
		oneTime(tree);
		expect(leftovers(tree)).toEqual([]);
		return signal === "SIGKILL";
	}
	const sandbox = new Sandbox();
	let killed = 0;
	for (let first = 0; killed === first; first += 8) {
		const moments = Array.from({ length: 8 }, (_, index) => first + index);
		killed += (await Promise.all(moments.map(beginAfter))).filter((isKilled) => isKilled).length;
	}
	expect(killed).toBeGreaterThan(20);
}, 180_000);

test("runs that are killed at random moments leave whole sets of one time, and nothing once another has run", async () => {
	const tree = new Sandbox().path("tree");
	await publish(tree, HOSTS, 1);
	let interrupted = 0;
	for (let round = 0; round < 40; round++) {
		const before = oneTime(tree);
		const child = start("endless", tree);
		if (child.stdout) await once(child.stdout, "data");
		await sleep(Math.random() * 60);
		await kill(child);
		const after = oneTime(tree);
		expect(after).toBeGreaterThanOrEqual(before);
		if (leftovers(tree).length > 0) interrupted++;
		await publish(tree, HOSTS);
		expect(oneTime(tree)).toBe(after + 1);
		expect(leftovers(tree)).toEqual([]);
	}
	expect(interrupted).toBeGreaterThan(0);
}, 180_000);

test("a reader that resolves the link once never sees sets of two times while others publish", async () => {
	const tree = new Sandbox().path("tree");
	await publish(tree, HOSTS, 1);
	const child = start("endless", tree);
	const seen = new Set<number>();
	for (let reads = 0; seen.size < 20 && child.exitCode === null; reads++) {
		const generation = join(tree, readlinkSync(join(tree, "hosts")));
		const published = await readTree(tree);
		// In between, the publisher goes on.
		await sleep(Math.random() * 5);
		try {
			const times = new Set(look(tree, generation).stamps.values());
			const sets = HOSTS.map((host) => published?.set(host));
			const shadows = new Set(sets.map((set) => published?.object(set?.digests.shadow ?? "")));
			expect(times.size).toBe(1);
			const [stamp] = sets.map((set) => set?.stamp);
			expect(new Set(sets.map((set) => set?.stamp)).size).toBe(1);
			expect([...shadows]).toEqual([`shadow ${stamp}\n`]);
			for (const time of times) seen.add(time);
		} catch (error) {
			// Whoever takes longer than the publisher for two runs begins again; one with a whole second must not.
			const { message } = error as Error;
			expect(message).toMatch(/ENOENT|published twice while it was read/);
			expect(readlinkSync(join(tree, "hosts"))).not.toBe(`generations/${generation.split("/").at(-1)}`);
			expect(reads).toBeLessThan(2000);
		}
	}
	expect(seen.size).toBe(20);
	await kill(child);
});

test("two never publish at once: the second is told who does, and has its turn when that one ends or is killed", async () => {
	const tree = new Sandbox().path("tree");
	await publish(tree, HOSTS, 1);
	for (const end of ["publishes", "is killed"] as const) {
		const child = start("waiting", tree);
		if (child.stdout) await once(child.stdout, "data");
		const refusal = {
			code: "store",
			message: expect.stringMatching(
				new RegExp(`^another trocla publishes in ${tree}: process ${child.pid} on .*, since 20`),
			),
			hint: "Wait until it has ended, and run it again",
		};
		await expect(publish(tree, HOSTS)).rejects.toMatchObject(refusal);
		await expect(publish(tree, HOSTS)).rejects.toMatchObject(refusal);
		const before = oneTime(tree);
		if (end === "is killed") await kill(child);
		else {
			child.stdin?.write("go\n");
			await once(child, "exit");
		}
		expect(oneTime(tree)).toBe(end === "is killed" ? before : 100);
		await publish(tree, HOSTS);
		expect(leftovers(tree)).toEqual([]);
	}
});

test("a second run in the same process is refused, and does not let others in", async () => {
	const sandbox = new Sandbox();
	const tree = sandbox.path("tree");
	await publish(tree, HOSTS, 1);
	const { withTree } = await import("../../../../src/publish/tree/tree.js");
	await withTree(tree, { create: false }, async () => {
		await expect(publish(tree, HOSTS)).rejects.toMatchObject({ message: expect.stringContaining(`${process.pid}`) });
		const other = await run(process.execPath, [program("once"), tree], { env: { ...process.env, ...CHILD_ENV } });
		expect(other.stderr).toContain(`another trocla publishes in ${tree}`);
	});
	expect(oneTime(tree)).toBe(1);
});
