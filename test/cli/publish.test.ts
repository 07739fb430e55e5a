import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PublishSite, rootKey } from "../support/publish-site.js";
import { run, Sandbox, TROCLA } from "../support/sandbox.js";
import { contents, SealedSite } from "../support/sealed-site.js";

const PLAINTEXT = "hunter2-in-the-clear";

describe("publish --init", () => {
	test("makes the signing key once, and exports its public part again", async () => {
		const site = new PublishSite();
		const first = await site.publish("--init", "--json");
		expect(first).toMatchObject({ code: 0, stderr: "" });
		const { fingerprint, files } = JSON.parse(first.stdout) as { fingerprint: string; files: string[] };
		expect(JSON.parse(first.stdout)).toMatchObject({ made: true, key: "iar_signing_key", tree: site.tree });
		expect(fingerprint).toMatch(/^[0-9A-F]{40}$/);
		expect(files).toEqual(["gpg", "asc"].map((ending) => join(site.tree, `signing-key.${ending}`)));
		const exported = files.map((file) => readFileSync(file, "latin1"));
		expect(exported[1]).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
		site.remove("tree/signing-key.asc");
		const second = await site.publish("--init");
		expect(second).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining(fingerprint) });
		expect(second.stderr).toContain("was there already");
		expect(files.map((file) => readFileSync(file, "latin1"))).toEqual(exported);
	});

	test("makes one key where several are started at once", async () => {
		const site = new PublishSite();
		const outcomes = await Promise.all(Array.from({ length: 4 }, () => site.publish("--init", "--json")));
		// One that had to wait for the others for too long says so.
		for (const { code, stderr } of outcomes) if (code !== 0) expect(stderr).toContain("another trocla publishes");
		const told = outcomes.filter(({ code }) => code === 0).map(({ stdout }) => JSON.parse(stdout));
		expect(new Set(told.map(({ fingerprint }) => fingerprint)).size).toBe(1);
		expect(await site.publish()).toMatchObject({ code: 0 });
		expect(await site.expectWhole()).toBe(3);
	});

	test("is what a run asks for that has no key, and then changes nothing", async () => {
		const site = new PublishSite();
		await site.run(["get", "another", "plain"]);
		const before = site.everything(site.path("store"));
		expect(await site.publish()).toEqual({
			code: 1,
			stdout: "",
			stderr: expect.stringMatching(/there is no signing key.*\n.*trocla publish --init/),
		});
		expect(site.everything(site.path("store"))).toEqual(before);
		expect(existsSync(site.tree)).toBe(false);
	});

	test.each([
		["--init --host web.local", "--host does nothing with --init"],
		["--init --no-create", "--no-create does nothing with --init"],
		["--every 5m", "--every is for --watch"],
		["--watch --every soon", '--every takes a time, not "soon"'],
		["--tree ''", "--tree is empty"],
	])("%s is refused before anything is looked at", async (flags, message) => {
		const { code, stdout, stderr } = await new Sandbox().shell(`trocla publish ${flags}`);
		expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
		expect(stderr).toContain(message);
	});

	test.each([
		["--init", "--dry-run"],
		["--init", "--watch"],
		["--dry-run", "--watch"],
	])("%s and %s don't go together", async (...flags) => {
		const site = new PublishSite();
		expect(await site.publish(...flags)).toMatchObject({
			code: 2,
			stderr: expect.stringContaining("don't go together"),
		});
		expect(existsSync(site.tree)).toBe(false);
	});
});

test("publish takes no empty name for the working directory", async () => {
	const site = await PublishSite.ready();
	expect(await site.publish("--tree", "")).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("--tree is empty"),
	});
});

