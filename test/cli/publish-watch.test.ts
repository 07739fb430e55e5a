import type { ChildProcess } from "node:child_process";
import {
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	utimesSync,
	watch,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { underLock } from "../../backends/file-lock.js";
import { cleanUp, Sandbox } from "../support/sandbox.js";

const HIERA = `version: 5
defaults: {datadir: data, data_hash: yaml_data}
hierarchy:
  - {name: Host, path: "hosts/%{trusted.certname}.yaml"}
  - {name: Role, path: "roles/%{facts.role}.yaml"}
  - {name: More, glob: "more/*.yaml"}
  - {name: Common, path: common.yaml}
`;
const COMMON = `accounts::groups: {people: {gid: 2000}}
accounts::users: {alice: {uid: 2001, gid: people}}
`;
const user = (name: string, uid: number) => `accounts::users: {${name}: {uid: ${uid}, gid: people, password: "*"}}\n`;
const FAULTY = "accounts::users: {bob: {uid: -1, gid: people}}\n";

/** A site with two hosts that is being watched, and what the command says. */
class WatchedSite extends Sandbox {
	stdout = "";
	stderr = "";
	#child: ChildProcess | undefined;

	constructor() {
		super();
		this.configure({
			store_options: { path: this.store },
			publish: { tree: this.path("tree") },
			hiera: { config: [this.path("hiera.yaml")], hosts: this.path("facts") },
		});
		this.write("hiera.yaml", HIERA);
		this.write("data/common.yaml", COMMON);
		this.write("facts/www1.yaml", "role: web\n");
		this.write("facts/www2.yaml", "role: web\n");
	}

	write(name: string, text: string): void {
		mkdirSync(dirname(this.path(name)), { recursive: true });
		writeFileSync(this.path(name), text);
	}

	async init(): Promise<this> {
		expect(await this.run(["publish", "--init"])).toMatchObject({ code: 0 });
		return this;
	}

	/** Starts it, and waits until it has said so much. */
	async watch(flags: readonly string[] = [], lines = 2): Promise<ChildProcess> {
		const child = this.start(["publish", "--watch", ...flags]);
		this.#child = child;
		cleanUp(() => child.kill("SIGKILL"));
		child.stdout?.on("data", (chunk) => {
			this.stdout += chunk;
		});
		child.stderr?.on("data", (chunk) => {
			this.stderr += chunk;
		});
		await this.until(() => this.stderr.split("\n").length > lines || child.exitCode !== null);
		return child;
	}

	/** A file of a host, as it is published; `undefined` where it is not. */
	published(host: string, file: string): string | undefined {
		try {
			const digests = readFileSync(this.path(`tree/hosts/${host}/HashDigest`), "utf8");
			const digest = new RegExp(`^([0-9a-f]{64}) {2}${file}$`, "m").exec(digests)?.[1];
			return readFileSync(this.path(`tree/objects/${digest}`), "utf8");
		} catch {
			return undefined;
		}
	}

	/** Waits until a host has a user, or has none of that name. */
	async untilUser(host: string, name: string, isThere = true): Promise<void> {
		const line = new RegExp(`^${name}:`, "m");
		await this.until(() => line.test(this.published(host, "passwd") ?? "") === isThere);
	}

	stamp(host: string): number {
		return Number(readFileSync(this.path(`tree/hosts/${host}/TimeStamp`), "utf8"));
	}

	/** Waits, at most half a minute. */
	async until(condition: () => boolean): Promise<void> {
		const end = Date.now() + 30_000;
		while (!condition()) {
			if (Date.now() > end) expect.fail(`it took too long; it said:\n${this.stdout}${this.stderr}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** Does something, and waits until a run has begun and ended that is not for the first one's sake. */
	async untilRun(change: () => void): Promise<void> {
		await this.quiet();
		const name = this.path("tree/publisher.json");
		let events = 0;
		const watcher = watch(this.path("tree"), (_, file) => {
			if (file === "publisher.json") events++;
		});
		change();
		await this.until(() => events > 1 && !existsSync(name));
		watcher.close();
	}

	/** Waits until no run goes on, nor begins for a second and a half. */
	async quiet(): Promise<void> {
		let last = Date.now();
		await this.until(() => {
			if (existsSync(this.path("tree/publisher.json"))) last = Date.now();
			return Date.now() - last > 1500;
		});
	}

	/** Ends it, and gives the signal that it died of. */
	async end(signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
		const child = this.#child;
		if (!child) throw new Error("it was not started");
		const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, by) => resolve(by)));
		child.kill(signal);
		return await ended;
	}
}

/** Every file below a directory with its time and size, but for the directory itself. */
function snapshot(directory: string): string[] {
	return readdirSync(directory, { recursive: true, encoding: "utf8" })
		.sort()
		.map((name) => {
			const { ino, mtimeMs, size } = lstatSync(join(directory, name));
			return `${name} ${ino} ${mtimeMs} ${size}`;
		});
}

test("it publishes first, and again what changes in data, facts and the list of hosts", async () => {
	const site = await new WatchedSite().init();
	await site.watch();
	await site.untilUser("www1", "alice");

	site.write("data/more/ops.yaml", user("ops", 2100)); // which a glob finds in a directory that was not there
	await site.untilUser("www2", "ops");
	site.write("data/roles/db.yaml", user("dba", 2101));
	site.write("facts/www2.yaml", "role: db\n");
	await site.untilUser("www2", "dba");
	expect(site.published("www1", "passwd")).not.toContain("dba");
	site.write("facts/www3.yaml", "role: db\n");
	await site.untilUser("www3", "dba");
	rmSync(site.path("facts/www3.yaml"));
	await site.until(() => !existsSync(site.path("tree/hosts/www3")));
	site.write("new.yaml", HIERA.replace("  - {name: Role", "  - {name: Late, path: late.yaml}\n  - {name: Role"));
	site.write("data/late.yaml", user("late", 2102));
	renameSync(site.path("new.yaml"), site.path("hiera.yaml"));
	await site.untilUser("www1", "late");

	const [first = "", ...more] = site.stderr.trim().split("\n");
	expect(first).toContain(site.path("facts"));
	expect(first).toContain(site.store);
	expect(first).toContain("every 5m");
	expect(more).toContain("Published 3 hosts: 1 new (www3).");
	expect(more).toContain("Published 2 hosts: 1 gone (www3).");
});

test("a password that another process resets is published", async () => {
	const site = await new WatchedSite().init();
	await site.watch();
	const before = site.published("www1", "shadow");
	const reset = await site.run(["reset", "user_alice", "sha512crypt"]);
	expect(before).not.toContain(reset.stdout.trim());
	await site.until(() => site.published("www1", "shadow")?.includes(reset.stdout.trim()) === true);
});

test("data in another place is seen where a link leads there now, and also after that", async () => {
	const site = await new WatchedSite().init();
	renameSync(site.path("data"), site.path("data_1"));
	site.write("data_2/common.yaml", `${COMMON}ibox::root_keys: {}\n`);
	site.write("data_2/hosts/www1.yaml", user("bob", 2002));
	symlinkSync("data_1", site.path("data"));
	await site.watch();
	symlinkSync("data_2", site.path("next"));
	renameSync(site.path("next"), site.path("data"));
	await site.untilUser("www1", "bob");
	site.write("data_2/hosts/www2.yaml", user("carol", 2003));
	await site.untilUser("www2", "carol");
});

test("a directory of data that is removed and made anew is seen, and also what is written there later", async () => {
	const site = await new WatchedSite().init();
	site.write("data/hosts/www1.yaml", user("bob", 2002));
	await site.watch();
	await site.untilUser("www1", "bob");
	rmSync(site.path("data"), { recursive: true });
	site.write("data/common.yaml", COMMON);
	await site.untilUser("www1", "bob", false);
	site.write("data/hosts/www1.yaml", user("carol", 2003));
	await site.untilUser("www1", "carol");
});

test("where nothing differs nothing is written, and nothing is said", async () => {
	const site = await new WatchedSite().init();
	await site.watch();
	await site.untilRun(() => utimesSync(site.path("data/common.yaml"), new Date(), new Date()));
	const [tree, said] = [snapshot(site.path("tree")), site.stderr];
	await site.untilRun(() => utimesSync(site.path("data/common.yaml"), new Date(), new Date()));
	await site.untilRun(() => site.write("facts/www1.yaml", "role: web\nuptime: 1 day\n"));
	await site.untilRun(() => site.write("data/common.yaml", `${COMMON}# the same in other words\n`));
	expect(snapshot(site.path("tree"))).toEqual(tree);
	expect(site.stderr).toBe(said);
});

test("hashes that it makes itself have it look once more, and not again and again", async () => {
	const site = await new WatchedSite().init();
	let runs = 0;
	const watcher = watch(site.path("tree"), (event, file) => {
		if (event === "rename" && file === "publisher.json" && existsSync(site.path("tree/publisher.json"))) runs++;
	});
	cleanUp(() => watcher.close());
	await site.watch();
	expect(site.stderr).toContain("Made 1 hash.");
	await new Promise((resolve) => setTimeout(resolve, 4000)); // time for a dozen
	expect(runs).toBeLessThanOrEqual(3);
});

test("time stamps are refreshed as often as it is told", async () => {
	const site = await new WatchedSite().init();
	await site.watch(["--every", "2"]);
	const first = site.stamp("www1");
	const said = site.stderr;
	expect(said).toContain("every 2s.");
	await site.until(() => site.stamp("www1") > first);
	const second = site.stamp("www1");
	await site.until(() => site.stamp("www1") > second);
	expect(second - first).toBeGreaterThan(1000);
	expect(second - first).toBeLessThan(8000);
	expect(site.stderr).toBe(said);
});

test("faulty data is told once and stops nothing but itself", async () => {
	const site = await new WatchedSite().init();
	await site.watch();
	await site.untilUser("www1", "alice");
	site.write("data/hosts/www1.yaml", FAULTY);
	await site.until(() => site.stderr.includes("the data has a fault"));
	expect(site.stderr).toContain(`${site.path("data/hosts/www1.yaml")}:1: accounts::users.bob.uid`);
	await site.untilRun(() => site.write("data/hosts/www1.yaml", `${FAULTY}# not better\n`));
	expect(site.stderr.match(/the data has a fault/g)).toHaveLength(1);
	expect(site.published("www1", "passwd")).toMatch(/^alice:/);
	site.write("data/hosts/www1.yaml", user("bob", 2002));
	await site.untilUser("www1", "bob");
});

test("data that is faulty from the start is published when it is mended", async () => {
	const site = await new WatchedSite().init();
	site.write("data/hosts/www1.yaml", FAULTY);
	await site.watch([], 3);
	await site.until(() => site.stderr.includes("the data has a fault"));
	expect(site.published("www2", "passwd")).toBeUndefined();
	site.write("data/hosts/www1.yaml", user("bob", 2002));
	await site.untilUser("www1", "bob");
	await site.untilUser("www2", "alice");
});

test("a store that is away is told, and used again when it is there", async () => {
	const site = await new WatchedSite().init();
	await site.watch();
	await site.untilUser("www1", "alice");
	renameSync(site.path("store"), site.path("away"));
	await site.until(() => site.stderr.includes("there is no store"));
	site.write("data/hosts/www1.yaml", user("bob", 2002));
	renameSync(site.path("away"), site.path("store"));
	await site.untilUser("www1", "bob");
	expect(site.stderr.match(/there is no store/g)).toHaveLength(1);
});

test("what can't be done at all ends it like a single run", async () => {
	const site = new WatchedSite();
	expect(await site.run(["get", "alice", "plain"])).toMatchObject({ code: 0 });
	expect(await site.run(["publish", "--watch"])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("trocla publish --init"),
	});
	await site.init();
	expect(await site.run(["publish", "--watch", "--host", "www9"])).toMatchObject({ code: 1 });
	expect(await site.run(["publish", "--watch", "--every", "often"])).toMatchObject({ code: 2 });
	expect(await site.run(["publish", "--every", "1m"])).toMatchObject({ code: 2 });
});

test.each(["SIGTERM", "SIGINT"] as const)("%s ends it at once, and the next run finds all in order", async (signal) => {
	const site = await new WatchedSite().init();
	await site.watch();
	const start = Date.now();
	expect(await site.end(signal)).toBe(signal);
	expect(Date.now() - start).toBeLessThan(2000);
	expect(existsSync(site.path("tree/publisher.json"))).toBe(false);
	expect(await site.run(["publish"])).toMatchObject({
		code: 0,
		stderr: "Published 2 hosts: nothing changed but their time stamps.\n",
	});
});

test("a publication by hand goes on meanwhile, and one that takes its time is waited for without a word", async () => {
	const site = await new WatchedSite().init();
	await site.watch();
	const said = site.stderr;
	await site.quiet();
	expect(await site.run(["publish"])).toMatchObject({ code: 0 });
	await underLock(site.path("tree/publish.lock"), async () => {
		site.write("data/hosts/www1.yaml", user("bob", 2002));
		await new Promise((resolve) => setTimeout(resolve, 3000)); // until it has found the lock taken
		expect(site.published("www1", "passwd")).not.toContain("bob:");
	});
	await site.untilUser("www1", "bob");
	await site.until(() => site.stderr.includes("1 changed (www1)"));
	expect(site.stderr.replace(/Published 2 hosts: 1 changed \(www1\)\.\n/, "")).toBe(said);
});

test("one host is watched alone", async () => {
	const site = await new WatchedSite().init();
	expect(await site.run(["publish"])).toMatchObject({ code: 0 });
	await site.watch(["--host", "www1"]);
	site.write("data/more/ops.yaml", user("ops", 2100));
	await site.untilUser("www1", "ops");
	expect(site.published("www2", "passwd")).not.toContain("ops:");
});

test("with --json each publication is one object on a line", async () => {
	const site = await new WatchedSite().init();
	await site.watch(["--json"], 0);
	await site.until(() => site.stdout.includes("\n"));
	site.write("data/hosts/www1.yaml", FAULTY);
	await site.until(() => site.stderr.includes("\n"));
	site.write("data/hosts/www1.yaml", user("bob", 2002));
	await site.untilUser("www1", "bob");
	await site.until(() => site.stdout.split("\n").length > 2);
	const publications = site.stdout
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	expect(publications).toMatchObject([{ added: ["www1", "www2"] }, { changed: ["www1"], added: [] }]);
	expect(JSON.parse(site.stderr)).toMatchObject({ error: { code: "data", faults: [{ hosts: ["www1"] }] } });
});
