import {
	chmodSync,
	chownSync,
	cpSync,
	linkSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FILES, sha256 } from "../../../../src/publish/manifest.js";
import { readTree } from "../../../../src/publish/tree/published-tree.js";
import { withTree } from "../../../../src/publish/tree/tree.js";
import { isRoot } from "../../../support/nobody.js";
import { cleanUp, run, Sandbox } from "../../../support/sandbox.js";
import { addHost, contentOf, leftovers, look, modes, publish } from "../sets.js";

const HOSTS = ["db1.example.com", "www1.example.com", "www2.example.com"];

const newTree = () => new Sandbox().path("tree");
const stampsOf = (tree: string) => [...look(tree).stamps.values()];
const error = (code: string, message: RegExp, hint?: RegExp) =>
	expect.objectContaining({
		code,
		message: expect.stringMatching(message),
		hint: hint ? expect.stringMatching(hint) : expect.any(String),
	});

test("each host's files, brought together, are what sha256sum finds in its HashDigest", async () => {
	const tree = newTree();
	await publish(tree, HOSTS);
	for (const host of HOSTS) {
		const set = join(tree, "../set");
		cpSync(join(tree, "hosts", host), set, { recursive: true });
		for (const line of readFileSync(join(set, "HashDigest"), "utf8").trimEnd().split("\n")) {
			const [digest = "", name = ""] = line.split("  ");
			if (name !== "Host" && name !== "TimeStamp") cpSync(join(tree, "objects", digest), join(set, name));
		}
		const checked = await run("sha256sum", ["-c", "--strict", "HashDigest"], { cwd: set });
		expect(checked).toMatchObject({ code: 0, stderr: "" });
		expect(checked.stdout.match(/: OK$/gm)).toHaveLength(8);
		expect(readdirSync(set).sort()).toEqual([...FILES, "HashDigest", "HashDigest.signed", "Host", "TimeStamp"].sort());
		rmSync(set, { recursive: true });
	}
});

test("a content that hosts share is stored once, and the next run does not store it again", async () => {
	const tree = newTree();
	expect(await publish(tree, HOSTS, 1)).toMatchObject({ written: 3, kept: 0, added: 5 + HOSTS.length, mended: 0 });
	const objects = readdirSync(join(tree, "objects"));
	expect(objects).toHaveLength(5 + HOSTS.length);
	// At 7, all but the shadow is again what it was at 1.
	const inodes = new Map(objects.map((name) => [name, statSync(join(tree, "objects", name)).ino]));
	expect(await publish(tree, HOSTS, 7)).toMatchObject({ added: 1 });
	for (const [name, inode] of inodes) expect(statSync(join(tree, "objects", name)).ino).toBe(inode);
	expect(stampsOf(tree)).toEqual([7, 7, 7]);
});

test("what was published just before stays for its readers, and nothing older does", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	const first = await readTree(tree);
	await publish(tree, HOSTS.slice(1), 2);
	const shadow = first?.set("db1.example.com")?.digests.shadow ?? "";
	expect(first?.object(shadow)).toBe("shadow 1\n");
	expect(first?.hosts()).toEqual(HOSTS);
	expect(look(tree, join(tree, "generations/1")).stamps.size).toBe(3);

	// The passwd and the shadow of 1; its users' keys are those of 3 too.
	const { removed } = await publish(tree, HOSTS, 3);
	expect(removed).toEqual({ generations: 1, objects: 2 });
	expect(() => first?.object(shadow)).toThrow(error("damaged", /ENOENT/));
	expect(() => first?.set("db1.example.com")).toThrow(error("store", /was published twice while it was read$/));
	expect(leftovers(tree)).toEqual([]);
	expect(readdirSync(join(tree, "generations"))).toEqual(["2", "3"]);
});