describe("publish", () => {
	test("says what it did, on stderr, and with --json as an object", async () => {
		const site = await PublishSite.ready();
		expect(await site.publish()).toEqual({
			code: 0,
			stdout: "",
			stderr: "Published 3 hosts: 3 new (ibox-one.local, ibox-two.local, web.local).\nMade 3 hashes.\n",
		});
		expect(await site.publish()).toEqual({
			code: 0,
			stdout: "",
			stderr: "Published 3 hosts: nothing changed but their time stamps.\n",
		});
		site.remove("data/roles/web.yaml");
		site.remove("facts/ibox-one.local.yaml");
		const { code, stdout, stderr } = await site.publish("--json");
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		const parts = { hosts: 2, changed: ["web.local"], added: [], removed: ["ibox-one.local"] };
		expect(JSON.parse(stdout)).toEqual({ ...parts, kept: 0, made: 0, missing: [], notes: [], unmanaged: [] });
		expect(await site.expectWhole()).toBe(2);
	});

	test("writes the same objects from another working directory", async () => {
		const site = await PublishSite.ready();
		await site.publish();
		const before = site.digests();
		mkdirSync(site.path("elsewhere"));
		const { code, stderr } = await run(process.execPath, [TROCLA, "publish"], {
			env: site.env,
			cwd: site.path("elsewhere"),
		});
		expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("nothing changed but") });
		expect(site.digests()).toEqual(before);
	});

	test("takes the tree, the hosts, the hierarchy and the environment from its flags", async () => {
		const site = new PublishSite();
		site.configure({ store_options: { path: site.store }, publish: { signing_key: "another_key" } });
		site.write("data/environments/test.yaml", { "accounts::users": { erin: { uid: 2010, gid: "people" } } });
		const tree = ["--tree", "other"];
		expect(await site.publish("--init", ...tree)).toMatchObject({
			code: 0,
			stderr: expect.stringContaining("another_key"),
		});
		const places = ["--hiera-config", "hiera.yaml", "--hosts", "facts", "--environment", "test"];
		expect(await site.publish(...tree, ...places)).toMatchObject({ code: 0 });
		expect(site.text("web.local", "passwd", site.path("other"))).toContain("erin:x:2010:");
		expect(existsSync(site.tree)).toBe(false);
	});

	test("makes nothing with --no-create, nor where the configuration says so, and lists who has no hash", async () => {
		const site = await PublishSite.ready();
		for (const [parts, flags] of [
			[{}, ["--no-create"]],
			[{ create_on_get: false }, []],
		] as const) {
			site.setUp(parts);
			const { code, stderr } = await site.publish(...flags);
			expect(code).toBe(0);
			for (const key of ['"user_alice" has no sha512crypt', '"login/bob" has no yescrypt', '"user_dora" has no']) {
				expect(stderr).toContain(`warning: ${key}`);
			}
			expect(site.hashes("web.local")).toEqual({ alice: "*", bob: "*", dora: "*" });
			expect((await site.run(["search", "."])).stdout).toBe("iar_signing_key\n");
		}
		const { stdout } = await site.publish("--json");
		expect(JSON.parse(stdout)).toMatchObject({
			missing: expect.arrayContaining([{ key: "user_alice", format: "sha512crypt" }]),
		});
	});

	test("publishes the hosts that are named, and says which it does not know", async () => {
		const site = await PublishSite.ready();
		await site.publish();
		site.write("data/defaults.yaml", { ...site.data, "ibox::root_keys": { userC: rootKey() } });
		const two = await site.publish("--host", "web.local", "--host", "ibox-one.local");
		expect(two.stderr).toBe(
			"Published 2 hosts: 2 changed (ibox-one.local, web.local).\n1 other host stays as published before.\n",
		);
		expect(site.text("ibox-two.local", "authorized_keys")).toContain("userA");
		const before = site.state();
		expect(await site.publish("--host", "web.locl")).toMatchObject({
			code: 1,
			stderr: expect.stringContaining("Did you mean web.local?"),
		});
		expect(site.state()).toEqual(before);
	});

	test("says which hosts went, and which no level knows", async () => {
		const site = await PublishSite.ready();
		await site.publish();
		site.remove("facts/ibox-two.local.yaml");
		expect((await site.publish()).stderr).toBe("Published 2 hosts: 1 gone (ibox-two.local).\n");
		site.remove("data/defaults.yaml");
		site.write("data/roles/web.yaml", site.data);
		const { code, stderr } = await site.publish("--allow-empty");
		expect(code).toBe(0);
		expect(stderr).toContain("Published 1 host: 1 changed (web.local), 1 gone (ibox-one.local).");
		expect(stderr).toContain("Not published, since no level has accounts for them: ibox-one.local.");
	});

	test("refuses what would take all from a host, unless --allow-empty is there", async () => {
		const site = await PublishSite.ready();
		await site.publish();
		const before = site.state();
		site.write("data/defaults.yaml", { "accounts::groups": { people: { gid: 2000 } } });
		expect(await site.publish()).toMatchObject({ code: 1, stderr: expect.stringContaining("--allow-empty") });
		expect(site.state()).toEqual(before);
		expect(await site.publish("--allow-empty")).toMatchObject({ code: 0 });
		expect(site.hosts()).toEqual(["ibox-one.local", "ibox-two.local", "web.local"]);
	});

	test("leaves the plaintext of a reset password in the store, and no secret anywhere else", async () => {
		const site = await PublishSite.ready();
		await site.publish();
		const old = site.hashes("web.local").alice;
		const { stdout: password } = await site.run(["reset", "user_alice", "plain"]);
		const { code, stdout, stderr } = await site.publish();
		expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
		const { alice: hash = "" } = site.hashes("web.local");
		expect(hash).not.toBe(old);
		expect((await site.run(["get", "user_alice", "sha512crypt"])).stdout).toBe(`${hash}\n`);
		for (const secret of [password.trim(), hash]) expect(stderr).not.toContain(secret);
		const texts = readdirSync(join(site.tree, "objects")).map((name) =>
			readFileSync(join(site.tree, "objects", name), "utf8"),
		);
		for (const text of [...texts, readFileSync(join(site.tree, "last-run.json"), "utf8")]) {
			expect(text).not.toContain(password.trim());
		}
	});
});

