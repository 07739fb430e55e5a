import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect } from "vitest";
import type { Foreign, Reader } from "../../src/import/foreign.js";

/** All that a reader gives. */
export async function all(reader: Reader): Promise<Foreign[]> {
	const found: Foreign[] = [];
	for await (const foreign of reader) found.push(foreign);
	return found;
}

/** What came in, by key. */
export async function formatsOf(reader: Reader): Promise<{ [key: string]: unknown }> {
	const found = await all(reader);
	return Object.fromEntries(found.flatMap((foreign) => ("formats" in foreign ? [[foreign.key, foreign.formats]] : [])));
}

/** Expects that a file and the files beside it are after `work` what they were before. */
export async function leavesUntouched<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
	const before = surroundingsOf(path);
	const result = await work();
	expect(surroundingsOf(path)).toEqual(before);
	return result;
}

function surroundingsOf(path: string): { [name: string]: string } {
	const directory = dirname(path);
	const files = readdirSync(directory).filter((name) => name.startsWith(basename(path)));
	return Object.fromEntries(
		files.map((name) => [
			name,
			createHash("sha256")
				.update(readFileSync(join(directory, name)))
				.digest("hex"),
		]),
	);
}