test("a tree can be read without a lock: its hosts, their times, and what their files hold", async () => {
	const tree = newTree();
	expect(await readTree(tree)).toBeUndefined();
	await publish(tree, [], 1);
	expect((await readTree(tree))?.newest()).toBeUndefined();
	await withTree(tree, { create: false }, async (draft) => {
		for (const [index, host] of HOSTS.toReversed().entries()) addHost(draft, host, 5 + index);
		await draft.publish();
	});
	const published = await readTree(tree);
	expect(published?.hosts()).toEqual(HOSTS);
	expect(published?.newest()).toBe(7);
	expect(published?.set("www1.example.com")?.stamp).toBe(6);
	expect(published?.set("www3.example.com")).toBeUndefined();
	for (const file of FILES) {
		const digest = published?.set("www1.example.com")?.digests[file] ?? "";
		expect(published?.object(digest)).toBe(contentOf(file, "www1.example.com", 6));
	}
});

test("a host that is kept has its own time and the very same files, and objects that only it needs stay", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	for (const stamp of [2, 3, 4]) {
		await withTree(tree, { create: false }, async (draft) => {
			addHost(draft, "www1.example.com", stamp);
			draft.keep("db1.example.com");
			expect(await draft.publish()).toMatchObject({ written: 1, kept: 1 });
		});
		expect([...look(tree).stamps]).toEqual([
			["db1.example.com", 1],
			["www1.example.com", stamp],
		]);
		expect(leftovers(tree)).toEqual([]);
	}
	const inodes = (generation: string) =>
		modes(join(tree, "generations", generation, "db1.example.com")).flatMap(({ path, inode }) => (path ? [inode] : []));
	expect(inodes("4")).toEqual(inodes("3"));
});

test("work that does not publish leaves nothing, and what is published as it is", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	const before = modes(tree);
	const work = withTree(tree, { create: false }, async (draft) => {
		addHost(draft, "new.example.com", 2);
		throw new Error("no");
	});
	await expect(work).rejects.toThrow("no");
	await withTree(tree, { create: false }, async (draft) => addHost(draft, "new.example.com", 2));
	expect(modes(tree)).toEqual(before);
	expect(stampsOf(tree)).toEqual([1, 1, 1]);
});

test("a host has one set, its own, and of contents that are stored", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	await withTree(tree, { create: false }, async (draft) => {
		addHost(draft, "a", 2);
		expect(() => addHost(draft, "a", 2)).toThrow(error("invalid", /^a is there twice$/));
		expect(() => draft.keep("a")).toThrow(error("invalid", /^a is there twice$/));
		expect(() => draft.keep("www3.example.com")).toThrow(/^no set of www3.example.com is published$/);
		const signature = new Uint8Array([1]);
		const hashDigest = readFileSync(join(tree, "hosts/db1.example.com/HashDigest"), "utf8");
		const manifest = { host: "db1.example.com\n", timeStamp: "1\n", hashDigest };
		expect(() => draft.add("b", { manifest, signature })).toThrow(/^the set of b is another host's$/);
		const missing = { ...manifest, hashDigest: hashDigest.replace(/[0-9a-f]{64}(?= {2}passwd)/, "0".repeat(64)) };
		expect(() => draft.add("db1.example.com", { manifest: missing, signature })).toThrow(/can't be read/);
		await draft.publish();
		await expect(draft.publish()).rejects.toThrow(/closed/);
		expect(() => draft.object("x")).toThrow(/closed/);
	});
	expect([...look(tree).stamps]).toEqual([["a", 2]]);
});

test.each([
	["cut", (path: string) => truncateSync(path, 3)],
	["empty", (path: string) => truncateSync(path, 0)],
	["altered", (path: string) => writeFileSync(path, "hello there")],
	[
		"a link",
		(path: string) => {
			renameSync(path, `${path}.moved`);
			symlinkSync(`${path}.moved`, path);
		},
	],
])("an object that is %s is found and replaced by the next run that needs it", async (_, spoil) => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	const path = join(tree, "objects", sha256("gshadow\n"));
	spoil(path);
	expect(await publish(tree, HOSTS, 2)).toMatchObject({ mended: 1 });
	expect(readFileSync(path, "utf8")).toBe("gshadow\n");
	look(tree);
});

