import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { makeDirectory } from "../../../backends/sqlite/file.js";
import { TroclaError } from "../../errors.js";
import { Draft } from "./draft.js";
import { Layout } from "./layout.js";
import { checkPlace } from "./place.js";
import { PublishedTree } from "./published-tree.js";
import { needsSweep, sweep } from "./sweep.js";
import { lockTree } from "./tree-lock.js";
import { makeNew, writing } from "./write.js";

export interface TreeSettings {
	/** Whether to make the tree where it is not there. */
	readonly create: boolean;
}

/**
 * Does some work with a draft of what a tree is to become, while no other process does. What killed runs left is removed
 * before, and the draft after, where the work did not publish it.
 *
 * @throws {TroclaError} `config` where something else is in the tree's place; `store` where others can read or write it,
 *   another process publishes there, or it can't be written; `damaged` where it is not whole
 */
export async function withTree<Result>(
	directory: string,
	{ create }: TreeSettings,
	work: (draft: Draft) => Promise<Result>,
): Promise<Result> {
	const layout = new Layout(resolve(directory));
	if (!checkPlace(layout, "write")) {
		if (!create) {
			throw new TroclaError("config", `there is no tree at ${layout.directory}`, "Name the directory of one");
		}
		writing(layout.directory, () => make(layout.directory));
		checkPlace(layout, "write");
	}
	return await lockTree(layout, async () => {
		for (const path of [layout.objects, layout.generations]) if (!existsSync(path)) makeNew(path);
		// What can't be removed must not keep new sets back: it is told once they are published.
		if (needsSweep(layout)) await sweep(layout).catch(() => {});
		const published = layout.published();
		const current = published === undefined ? undefined : new PublishedTree(layout, published);
		const draft = new Draft(layout, (published ?? 0) + 1, current);
		try {
			return await work(draft);
		} finally {
			await draft.discard();
		}
	});
}

/** Makes a directory that only its owner can enter, whatever the umask; another run may do so at the same time. */
function make(directory: string): void {
	makeDirectory(dirname(directory));
	try {
		mkdirSync(directory, 0o700);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
		throw error;
	}
	chmodSync(directory, 0o700);
}