describe("publish --dry-run", () => {
	test("tells the difference, without a signing key, and writes nothing", async () => {
		const site = new PublishSite();
		await site.run(["get", "another", "plain"]);
		const before = site.everything(site.directory);
		const { code, stdout, stderr } = await site.publish("--dry-run");
		expect(code).toBe(0);
		expect(stdout).toContain("web.local is new:\n");
		expect(stdout).toContain("  + user dora (uid 2004, group people)\n");
		expect(stderr).toContain("Nothing was written (--dry-run): 3 of 3 hosts would change.");
		expect(stderr).toContain("Hashes that would be made: 3.");
		expect(site.everything(site.directory)).toEqual(before);
	});

	test("tells what then is published, and nothing after that", async () => {
		const site = await PublishSite.ready();
		await site.publish();
		const { hash } = { hash: site.hashes("web.local").dora ?? "" };
		site.write("data/roles/web.yaml", {
			"accounts::users": { dora: { uid: 2004, gid: "people", shell: "/bin/dash" } },
		});
		const before = site.state();
		const { stdout } = await site.publish("--dry-run");
		expect(site.state()).toEqual(before);
		expect(stdout).toMatch(/^web\.local.*\n.*dora.*\/bin\/dash/);
		expect(stdout).not.toContain("ibox");
		expect(stdout).not.toContain(hash);
		expect(await site.publish()).toMatchObject({ stderr: expect.stringContaining("1 changed (web.local)") });
		expect(await site.publish("--dry-run")).toMatchObject({ code: 0, stdout: "" });
	});

	test("ends in peace where its reader does", async () => {
		const site = await PublishSite.ready();
		// More than a pipe holds.
		for (let host = 0; host < 300; host++) {
			const users = { [`user${host}`]: { uid: 3000 + host, gid: "people", gecos: "x".repeat(300), password: "*" } };
			site.write(`facts/node${host}.json`, {});
			site.write(`data/hosts/node${host}.yaml`, { "accounts::users": users });
		}
		const before = site.state();
		const { stdout, stderr } = await site.shell("trocla publish --dry-run | head -1");
		expect(stdout).toMatch(/^[^\n]+\n$/);
		expect(stderr).not.toMatch(/EPIPE|Error| at /);
		expect(site.state()).toEqual(before);
	});
});

