import { type Dirent, readdirSync, readFileSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { TroclaError } from "../../errors.js";
import type { Layout } from "./layout.js";
import { isObject } from "./objects.js";
import { slices } from "./slices.js";

/** What was removed. */
export interface Swept {
	readonly objects: number;
	readonly generations: number;
}

export interface SweepSettings {
	/** Hears of so many hosts of old generations that are gone. */
	readonly removed?: (hosts: number) => void;
	/** Objects that are known to be needed. */
	readonly named?: ReadonlySet<string>;
}

/**
 * Removes what a tree does not need: whatever the published generation and the one before it don't name. Only who holds
 * the tree's lock may do it.
 *
 * Objects go first: as long as there is a generation too many, the next run knows that there may be objects too many.
 *
 * @throws {TroclaError} `store`
 */
export async function sweep(layout: Layout, settings: SweepSettings = {}): Promise<Swept> {
	try {
		return await remove(layout, settings);
	} catch (error) {
		if (error instanceof TroclaError) throw error;
		const why = (error as Error).message; // of the file system
		const hint = "What is published is whole: mend that, and run it again";
		throw new TroclaError("store", `${layout.directory} can't be tidied up: ${why}`, hint, error);
	}
}

async function remove(layout: Layout, { removed = () => {}, named }: SweepSettings): Promise<Swept> {
	const published = layout.published();
	const { kept, superfluous } = divide(layout.numbers(), published);
	rmSync(layout.newHosts, { force: true });
	const objects = await sweepObjects(layout, kept, named);
	for (const number of superfluous) {
		const directory = layout.generation(number);
		for await (const hosts of slices(readdirSync(directory, { withFileTypes: true }))) {
			for (const host of hosts) removeHost(join(directory, host.name), host);
			removed(hosts.length);
		}
		rmSync(directory, { recursive: true, force: true });
	}
	return { objects, generations: superfluous.length };
}

/** Whether a killed run left something, or may have. */
export function needsSweep(layout: Layout): boolean {
	return divide(layout.numbers(), layout.published()).superfluous.length > 0;
}

/** How many hosts the generation has that goes when one is published. */
export function hostsToRemove(layout: Layout): number {
	const { superfluous } = divide(layout.numbers(), (layout.published() ?? 0) + 1);
	return superfluous.reduce((sum, number) => sum + readdirSync(layout.generation(number)).length, 0);
}

function divide(numbers: readonly number[], published: number | undefined) {
	const previous = numbers.findLast((number) => published !== undefined && number < published);
	const isKept = (number: number) => number === published || number === previous;
	return { kept: numbers.filter(isKept), superfluous: numbers.filter((number) => !isKept(number)) };
}

/** For what a publisher made this takes half of the time that rmSync does, which is for anything else. */
function removeHost(directory: string, entry: Dirent): void {
	try {
		// What a link leads to is not ours; rmdir(2) refuses the link, and then it goes alone.
		const names = entry.isDirectory() ? readdirSync(directory) : [];
		for (const name of names) unlinkSync(join(directory, name));
		rmdirSync(directory);
	} catch {
		rmSync(directory, { recursive: true, force: true });
	}
}

async function sweepObjects(
	layout: Layout,
	generations: readonly number[],
	named: ReadonlySet<string> = new Set(),
): Promise<number> {
	const objects = readdirSync(layout.objects).filter((name) => isObject(name) && !named.has(name));
	const superfluous = new Set(objects);
	// The newest names nearly all of them: often no other has to be read, and not that one where what it names is known.
	for (const number of generations.toReversed()) {
		if (superfluous.size === 0) break;
		await spare(layout.generation(number), superfluous);
	}
	for await (const names of slices([...superfluous])) {
		for (const name of names) rmSync(layout.object(name), { force: true });
	}
	return superfluous.size;
}

/** Takes out of some objects those that a generation names. */
async function spare(generation: string, objects: Set<string>): Promise<void> {
	for await (const hosts of slices(readdirSync(generation))) {
		for (const host of hosts) {
			for (const digest of digestsIn(join(generation, host, "HashDigest"))) objects.delete(digest);
		}
	}
}

/** Whatever looks like a digest in a manifest, be it damaged or not there. */
function digestsIn(path: string): readonly string[] {
	try {
		return readFileSync(path, "latin1").match(/\b[0-9a-f]{64}\b/g) ?? [];
	} catch (error) {
		if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
		throw error;
	}
}
