import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { expandGlob, lookedNowhere } from "../../../src/hiera/glob.js";
import { Alarm } from "../../../src/publish/watch/alarm.js";
import { WatchedDirectories } from "../../../src/publish/watch/directories.js";
import { Places } from "../../../src/publish/watch/places.js";
import { cleanUp } from "../../support/sandbox.js";

/** Files in a directory of their own, and whoever watches them. */
class Watched {
	readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "trocla-watch-")));
	readonly #directories: WatchedDirectories;
	#hear = () => {};
	#heard = new Promise<void>(() => {});

	constructor() {
		const hear = () => this.#hear();
		const unwatched = (directory: string, error: Error) => expect.fail(`${directory}: ${error.message}`);
		this.#directories = new WatchedDirectories({ except: this.path("tree"), changed: hear, unwatched });
		cleanUp(() => {
			this.#directories.close();
			rmSync(this.directory, { recursive: true, force: true });
		});
	}

	path(name: string): string {
		return join(this.directory, name);
	}

	write(name: string, text = "x"): void {
		mkdirSync(dirname(this.path(name)), { recursive: true });
		writeFileSync(this.path(name), text);
	}

	/** Watches what leads to these, as after a run that read them. */
	async watch(files: readonly string[], directories: readonly string[] = []): Promise<boolean> {
		return await this.watchAll({
			files: new Set(files.map((name) => this.path(name))),
			directories: new Set(directories.map((name) => this.path(name))),
		});
	}

	async watchAll(looked: { files: Set<string>; directories: Set<string> }): Promise<boolean> {
		const places = new Places();
		await places.add(looked);
		return this.#directories.set(places.directories);
	}

	/** Does something, and waits until it is heard; what happened before does not count. */
	async hears(change: () => void): Promise<void> {
		await allDelivered();
		this.#listen();
		change();
		await this.#heard;
	}

	/** Does something that must not be heard: it is not, by the time when what comes after it is. */
	async ignores(change: () => void, heard: () => void): Promise<void> {
		let count = 0;
		await allDelivered();
		this.#listen(() => count++);
		change();
		await allDelivered();
		expect(count).toBe(0);
		heard();
		await this.#heard;
	}

	#listen(also = () => {}): void {
		this.#heard = new Promise((resolve) => {
			this.#hear = () => {
				also();
				resolve();
			};
		});
	}
}

/** Waits until Node has read the events that the kernel has. */
async function allDelivered(): Promise<void> {
	for (let turns = 0; turns < 3; turns++) await setImmediate();
}

describe("a change is heard", () => {
	test("of a file that is written, removed, and made anew", async () => {
		const site = new Watched();
		site.write("data/common.yaml");
		await site.watch(["data/common.yaml"]);
		await site.hears(() => site.write("data/common.yaml", "y"));
		await site.hears(() => rmSync(site.path("data/common.yaml")));
		await site.hears(() => site.write("data/common.yaml"));
	});

	test("of a file that an editor puts in its place", async () => {
		const site = new Watched();
		site.write("data/common.yaml");
		await site.watch(["data/common.yaml"]);
		site.write("data/.common.yaml.new");
		await site.hears(() => renameSync(site.path("data/.common.yaml.new"), site.path("data/common.yaml")));
	});

	test("of a file that is not there yet, nor the directories above it", async () => {
		const site = new Watched();
		await site.watch(["data/os/Debian.yaml"]);
		await site.hears(() => mkdirSync(site.path("data")));
		await site.watch(["data/os/Debian.yaml"]);
		await site.hears(() => mkdirSync(site.path("data/os")));
		await site.watch(["data/os/Debian.yaml"]);
		await site.hears(() => site.write("data/os/Debian.yaml"));
	});

	test("of a link on the way, and of what it leads to", async () => {
		const site = new Watched();
		site.write("one/data/common.yaml");
		site.write("two/data/common.yaml");
		symlinkSync("one", site.path("live"));
		await site.watch(["live/data/common.yaml"]);
		await site.hears(() => site.write("one/data/common.yaml", "y"));
		await site.hears(() => {
			symlinkSync("two", site.path("next"));
			renameSync(site.path("next"), site.path("live"));
		});
		await site.watch(["live/data/common.yaml"]);
		await site.hears(() => site.write("two/data/common.yaml", "y"));
	});

	test("of links to files, by a relative path through the directory above", async () => {
		const site = new Watched();
		site.write("shared/common.yaml");
		mkdirSync(site.path("data"));
		symlinkSync("../shared/common.yaml", site.path("data/common.yaml"));
		await site.watch(["data/common.yaml"]);
		await site.hears(() => site.write("shared/common.yaml", "y"));
	});

	test("of a directory that is removed and made anew with the same name, which may have its number too", async () => {
		const site = new Watched();
		site.write("data/common.yaml");
		await site.watch(["data/common.yaml"]);
		await site.hears(() => {
			rmSync(site.path("data"), { recursive: true });
			site.write("data/common.yaml");
		});
		await site.watch(["data/common.yaml"]);
		await site.hears(() => site.write("data/common.yaml", "y"));
	});

	test("of any name in a directory that was listed", async () => {
		const site = new Watched();
		site.write("hosts/www1.yaml");
		await site.watch(["hosts/www1.yaml"], ["hosts"]);
		await site.hears(() => site.write("hosts/www2.yaml"));
	});

	test("of each directory that a glob enters, and of those that it would enter", async () => {
		const site = new Watched();
		site.write("data/a/x.yaml");
		mkdirSync(site.path("data/b"));
		const look = async () => {
			const looked = lookedNowhere();
			await expandGlob(site.path("data/*/{x,y}.yaml"), looked);
			await site.watchAll(looked);
		};
		await look();
		await site.hears(() => site.write("data/a/y.yaml"));
		await site.hears(() => site.write("data/b/x.yaml"));
		await site.hears(() => mkdirSync(site.path("data/c")));
		await look();
		await site.hears(() => site.write("data/c/x.yaml"));
	});
});