describe("faults in the data", () => {
	async function faulty(): Promise<PublishSite> {
		const site = await PublishSite.ready();
		site.write("data/hosts/ibox-one.local.yaml", "accounts::users:\n  alice: {uid: 2001,\n");
		site.write(
			"data/hosts/ibox-two.local.yaml",
			`accounts::users:\n  alice:\n    gecos: 'Alice: Adams'\n    password: ${PLAINTEXT}\n`,
		);
		site.write("data/roles/web.yaml", "accounts::users:\n  dora:\n    uid: 2001\n    gid: nowhere\n");
		return site;
	}

	test("are listed all at once, with their files, lines and hosts, and nothing is changed", async () => {
		const site = await faulty();
		const before = site.state();
		const { code, stdout, stderr } = await site.publish();
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		for (const place of [
			/hosts\/ibox-one\.local\.yaml:\d+: .*\(ibox-one\.local\)$/m,
			/hosts\/ibox-two\.local\.yaml:3: accounts::users\.alice\.gecos .*\(ibox-two\.local\)$/m,
			/hosts\/ibox-two\.local\.yaml:4: accounts::users\.alice\.password .*\(ibox-two\.local\)$/m,
			/roles\/web\.yaml:4: accounts::users\.dora\.gid .*"nowhere" \(web\.local\)$/m,
			/:\d+: accounts::users\.\w+\.uid .*2001.*\(web\.local\)$/m,
		]) {
			expect(stderr).toMatch(place);
		}
		expect(stderr).not.toContain(PLAINTEXT);
		expect(site.state()).toEqual(before);
		expect(await site.publish("--dry-run")).toEqual({ code, stdout, stderr });
	});

	test("are one object with --json", async () => {
		const site = await faulty();
		const { code, stdout, stderr } = await site.publish("--json");
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		const { error } = JSON.parse(stderr) as { error: { code: string; faults: unknown[] } };
		expect(error.code).toBe("data");
		expect(error.faults).toContainEqual({
			file: site.path("data/roles/web.yaml"),
			line: 4,
			path: ["accounts::users", "dora", "gid"],
			message: expect.any(String),
			hint: expect.any(String),
			hosts: ["web.local"],
		});
		// What is wrong with a file as a whole has its place in the same members.
		const file = site.path("data/hosts/ibox-one.local.yaml");
		const whole = { file, line: expect.any(Number), path: [], hosts: ["ibox-one.local"] };
		expect(error.faults).toContainEqual({ ...whole, message: expect.not.stringContaining(file) });
		expect(stderr).not.toContain(PLAINTEXT);
	});
});

test("a sealed store has the signing key sealed, and what it publishes is signed with it", async () => {
	const sealed = await SealedSite.make();
	const site = new PublishSite();
	const config = readFileSync(sealed.path("troclarc.yaml"), "utf8");
	const places = ["--tree", site.tree, "--hiera-config", site.path("hiera.yaml"), "--hosts", site.path("facts")];
	expect(config).toContain("encryption");
	expect(await sealed.run(["publish", "--init", "--tree", site.tree])).toMatchObject({ code: 0 });
	for (let time = 0; time < 2; time++) {
		expect(await sealed.run(["publish", ...places])).toMatchObject({ code: 0 });
		expect(await site.expectWhole()).toBe(3);
	}
	const bytes = contents(sealed.store);
	expect(bytes).toContain("iar_signing_key");
	for (const secret of ["BEGIN PGP", ...Object.values(site.hashes("web.local"))]) expect(bytes).not.toContain(secret);
	for (const hash of Object.values(site.hashes("web.local"))) expect(hash).toMatch(/^\$[6y]\$/);
});