test("an object that is a link is not held, though it leads to the same content", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	const holds = () =>
		withTree(tree, { create: false }, async (draft) => {
			const { digests } = draft.current?.set("db1.example.com") ?? expect.unreachable();
			return draft.holds(digests);
		});
	expect(await holds()).toBe(true);
	const path = join(tree, "objects", sha256("gshadow\n"));
	renameSync(path, `${tree}.moved`);
	symlinkSync(`${tree}.moved`, path);
	expect(await holds()).toBe(false);
});

test("a host whose set or contents are damaged is not kept, and is mended when it is published", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	const keep = () =>
		withTree(tree, { create: false }, async (draft) => {
			draft.keep("db1.example.com");
			await draft.publish();
		});
	const object = join(tree, "objects", sha256("shadow 1\n"));
	writeFileSync(object, "spoilt");
	await expect(keep()).rejects.toThrow(error("damaged", /has another SHA-256 than its name$/, /Publish all hosts/));
	writeFileSync(object, "shadow 1\n");
	for (const [name, text] of Object.entries({ TimeStamp: "2\n", Host: "www1.example.com\n", HashDigest: "" })) {
		await publish(tree, HOSTS, 1);
		// A file of its own, as the hosts share these.
		const path = join(tree, "hosts/db1.example.com", name);
		rmSync(path);
		writeFileSync(path, text);
		const damaged = error("damaged", /^the published set of db1.example.com is damaged: .*(Host|HashDigest)/);
		await expect(keep()).rejects.toThrow(damaged);
		await expect(async () => (await readTree(tree))?.set("db1.example.com")).rejects.toThrow(damaged);
		await publish(tree, HOSTS, 2);
		expect(stampsOf(tree)).toEqual([2, 2, 2]);
	}
	rmSync(join(tree, "hosts/db1.example.com/HashDigest.signed"));
	await expect(keep()).rejects.toThrow(error("damaged", /HashDigest.signed is not there any more$/));
});

test("files are 0600 and directories 0700 whatever the umask", async () => {
	const before = process.umask();
	cleanUp(() => process.umask(before));
	for (const umask of isRoot ? [0, 0o777] : [0, 0o277]) {
		const sandbox = new Sandbox();
		process.umask(umask);
		const tree = sandbox.path("tree");
		for (const stamp of [1, 2]) await publish(tree, HOSTS, stamp);
		process.umask(before);
		const wrong = modes(tree).filter(({ path, mode }) => {
			return mode !== (statSync(join(tree, path)).isDirectory() ? "700" : "600");
		});
		expect(wrong).toEqual([]);
	}
});

test.each([0o750, 0o705, 0o770, 0o777])("a tree that others can enter is refused with the chmod: %o", async (mode) => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	chmodSync(tree, mode);
	const refused = error("store", /can be read or written by others/, new RegExp(`^Run: chmod 700 ${tree}`));
	await expect(publish(tree, HOSTS, 2)).rejects.toThrow(refused);
	await expect(readTree(tree)).rejects.toThrow(refused);
	chmodSync(tree, 0o700);
	expect(stampsOf(tree)).toEqual([1, 1, 1]);
});

test("a tree in a directory where others can write is refused with the chmod", async () => {
	const sandbox = new Sandbox();
	const tree = sandbox.path("tree");
	chmodSync(sandbox.directory, 0o777);
	const refused = error("store", /can be written by others/, new RegExp(`^Run: chmod go-w ${sandbox.directory}$`));
	await expect(publish(tree, HOSTS, 1)).rejects.toThrow(refused);
	expect(readdirSync(sandbox.directory)).not.toContain("tree");
});

test.skipIf(!isRoot)("root reads the tree of another user, and does not write to it", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	chownSync(tree, 65534, 65534);
	expect((await readTree(tree))?.hosts()).toEqual(HOSTS);
	await expect(publish(tree, HOSTS, 2)).rejects.toThrow(error("store", /belongs to another user$/));
});