test("a link that leads to itself is followed no further", async () => {
	const site = new Watched();
	symlinkSync("loop", site.path("loop"));
	await site.watch(["loop/common.yaml"]);
	await site.hears(() => rmSync(site.path("loop")));
});

test("names that nobody looked up, and the tree, are not heard of", async () => {
	const site = new Watched();
	site.write("data/common.yaml");
	mkdirSync(site.path("tree/sub"), { recursive: true });
	await site.watch(["data/common.yaml"], ["tree", "tree/sub"]);
	await site.ignores(
		() => {
			site.write("data/other.yaml");
			site.write("other/common.yaml");
			site.write("tree/x");
			site.write("tree/sub/x");
		},
		() => site.write("data/common.yaml", "y"),
	);
});

test("what is watched already counts as new only where another directory is in its place", async () => {
	const site = new Watched();
	site.write("data/common.yaml");
	expect(await site.watch(["data/common.yaml"])).toBe(true);
	expect(await site.watch(["data/common.yaml"])).toBe(false);
	renameSync(site.path("data"), site.path("old"));
	expect(await site.watch(["data/common.yaml"])).toBe(false);
	site.write("data/common.yaml");
	expect(await site.watch(["data/common.yaml"])).toBe(true);
});

describe("an alarm", () => {
	const never = { notBefore: 0, atLatest: Number.POSITIVE_INFINITY };

	test("rings once for events that come together, when they have ended", async () => {
		const alarm = new Alarm();
		const start = performance.now();
		let last = start;
		const events = setInterval(() => {
			last = performance.now();
			alarm.hear();
			if (last - start > 500) clearInterval(events);
		}, 20);
		await alarm.wait(never);
		expect(performance.now() - last).toBeGreaterThan(200);
		expect(performance.now() - start).toBeGreaterThan(500);
	});

	test("rings for what it heard while nobody waited", async () => {
		const alarm = new Alarm();
		alarm.hear();
		await alarm.wait(never);
	});

	test("rings five seconds after the first event where they don't end", async () => {
		const alarm = new Alarm();
		const events = setInterval(() => alarm.hear(), 50);
		cleanUp(() => clearInterval(events));
		const start = performance.now();
		await alarm.wait(never);
		expect(performance.now() - start).toBeLessThan(8000);
	}, 20_000);

	test("rings at the latest time without any, and not before the earliest with some", async () => {
		const alarm = new Alarm();
		const start = performance.now();
		await alarm.wait({ notBefore: 0, atLatest: start + 50 });
		alarm.hear();
		await alarm.wait({ notBefore: start + 600, atLatest: start + 60_000 });
		expect(performance.now() - start).toBeGreaterThanOrEqual(600);
	});

	test("ends at once where its signal is aborted", async () => {
		const controller = new AbortController();
		const waiting = new Alarm().wait({ ...never, signal: controller.signal });
		controller.abort(new Error("enough"));
		await expect(waiting).rejects.toThrow("enough");
	});
});
