import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { FILES, type FileDigests, printManifest } from "../../../src/publish/manifest.js";
import type { Draft, Switched } from "../../../src/publish/tree/draft.js";
import { withTree } from "../../../src/publish/tree/tree.js";

/** The content of a file of a host at a time: some change at each time, some come back, some never change. */
export function contentOf(file: string, host: string, stamp: number): string {
	const texts: Record<string, string> = {
		passwd: `passwd ${stamp % 3}\n`,
		shadow: `shadow ${stamp}\n`,
		user_keys: `keys of ${host} ${stamp % 2}\n`,
	};
	return texts[file] ?? `${file}\n`;
}

/** In the place of a signature: what nobody could take for that of another manifest. */
export const signatureOf = (hashDigest: string) => createHash("sha512").update(hashDigest).digest();

/** Adds a host with a set whose contents are given by file, or are those of its time. */
export function addHost(draft: Draft, host: string, stamp: number, contents: Partial<FileDigests> = {}): void {
	const digests = Object.fromEntries(
		FILES.map((file) => [file, draft.object(contents[file] ?? contentOf(file, host, stamp))]),
	) as FileDigests; // it has all of FILES
	const manifest = printManifest(host, stamp, digests);
	draft.add(host, { manifest, signature: signatureOf(manifest.hashDigest) });
}

/**
 * Publishes hosts at a time, by default the one after the newest that is published.
 *
 * @throws {TroclaError} also where not all could be removed after it
 */
export function publish(tree: string, hosts: readonly string[], at?: number): Promise<Switched> {
	return withTree(tree, { create: true }, async (draft) => {
		const stamp = at ?? (draft.current?.newest() ?? 0) + 1;
		for (const host of hosts) addHost(draft, host, stamp);
		const publication = await draft.publish();
		if (publication.notRemoved) throw publication.notRemoved;
		return publication;
	});
}

/** A published tree as a reader of its files finds it, who knows nothing of how it was made. */
export interface Seen {
	/** The `TimeStamp` of each host. */
	readonly stamps: ReadonlyMap<string, number>;
	/** The names of all objects that its hosts need. */
	readonly objects: ReadonlySet<string>;
}

/** @throws {Error} where a set is not whole */
export function look(tree: string, generation = join(tree, readlinkSync(join(tree, "hosts")))): Seen {
	const stamps = new Map<string, number>();
	const objects = new Set<string>();
	for (const host of readdirSync(generation)) {
		const read = (name: string) => readFileSync(join(generation, host, name));
		const hashDigest = read("HashDigest").toString();
		if (!read("HashDigest.signed").equals(signatureOf(hashDigest))) throw new Error(`${host}: not its signature`);
		if (read("Host").toString() !== `${host}\n`) throw new Error(`${host}: not its Host`);
		for (const line of hashDigest.trimEnd().split("\n")) {
			const [digest = "", name = ""] = line.split("  ");
			const isObject = !["Host", "TimeStamp"].includes(name);
			const content = isObject ? readFileSync(join(tree, "objects", digest)) : read(name);
			if (createHash("sha256").update(content).digest("hex") !== digest) throw new Error(`${host}: ${name} differs`);
			if (isObject) objects.add(digest);
		}
		stamps.set(host, Number(read("TimeStamp").toString()));
	}
	return { stamps, objects };
}

/** What is in a tree that neither what is published nor what was before needs. */
export function leftovers(tree: string): string[] {
	const current = Number(readlinkSync(join(tree, "hosts")).replace("generations/", ""));
	const previous = join(tree, "generations", String(current - 1));
	const needed = new Set(["publish.lock", "hosts", "objects", "generations", `generations/${current}`]);
	if (existsSync(previous)) needed.add(`generations/${current - 1}`);
	for (const digest of look(tree).objects) needed.add(`objects/${digest}`);
	if (existsSync(previous)) for (const digest of look(tree, previous).objects) needed.add(`objects/${digest}`);
	const there = ["", "objects", "generations"].flatMap((directory) =>
		readdirSync(join(tree, directory)).map((name) => join(directory, name)),
	);
	return there.filter((name) => !needed.has(name));
}

/** Every file and directory of a tree with its mode, in octal. */
export function modes(tree: string): { readonly path: string; readonly mode: string; readonly inode: number }[] {
	const names = readdirSync(tree, { recursive: true, encoding: "utf8" });
	return ["", ...names].flatMap((name) => {
		const path = join(tree, name);
		if (lstatSync(path).isSymbolicLink()) return [];
		const { mode, ino } = statSync(path);
		return [{ path: name, mode: (mode & 0o7777).toString(8), inode: ino }];
	});
}