test("what is no tree is refused and stays as it is", async () => {
	const sandbox = new Sandbox();
	const tree = sandbox.path("tree");
	const refused = async (code: string, message: RegExp) => {
		await expect(publish(tree, HOSTS, 1)).rejects.toThrow(error(code, message));
		await expect(readTree(tree)).rejects.toThrow(error(code, message));
	};
	mkdirSync(join(tree, "objects"), { recursive: true, mode: 0o700 });
	writeFileSync(join(tree, "objects", sha256("")), "mine");
	await refused("config", /is not empty, and is no tree that trocla published$/);
	expect(modes(tree).map(({ path }) => path)).toEqual(["", "objects", `objects/${sha256("")}`]);
	renameSync(tree, sandbox.path("elsewhere"));

	writeFileSync(tree, "x");
	await refused("config", /tree is not a directory$/);
	rmSync(tree);
	mkdirSync(sandbox.path("real"), { mode: 0o700 });
	symlinkSync(sandbox.path("real"), tree);
	await refused("config", /tree is a symbolic link$/);
	expect(readdirSync(sandbox.path("real"))).toEqual([]);
});

test("a tree whose parts were replaced is refused, and says what to do", async () => {
	const tree = newTree();
	const { hosts, objects } = { hosts: join(tree, "hosts"), objects: join(tree, "objects") };
	await publish(tree, HOSTS, 1);
	rmSync(hosts);
	for (const target of ["generations/9", "/etc", "generations/../.."]) {
		symlinkSync(target, hosts);
		await expect(publish(tree, HOSTS, 2)).rejects.toThrow(
			error("damaged", /hosts leads to .*, where no generation is$/),
		);
		rmSync(hosts);
	}
	mkdirSync(hosts);
	await expect(publish(tree, HOSTS, 2)).rejects.toThrow(error("damaged", /hosts is no link/, /rm -r .*hosts$/));
	rmSync(hosts, { recursive: true });
	await publish(tree, HOSTS, 3);
	expect(stampsOf(tree)).toEqual([3, 3, 3]);
	renameSync(objects, `${objects}.moved`);
	symlinkSync(`${objects}.moved`, objects);
	await expect(publish(tree, HOSTS, 4)).rejects.toThrow(error("damaged", /objects is not a directory$/));
});

test("what others put beside its own is left alone, a lock that someone removed is made again", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	const foreign = ["README", "objects/notes", "objects/ABC", "generations/backup", "generations/007"];
	for (const name of foreign) writeFileSync(join(tree, name), "mine");
	rmSync(join(tree, "publish.lock"));
	for (const stamp of [2, 3, 4]) await publish(tree, HOSTS, stamp);
	expect(leftovers(tree).sort()).toEqual(foreign.sort());
});

test("whatever got into a generation goes with it, and what a link in it leads to stays", async () => {
	const sandbox = new Sandbox();
	const tree = sandbox.path("tree");
	await publish(tree, HOSTS, 1);
	mkdirSync(join(tree, "hosts/db1.example.com/notes/more"), { recursive: true });
	writeFileSync(join(tree, "hosts/notes"), "mine");
	mkdirSync(sandbox.path("other"));
	writeFileSync(sandbox.path("other/file"), "x");
	symlinkSync(sandbox.path("other"), join(tree, "hosts/www1.example.com/other"));
	symlinkSync(sandbox.path("other"), join(tree, "hosts/other"));
	symlinkSync(sandbox.path("other"), join(tree, "generations/77"));
	for (const stamp of [2, 3]) await publish(tree, HOSTS, stamp);
	expect(leftovers(tree)).toEqual(["generations/77"]);
	expect(readdirSync(sandbox.path("other"))).toEqual(["file"]);
});

