import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { expect, test } from "vitest";
import { cleanUp, run, Sandbox } from "../support/sandbox.js";

/** The built command, serving. */
class Served {
	readonly sandbox = new Sandbox();
	readonly socket = this.sandbox.path("t.sock");
	#child: ChildProcess | undefined;
	#log = "";

	constructor() {
		this.configure({});
	}

	configure(serve: object, more: object = {}): void {
		const base = { store_options: { path: this.sandbox.store }, serve: { socket: { path: this.socket }, ...serve } };
		this.sandbox.configure({ ...base, ...more });
	}

	get child(): ChildProcess {
		return this.#child ?? expect.fail("not started");
	}

	get log(): { event: string; message?: string }[] {
		return this.#log
			.split("\n")
			.slice(0, -1)
			.map((line) => JSON.parse(line));
	}

	async start(): Promise<void> {
		const child = this.sandbox.start(["serve"]);
		this.watch(child);
		await expect.poll(() => this.#log, { timeout: 20_000 }).toContain('"event":"listening"');
	}

	watch(child: ChildProcess): void {
		this.#child = child;
		this.#log = "";
		cleanUp(() => child.kill("SIGKILL"));
		child.stderr?.on("data", (chunk: Buffer) => {
			this.#log += chunk;
		});
	}

	async kill(signal: NodeJS.Signals): Promise<number | null> {
		const ended = once(this.child, "exit");
		this.child.kill(signal);
		const [code] = await ended;
		return code;
	}

	async value(method: string, key: string, format = "plain", body = ""): Promise<string> {
		const path = `/v1/key/${encodeURIComponent(key)}/${format}`;
		const headers = { "content-length": Buffer.byteLength(body) };
		const sent = request({ socketPath: this.socket, method, path, headers, agent: false });
		sent.end(body);
		const [response] = await once(sent, "response");
		const answer = JSON.parse(Buffer.concat(await response.toArray()).toString());
		if (!answer.success) throw new Error(answer.error.code);
		return answer.value;
	}
}

async function served(): Promise<Served> {
	const made = new Served();
	await made.start();
	return made;
}

test("what the daemon stores the command prints, and the other way round", async () => {
	const daemon = await served();
	const value = await daemon.value("POST", "alice", "sha512crypt");
	expect((await daemon.sandbox.run(["get", "alice", "sha512crypt"])).stdout).toBe(`${value}\n`);
	await daemon.sandbox.run(["set", "bob", "plain"], "secret");
	expect(await daemon.value("GET", "bob")).toBe("secret");
});

test("SIGTERM ends it with exit code 0 and takes the socket away", async () => {
	const daemon = await served();
	await daemon.value("POST", "alice");
	expect(await daemon.kill("SIGTERM")).toBe(0);
	expect(existsSync(daemon.socket)).toBe(false);
	expect(daemon.log.map(({ event }) => event)).toEqual(["listening", "stopping", "stopped"]);
});

test("SIGTERM does not wait for what is made so slowly that nobody waits for it any more", async () => {
	const daemon = new Served();
	// Some minutes.
	const profiles = { slow: { rounds: 999_999_999 } };
	daemon.configure({ limits: { seconds: 1 } }, { profiles });
	await daemon.start();
	await expect(daemon.value("POST", "slow", "sha512crypt", '{"profiles": "slow"}')).rejects.toThrow("timeout");
	await daemon.value("POST", "alice");
	expect(await daemon.kill("SIGTERM")).toBe(0);
	expect(daemon.log.at(-1)).toMatchObject({ event: "stopped", message: expect.stringContaining("given up") });
	expect((await daemon.sandbox.run(["search", "."])).stdout).toBe("alice\n");
	expect((await daemon.sandbox.run(["doctor"])).code).toBe(0);
}, 60_000);

test("what was acknowledged is stored when it is killed in the middle of requests", async () => {
	const daemon = await served();
	const acknowledged = new Map<string, string>();
	let next = 0;
	const client = async () => {
		for (;;) {
			const key = `key${next++}`;
			try {
				acknowledged.set(key, await daemon.value("POST", key));
			} catch {
				return;
			}
		}
	};
	const clients = Array.from({ length: 16 }, client);
	await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(200);
	await daemon.kill("SIGKILL");
	await Promise.all(clients);
	// The socket that it left is stale, and is replaced.
	expect(existsSync(daemon.socket)).toBe(true);
	await daemon.start();
	for (const [key, value] of acknowledged) expect(await daemon.value("GET", key)).toBe(value);
	expect((await daemon.sandbox.run(["doctor"])).code).toBe(0);
});

test("killed while it makes its socket, it leaves nothing that the next start does not clear away", async () => {
	const daemon = new Served();
	const { sandbox } = daemon;
	const program = `
		const fs = require("node:fs");
		const { renameSync } = fs;
		fs.renameSync = (from, to) => (to === ${JSON.stringify(daemon.socket)} ? process.kill(process.pid, "SIGKILL") : renameSync(from, to));`;
	writeFileSync(sandbox.path("kill.cjs"), program);
	const beside = () => readdirSync(sandbox.directory).filter((name) => name.startsWith(".s"));
	sandbox.env.NODE_OPTIONS = `--require=${sandbox.path("kill.cjs")}`;
	expect((await sandbox.run(["serve"])).code).toBe(null);
	expect(beside()).toHaveLength(1);
	delete sandbox.env.NODE_OPTIONS;
	await daemon.start();
	expect(beside()).toEqual([]);
	await daemon.value("POST", "alice");
});

test("a second daemon on the same socket is refused, and the first one goes on", async () => {
	const daemon = await served();
	const second = await daemon.sandbox.run(["serve"]);
	expect(second.code).toBe(1);
	expect(second.stderr).toContain(`trocla: the socket ${daemon.socket} is in use: a daemon listens on it`);
	await daemon.value("POST", "alice");
});

test("64 clients, and commands beside them, get one value for one new key", async () => {
	const daemon = await served();
	const values = await Promise.all([
		...Array.from({ length: 64 }, () => daemon.value("POST", "new", "mysql")),
		...Array.from({ length: 4 }, async () => (await daemon.sandbox.run(["get", "new", "mysql"])).stdout.trim()),
	]);
	expect(new Set(values).size).toBe(1);
});

test("SIGHUP has it read the configuration again, and keep the one before where the new one is broken", async () => {
	const daemon = await served();
	daemon.configure({}, { options: { length: 7 } });
	daemon.child.kill("SIGHUP");
	await expect.poll(() => daemon.log.at(-1)?.event).toBe("reloaded");
	expect(await daemon.value("POST", "seven")).toHaveLength(7);
	writeFileSync(daemon.sandbox.path("troclarc.yaml"), "serve: {sockt: {}}");
	daemon.child.kill("SIGHUP");
	await expect
		.poll(() => daemon.log.at(-1))
		.toMatchObject({
			event: "not reloaded",
			message: expect.stringContaining('serve: unknown key "sockt"'),
			hint: "Did you mean socket?",
		});
	expect(await daemon.value("POST", "again")).toHaveLength(7);
});

test("a configuration that can't be served is refused before anything is listened on", async () => {
	const daemon = new Served();
	daemon.configure({ https: { certificate: "/missing.pem", key: "/missing.key" } });
	const outcome = await daemon.sandbox.run(["serve"]);
	expect(outcome.code).toBe(1);
	expect(outcome.stderr).toContain("serve.https.certificate: ENOENT");
	expect(existsSync(daemon.socket)).toBe(false);
});

test("--new-token prints a token once, and the line that has its hash alone", async () => {
	const { sandbox } = new Served();
	const { stdout, stderr, code } = await sandbox.run(["serve", "--new-token", "ci"]);
	expect(code).toBe(0);
	expect(stdout).toMatch(/^[\w-]{43}\n$/);
	const { stdout: sum } = await run("sha256sum", [], {}, stdout.trim());
	expect(stderr).toContain(`    ci: {hash: ${sum.slice(0, 64)}}`);
	expect(stderr).not.toContain(stdout.trim());
	const again = JSON.parse((await sandbox.run(["serve", "--new-token", "ci", "--json"])).stdout);
	expect(again).toEqual({ name: "ci", token: expect.any(String), hash: expect.stringMatching(/^[\da-f]{64}$/) });
	expect(again.token).not.toBe(stdout.trim());
	expect((await sandbox.run(["serve", "--new-token", "a b"])).code).toBe(2);
	expect(readFileSync(sandbox.path("troclarc.yaml"), "utf8")).not.toContain("ci");
});
