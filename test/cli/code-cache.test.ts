import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, Sandbox, TROCLA } from "../support/sandbox.js";

/** A store with a key, a cache that nobody used yet, and a way to get the key with it. */
async function sandbox() {
	const place = new Sandbox();
	const { stdout: password } = await place.run(["get", "alice", "plain"]);
	const cache = place.path("cache");
	const get = (env: NodeJS.ProcessEnv = { XDG_CACHE_HOME: cache }) =>
		run(process.execPath, [TROCLA, "get", "alice", "plain"], { env: { ...place.env, ...env } });
	const right = { code: 0, stdout: password, stderr: "" };
	return { place, get, right, cache, directory: join(cache, "trocla") };
}

const read = (directory: string) =>
	Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]));

test("the first get keeps its compiled code where only its user can write, and the next one leaves it as it is", async () => {
	const { get, right, directory } = await sandbox();
	expect(await get()).toEqual(right);
	const first = read(directory);
	expect(Object.keys(first)).toHaveLength(2);
	expect(statSync(directory).mode & 0o777).toBe(0o700);
	for (const name of Object.keys(first)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
	expect(await get()).toEqual(right);
	expect(read(directory)).toEqual(first);
});

test("a damaged cache is not run but written anew", async () => {
	const { get, right, directory } = await sandbox();
	await get();
	for (const [name, code] of Object.entries(read(directory))) {
		const flipped = (place: number) => {
			const copy = Buffer.from(code);
			copy[Math.floor(place * copy.length)] = ~(copy[Math.floor(place * copy.length)] ?? 0);
			return copy;
		};
		const half = code.subarray(0, code.length / 2);
		const damaged = [
			Buffer.alloc(0),
			Buffer.from("x"),
			half,
			Buffer.alloc(code.length),
			...[0.1, 0.3, 0.6, 0.9].map(flipped),
		];
		for (const bytes of damaged) {
			writeFileSync(join(directory, name), bytes);
			expect(await get()).toEqual(right);
			const mended = readFileSync(join(directory, name));
			expect(mended.equals(bytes)).toBe(false);
			expect(mended.length).toBeGreaterThan(code.length / 2);
		}
	}
});

test("64 processes that write the cache at once leave one whole copy of each file", async () => {
	const { get, right, directory } = await sandbox();
	expect(await Promise.all(Array.from({ length: 64 }, () => get()))).toEqual(Array.from({ length: 64 }, () => right));
	const written = read(directory);
	expect(Object.keys(written)).toHaveLength(2);
	expect(await get()).toEqual(right);
	expect(read(directory)).toEqual(written);
});

test("a cache that others can write is neither read nor written", async () => {
	const { get, right, directory } = await sandbox();
	mkdirSync(directory, { recursive: true });
	chmodSync(directory, 0o777);
	expect(await get()).toEqual(right);
	expect(readdirSync(directory)).toEqual([]);
});

test("a command that has no place for its cache runs without one", async () => {
	const { place, get, right } = await sandbox();
	writeFileSync(place.path("file"), "");
	expect(await get({ XDG_CACHE_HOME: place.path("file") })).toEqual(right);
	expect(await get({ HOME: undefined, XDG_CACHE_HOME: place.path("file") })).toEqual(right);
});

test("a relative XDG_CACHE_HOME is not one", async () => {
	const { place, right } = await sandbox();
	const env = { ...place.env, XDG_CACHE_HOME: "caches" };
	const args = [TROCLA, "get", "alice", "plain"];
	expect(await run(process.execPath, args, { env, cwd: place.directory })).toEqual(right);
	expect(existsSync(place.path("caches"))).toBe(false);
	expect(readdirSync(place.path("home/.cache/trocla"))).toHaveLength(2);
});

test.skipIf(process.getuid?.() !== 0)("root keeps no code below a directory of another user", async () => {
	const { place, get, right } = await sandbox();
	const home = { XDG_CACHE_HOME: undefined };
	chownSync(place.path("home"), 65534, 65534);
	expect(await get(home)).toEqual(right);
	expect(readdirSync(place.path("home"))).toEqual([]);
	// Nor is what is there already taken, though it is root's.
	mkdirSync(place.path("home/.cache/trocla"), { recursive: true, mode: 0o700 });
	expect(await get(home)).toEqual(right);
	expect(readdirSync(place.path("home/.cache/trocla"))).toEqual([]);
	chownSync(place.path("home"), 0, 0);
	chmodSync(place.path("home"), 0o777);
	expect(await get(home)).toEqual(right);
	expect(readdirSync(place.path("home/.cache/trocla"))).toEqual([]);
	chmodSync(place.path("home"), 0o755);
	expect(await get(home)).toEqual(right);
	expect(readdirSync(place.path("home/.cache/trocla"))).toHaveLength(2);
});

test("a cache directory that can't be made does not hold a command up", async () => {
	const { get, right } = await sandbox();
	expect(await get({ XDG_CACHE_HOME: "/proc/nope" })).toEqual(right);
});