test.skipIf(!isRoot)("what can't be removed keeps nothing back, and is told until it can", async ({ skip }) => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	const busy = join(tree, "generations/1/db1.example.com");
	const mounted = await run("mount", ["-t", "tmpfs", "tmpfs", busy]);
	if (mounted.code !== 0 && !process.env.CI) skip(`can't mount a tmpfs: ${mounted.stderr}`);
	cleanUp(() => run("umount", [busy]));
	await publish(tree, HOSTS, 2);
	for (const stamp of [3, 4]) {
		await expect(publish(tree, HOSTS, stamp)).rejects.toThrow(error("store", /tree can't be tidied up: .*busy.*db1/));
		expect(stampsOf(tree)).toEqual([stamp, stamp, stamp]);
	}
	expect(await run("umount", [busy])).toMatchObject({ code: 0 });
	await publish(tree, HOSTS, 5);
	expect(leftovers(tree)).toEqual([]);
});

test("an empty directory, a disk of its own, and one whose parents are not there become a tree", async () => {
	const sandbox = new Sandbox();
	mkdirSync(sandbox.path("empty"), { mode: 0o700 });
	mkdirSync(sandbox.path("disk/lost+found"), { recursive: true, mode: 0o700 });
	chmodSync(sandbox.path("disk"), 0o700);
	for (const name of ["empty", "disk", "a/b/c"]) {
		await publish(sandbox.path(name), HOSTS, 1);
		expect(stampsOf(sandbox.path(name))).toEqual([1, 1, 1]);
	}
	const none = withTree(sandbox.path("none"), { create: false }, async () => {});
	await expect(none).rejects.toThrow(error("config", /^there is no tree at /));
});

test("a tree can be moved as it is, and its path may be relative", async () => {
	const tree = newTree();
	await publish(tree, HOSTS, 1);
	renameSync(tree, `${tree}.moved`);
	await publish(`${tree}.moved`, HOSTS, 2);
	expect(stampsOf(`${tree}.moved`)).toEqual([2, 2, 2]);
	expect(readlinkSync(`${tree}.moved/hosts`)).toBe("generations/2");
});

test("so many hosts that a file system has not that many links to one file are all published", async () => {
	const tree = newTree();
	// ext4 has 65,000 links to a file; what links there are to the first TimeStamp is taken away here.
	await withTree(tree, { create: true }, async (draft) => {
		for (let i = 0; i < 400; i++) addHost(draft, `host${i}`, 1);
		let links = 0;
		await draft.publish((done) => {
			if (done !== 128) return;
			const stamp = join(tree, "generations/1/host0/TimeStamp");
			mkdirSync(join(tree, "links"));
			for (; links < 66_000; links++) {
				try {
					linkSync(stamp, join(tree, "links", String(links)));
				} catch {
					break;
				}
			}
		});
	});
	expect(look(tree).stamps.size).toBe(400);
});

test("progress is told up to the last step, with what is removed", async () => {
	const tree = newTree();
	const hosts = Array.from({ length: 300 }, (_, i) => `host${i}`);
	for (const stamp of [1, 2, 3]) {
		const seen: (readonly [number, number])[] = [];
		await withTree(tree, { create: true }, async (draft) => {
			for (const host of hosts) addHost(draft, host, stamp);
			await draft.publish((...step) => seen.push(step));
		});
		const total = stamp === 3 ? 600 : 300;
		expect(seen.at(-1)).toEqual([total, total]);
		expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
		expect(seen.length).toBeGreaterThan(2);
	}
});

test("texts that differ in the middle only are told apart, however many there are", async () => {
	const tree = newTree();
	await withTree(tree, { create: true }, async (draft) => {
		const middle = (index: number) => `${"a".repeat(5000)}${String(index).padStart(4, "0")}${"b".repeat(5000)}`;
		for (let round = 0; round < 2; round++) {
			for (let index = 0; index < 200; index++) expect(draft.object(middle(index))).toBe(sha256(middle(index)));
		}
		addHost(draft, "a", 1);
		expect(await draft.publish()).toMatchObject({ added: 206, removed: { objects: 200 } });
	});
});
