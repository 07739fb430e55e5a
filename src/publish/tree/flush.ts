import { execFile } from "node:child_process";
import { closeSync, fsyncSync, openSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Layout } from "./layout.js";
import { writing } from "./write.js";

/**
 * Waits until all that a run made is on the disk: by one syncfs(2) of the tree's file system, which Node does not have
 * but coreutils' sync(1) does; without that, file by file, which takes many times as long.
 *
 * @param generation - the number of the one that the run made
 * @param added - the names of the objects that it added
 * @throws {TroclaError} `store`
 */
export async function flush(layout: Layout, generation: number, added: Iterable<string>): Promise<void> {
	if (await syncFileSystem(layout.directory)) return;
	for (const digest of added) flushPath(layout.object(digest));
	const directory = layout.generation(generation);
	for (const host of readdirSync(directory)) {
		for (const name of readdirSync(join(directory, host))) flushPath(join(directory, host, name));
		flushPath(join(directory, host));
	}
	const { objects, generations } = layout;
	for (const path of [directory, objects, generations, layout.directory, dirname(layout.directory)]) flushPath(path);
}

/**
 * Waits until a file, or which names a directory has, is on the disk.
 *
 * @throws {TroclaError} `store`
 */
export function flushPath(path: string): void {
	writing(path, () => {
		const file = openSync(path, "r");
		try {
			fsyncSync(file);
		} catch (error) {
			// Not every file system of a network can, for a directory.
			if (!["EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
		} finally {
			closeSync(file);
		}
	});
}

function syncFileSystem(directory: string): Promise<boolean> {
	return new Promise((resolve) => {
		execFile("sync", ["-f", directory], (error) => resolve(error === null));
	});
}
