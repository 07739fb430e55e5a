import { randomBytes, randomUUID } from "node:crypto";
import { link, open, readdir, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeDirectory } from "../../backends/sqlite/file.js";
import { sync } from "../../backends/sync.js";
import { TroclaError } from "../errors.js";
import { lineKey, parseRing, type RingKey, ringHeader, ringLine } from "./key-ring.js";

/** Rings that are being written: `<path>.new-<uuid>`, beside the one that they will become. */
const NEW_SUFFIX = ".new-";

/** A new random key. Its name is random too: two rings that were made apart never mean different keys by one name. */
export function makeKey(now: Date): RingKey {
	return { id: randomBytes(4).toString("hex"), created: now.toISOString(), bytes: randomBytes(32) };
}

/**
 * Makes a ring with one new key, mode 0600, in directories that are made with 0700; one that is there stays as it is. The
 * caller holds the ring's lock.
 *
 * @param store - the path of the store that it is for
 * @returns whether it was made
 * @throws {TroclaError} `ring`
 */
export async function createRing(path: string, store: string, now: Date): Promise<boolean> {
	return await writing(path, async () => {
		makeDirectory(dirname(path));
		const fresh = await writeBeside(path, ringHeader(store) + ringLine(makeKey(now)));
		try {
			await link(fresh, path);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
			throw error;
		} finally {
			await unlink(fresh);
		}
		await syncAbove(path);
		return true;
	});
}

/**
 * Adds a new key to a ring's file, which from now on seals; the caller holds the ring's lock.
 *
 * First it is there, then it seals: other processes seal with it as soon as they see it in the last place, and if the
 * machine lost its power right then, the ring from before is the one that is left.
 *
 * @throws {TroclaError} `ring`
 */
export async function addKey(path: string, now: Date): Promise<RingKey> {
	const key = makeKey(now);
	await edit(path, (text) => inFrontOfLast(text, ringLine(key)));
	await edit(path, (text) => without(text, [key.id]).replace(/\n*$/, "\n") + ringLine(key));
	return key;
}

/** Takes keys out of a ring's file; the caller holds the ring's lock. */
export async function dropKeys(path: string, ids: readonly string[]): Promise<void> {
	await edit(path, (text) => without(text, ids));
}

function inFrontOfLast(text: string, keyLine: string): string {
	const lines = text.split("\n");
	const last = lines.findLastIndex((line) => lineKey(line) !== undefined);
	return `${lines
		.slice(0, last)
		.map((line) => `${line}\n`)
		.join("")}${keyLine}${lines.slice(last).join("\n")}`;
}

function without(text: string, ids: readonly string[]): string {
	const lines = text.split("\n").filter((line) => !ids.includes(lineKey(line) ?? ""));
	return lines.join("\n");
}

/** Replaces the file, so that a reader, and a crash, meet the whole old one or the whole new one. */
async function edit(path: string, change: (text: string) => string): Promise<void> {
	await writing(path, async () => {
		const file = await realpath(path);
		const text = change(await readFile(file, "utf8"));
		parseRing(text, `the key ring ${path}`);
		const fresh = await writeBeside(file, text, await stat(file));
		try {
			await rename(fresh, file);
		} catch (error) {
			await unlink(fresh);
			throw error;
		}
		await sync(dirname(file));
	});
}

async function writeBeside(path: string, text: string, owner?: { uid: number; gid: number }): Promise<string> {
	await removeLeftovers(path);
	const fresh = `${path}${NEW_SUFFIX}${randomUUID()}`;
	const file = await open(fresh, "wx", 0o600);
	try {
		await file.writeFile(text);
		if (owner) await file.chown(owner.uid, owner.gid);
		await file.sync();
	} catch (error) {
		await unlink(fresh);
		throw error;
	} finally {
		await file.close();
	}
	return fresh;
}

/** What a process left that died while it wrote the ring has keys in it; whoever holds the lock is the only one writing. */
async function removeLeftovers(path: string): Promise<void> {
	const directory = dirname(path);
	for (const name of await readdir(directory)) {
		if (name.startsWith(basename(path) + NEW_SUFFIX)) await unlink(join(directory, name));
	}
}

/** The directories that were made on the way are to last too; what may not be looked at was there before. */
async function syncAbove(path: string): Promise<void> {
	await sync(dirname(path));
	for (let above = dirname(dirname(path)); above !== dirname(above); above = dirname(above)) {
		await sync(above).catch(() => {});
	}
}

async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof TroclaError) throw error;
		const { message } = error as Error;
		throw new TroclaError(
			"ring",
			`the key ring ${path} can't be written: ${message}`,
			"It is as it was. Run it as the user who owns the ring, with space on its disk",
		);
	}
}