describe("a run", () => {
	/** A site with some hosts more, which have the version of its data in a user's name. */
	async function many(hosts: number): Promise<PublishSite> {
		const site = await PublishSite.ready();
		for (let host = 0; host < hosts; host++) site.write(`facts/node${host}.json`, {});
		return site;
	}

	function writeVersion(site: PublishSite, version: number): void {
		const erin = { uid: 2010, gid: "people", gecos: `version ${version}`, password: "*" };
		site.write("data/defaults.yaml", { ...site.data, "accounts::users": { ...site.data["accounts::users"], erin } });
	}

	/** Waits until a run has locked the tree. */
	async function locked(site: PublishSite, child: ChildProcess): Promise<void> {
		const publisher = join(site.tree, "publisher.json");
		while (!existsSync(publisher) || readFileSync(publisher, "utf8") === "") {
			if (child.exitCode !== null) throw new Error("it has ended already");
			await new Promise(setImmediate);
		}
	}

	/** Expects that nothing is in the tree that no generation needs. */
	function expectTidy(site: PublishSite): void {
		const left = readdirSync(site.tree, { recursive: true, encoding: "utf8" });
		expect(left.filter((name) => name.endsWith(".new"))).toEqual([]);
		const generations = readdirSync(join(site.tree, "generations"));
		const named = generations.flatMap((generation) => {
			const directory = join(site.tree, "generations", generation);
			return readdirSync(directory).flatMap((host) => {
				const manifest = readFileSync(join(directory, host, "HashDigest"), "utf8");
				return [...manifest.matchAll(/^(\w{64}) {2}[a-z]/gm)].map(([, digest]) => digest);
			});
		});
		expect(readdirSync(join(site.tree, "objects")).sort()).toEqual([...new Set(named)].sort());
	}

	test("that is killed at any moment leaves the old sets or the new ones, and the next one tidies up", async () => {
		const site = await many(12);
		writeVersion(site, 0);
		const started = Date.now();
		expect(await site.publish()).toMatchObject({ code: 0 });
		const duration = Date.now() - started;
		const seen = new Set<string>();
		for (let kill = 1; kill <= 24; kill++) {
			writeVersion(site, kill);
			const child = site.start(["publish"]);
			const ended = once(child, "exit");
			// A third of them die at any moment, the others while they read, sign and write.
			if (kill % 3) await locked(site, child);
			setTimeout(() => child.kill("SIGKILL"), Math.random() * (kill % 3 ? duration / 3 : duration));
			await ended;
			expect(await site.expectWhole()).toBe(15);
			const versions = site.hosts().map((host) => /version (\d+)/.exec(site.text(host, "passwd"))?.[1]);
			expect(new Set(versions).size).toBe(1);
			expect(Number(versions[0])).toBeLessThanOrEqual(kill);
			seen.add(versions[0] ?? "");
			if (kill % 8) continue;
			expect(await site.publish()).toMatchObject({ code: 0 });
			expect(site.text("node7", "passwd")).toContain(`version ${kill}`);
			expect(await site.expectWhole()).toBe(15);
			expectTidy(site);
		}
		expect(seen.size).toBeGreaterThan(1);
	});

	test.each(["SIGINT", "SIGTERM"] as const)("that %s ends leaves what was there, and nothing else", async (signal) => {
		const site = await many(100);
		expect(await site.publish("--host", "web.local")).toMatchObject({ code: 0 });
		const before = site.everything(join(site.tree, "generations"));
		const link = readlinkSync(join(site.tree, "hosts"));
		const child = site.start(["publish"]);
		const ended = once(child, "exit");
		await locked(site, child);
		child.kill(signal);
		expect(await ended).toEqual([null, signal]);
		expect(readlinkSync(join(site.tree, "hosts"))).toBe(link);
		expect(site.everything(join(site.tree, "generations"))).toEqual(before);
		expect(existsSync(join(site.tree, "publisher.json"))).toBe(false);
		expectTidy(site);
		expect(await site.publish()).toMatchObject({ code: 0 });
		expect(await site.expectWhole()).toBe(103);
	});

	test("that finds another one says which it is, and leaves it alone", async () => {
		const site = await many(100);
		const first = site.start(["publish"]);
		const ended = once(first, "exit");
		await locked(site, first);
		first.kill("SIGSTOP");
		try {
			const second = await site.publish();
			expect(second).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining(`process ${first.pid} on `) });
			expect(second.stderr).toContain(`another trocla publishes in ${site.tree}`);
		} finally {
			first.kill("SIGCONT");
		}
		expect(await ended).toEqual([0, null]);
		expect(await site.expectWhole()).toBe(103);
		expectTidy(site);
	});
});
