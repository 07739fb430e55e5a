import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { readKeys } from "../../../src/client/key-list.js";
import { connectTrocla, openHiera, openTrocla, TroclaError } from "../../../src/index.js";
import { TestDaemon } from "../../support/daemon.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";

/** A daemon, and a program that asks it. */
async function connected(warn?: (message: string) => void) {
	const daemon = await TestDaemon.start();
	const config = { server: `unix:${daemon.socket}` };
	const trocla = await connectTrocla({ config, ...(warn && { warn }) });
	cleanUp(() => trocla.close());
	return { daemon, trocla };
}

async function keysOf(found: AsyncIterable<string>): Promise<string[]> {
	const keys: string[] = [];
	for await (const key of found) keys.push(key);
	return keys;
}

test("a program that asks a daemon gets what a program that opens the store gets", async () => {
	const warnings: string[] = [];
	const { daemon, trocla } = await connected((message) => warnings.push(message));
	await trocla.set("alice", "plain", "secret");
	const hash = await trocla.get("alice", "mysql");
	expect(await trocla.peek("alice", "mysql")).toBe(hash);
	expect(await trocla.peek("bob", "mysql")).toBeUndefined();
	expect(await trocla.verify("alice", "secret")).toBe("plain");
	expect(await trocla.verify("alice", "other")).toBeUndefined();
	expect(await trocla.formats("alice")).toEqual(["plain", "mysql"]);
	expect(await trocla.formats("bob")).toEqual([]);
	expect(await trocla.show("bob")).toBeUndefined();
	expect(await trocla.show("alice")).toEqual(await daemon.withStore((store) => store.show("alice")));
	await trocla.get("alice", "plain", { length: 20 });
	expect(warnings).toEqual([]);
	await trocla.get("carol", "plain", { length: 20 });
	await Promise.all([trocla.get("carol", "plain", { length: 21 }), trocla.get("carol", "plain")]);
	expect(warnings).toEqual([expect.stringContaining("length 20, not 21")]);
	expect(await trocla.reset("carol", "plain")).toHaveLength(20);
	expect(await trocla.delete("alice", "mysql")).toEqual({ mysql: hash });
	expect(await trocla.delete("bob")).toBeUndefined();
	await expect(trocla.get("alice", "nosuch")).rejects.toMatchObject({ code: "invalid", name: "TroclaError" });
	await expect(trocla.get("alice", "nosuch")).rejects.toBeInstanceOf(TroclaError);
});

test("what a program hands out through a daemon is gone when it has it, and stays where it could not take it", async () => {
	const { daemon, trocla } = await connected();
	await trocla.set("alice", "plain", "secret");
	const full = () => {
		throw new Error("the vault is full");
	};
	await expect(trocla.handOut("alice", full)).rejects.toMatchObject({
		code: "undelivered",
		message: '"alice" could not be handed out: the vault is full',
		hint: "Nothing was removed: mend that and run it again",
	});
	const quoting = ({ plain }: { readonly plain?: string }) => {
		throw new Error(`no room for ${plain}`);
	};
	const quoted = await trocla.handOut("alice", quoting).catch((error: Error) => error.message);
	expect(quoted).toBe('"alice" could not be handed out');
	const got: unknown[] = [];
	const deliver = async (values: unknown) => {
		got.push(values);
		await expect(trocla.get("alice", "plain")).rejects.toMatchObject({ code: "claimed" });
	};
	await trocla.handOut("alice", deliver);
	expect(got).toEqual([{ plain: "secret" }]);
	expect(await daemon.withStore((store) => store.formats("alice"))).toEqual([]);
	await expect(trocla.handOut("alice", deliver)).rejects.toMatchObject({ code: "not_found" });
});

test("a claim that somebody else has changed meanwhile is told when it is confirmed", async () => {
	const warnings: string[] = [];
	const { trocla } = await connected((message) => warnings.push(message));
	await trocla.set("alice", "plain", "secret");
	await trocla.handOut("alice", async () => {
		await trocla.set("alice", "plain", "another");
	});
	expect(warnings).toEqual([expect.stringContaining("was changed while it was handed out")]);
	expect(await trocla.peek("alice", "plain")).toBe("another");
});

test("calls that come at once go along in batches, and each has its own answer", async () => {
	const { daemon, trocla } = await connected();
	const keys = Array.from({ length: 600 }, (_, index) => `key${index}`);
	const values = await Promise.all(keys.map((key, index) => trocla.get(key, "plain", { length: 10 + (index % 5) })));
	expect(values.map((value) => value.length)).toEqual(keys.map((_, index) => 10 + (index % 5)));
	expect(await Promise.all(keys.map((key) => trocla.peek(key, "plain")))).toEqual(values);
	const results = await Promise.allSettled([trocla.get("key0", "plain"), trocla.get("key0", "nosuch")]);
	expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
	const metrics = (await daemon.send("GET", "/metrics")).text;
	expect(metrics).toMatch(/requests_total\{method="POST",route="\/v1\/create",status="200"\} [1-9]\n/);
});

test("a search finds what the same pattern finds in a store, whatever its flags", async () => {
	const { daemon, trocla } = await connected();
	for (const key of ["alice", "Alfred", "bob", "a.b", "é", 'quo"te', "back\\slash", "💥"])
		await trocla.set(key, "plain", "x");
	for (const pattern of [/^a/, /^a/i, /^a/u, /./su, /\./, /-|b/, /[é]/u, /^/m, /\u{1F4A5}/u, /"/g, /\\/u, /nothing/]) {
		const inStore = await daemon.withStore((store) => keysOf(store.search(pattern)));
		expect(await keysOf(trocla.search(pattern)), String(pattern)).toEqual(inStore);
	}
	for await (const key of trocla.search(/./u)) {
		expect(key).toBe("Alfred");
		break;
	}
	expect(await trocla.peek("bob", "plain")).toBe("x");
});

test("a search that the daemon ended while the program was busy with its keys goes on behind the last one", async () => {
	const path = new Sandbox().path("s.sock");
	const all = Array.from({ length: 9 }, (_, index) => `key${index}`);
	let asked = 0;
	const server = createServer((request, response) => {
		const text = JSON.stringify({ keys: all, success: true });
		asked++;
		if (asked === 4) return void response.end(text);
		// Each time some more, and once nothing more.
		response.write(text.slice(0, text.indexOf(`key${asked === 3 ? 1 : asked * 2}`)), () => request.socket.destroy());
	}).listen(path);
	cleanUp(() => server.close());
	await once(server, "listening");
	const trocla = await connectTrocla({ config: { server: `unix:${path}` } });
	const found: string[] = [];
	const search = async () => {
		for await (const key of trocla.search(/./u)) found.push(key);
	};
	await expect(search()).rejects.toMatchObject({ code: "server", message: expect.stringContaining("ended") });
	expect(found).toEqual(all.slice(0, 4));
	found.length = 0;
	asked = 0;
	const half = trocla.search(/./u);
	for (const key of all.slice(0, 4)) expect((await half.next()).value).toBe(key);
	asked = 3;
	for await (const key of half) found.push(key);
	expect(found).toEqual(all.slice(4));
	await trocla.close();
});

test("the keys of an answer are read whole, wherever it is cut into pieces", async () => {
	const key = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed());
	await fc.assert(
		fc.asyncProperty(fc.array(key), fc.array(fc.nat({ max: 30 }), { minLength: 1 }), async (keys, sizes) => {
			const bytes = Buffer.from(`${JSON.stringify({ keys, success: true })}\n`);
			async function* pieces(end = bytes.length) {
				for (let at = 0, turn = 0; at < end; turn++) {
					const size = 1 + (sizes[turn % sizes.length] ?? 0);
					yield bytes.subarray(at, Math.min(end, at + size));
					at += size;
				}
			}
			expect(await keysOf(readKeys(pieces()))).toEqual(keys);
			const cut = Math.max(0, bytes.length - 2 - (sizes[0] ?? 0));
			await expect(keysOf(readKeys(pieces(cut)))).rejects.toThrow(/answer/);
		}),
	);
});

test("options that would not arrive as they are, are refused", async () => {
	const { trocla } = await connected();
	const loop: { [name: string]: unknown } = {};
	loop.custom = loop;
	for (const value of [Number.NaN, Number.POSITIVE_INFINITY, new Date(), 1n, () => 1, loop]) {
		await expect(trocla.get("alice", "plain", { charset: value })).rejects.toMatchObject({ code: "invalid" });
	}
	for (const name of ["key", "format", "renew_before"]) {
		await expect(trocla.get("alice", "plain", { [name]: "x" })).rejects.toThrow(`option "${name}" is not known`);
	}
	for (const name of ["value", "raw"]) {
		await expect(trocla.set("alice", "plain", "x", { [name]: true })).rejects.toThrow(`option "${name}" is not known`);
		await expect(trocla.get("alice", "plain", { [name]: true })).rejects.toThrow(`option "${name}" is not known`);
	}
	for (const options of [null, "length: 8", [8]]) {
		// @ts-expect-error JavaScript's programs can give anything.
		await expect(trocla.get("alice", "plain", options)).rejects.toThrow("options must be a map of names to values");
	}
	await expect(trocla.get("alice", "x509", {}, { renewBefore: -1 })).rejects.toMatchObject({ code: "invalid" });
	expect(await keysOf(trocla.search(/./u))).toEqual([]);
	// What no URL can have.
	await expect(trocla.set("alice", "\ud800", "secret")).rejects.toMatchObject({ code: "invalid" });
	expect(await keysOf(trocla.search(/\ud800/u))).toEqual([]);
});

test("a connection that the daemon has closed meanwhile is made again, and one that the program closed is not", async () => {
	const sandbox = new Sandbox();
	const path = sandbox.path("s.sock");
	let answered = 0;
	const server = createServer((request, response) => {
		// The second request comes through a connection that is just being closed.
		if (++answered === 2) return void request.socket.destroy();
		response.end('{"formats": ["plain"], "success": true}');
	}).listen(path);
	cleanUp(() => server.close());
	await once(server, "listening");
	const trocla = await connectTrocla({ config: { server: `unix:${path}` } });
	expect(await trocla.formats()).toEqual(["plain"]);
	expect(await trocla.formats()).toEqual(["plain"]);
	expect(answered).toBe(3);
	await trocla.close();
	await expect(trocla.formats()).rejects.toMatchObject({ code: "server", message: expect.stringContaining("closed") });
});

test("what is too large for the daemon is refused by it, and not taken for done or not", async () => {
	const { trocla } = await connected();
	const large = { charset: `custom:${"a".repeat(3_000_000)}` };
	const refused = { code: "server", message: expect.stringContaining("too large") };
	await expect(trocla.get("alice", "plain", large)).rejects.toMatchObject(refused);
	await expect(trocla.set("alice", "plain", "secret", large)).rejects.toMatchObject(refused);
	expect(await trocla.peek("alice", "plain")).toBeUndefined();
});

test("a connection that was closed while the program was busy is made again", async () => {
	const sandbox = new Sandbox();
	const path = sandbox.path("s.sock");
	// In a process of its own: this one is not to hear of it.
	const program = `
		const { createServer } = require("node:http");
		const server = createServer((request, response) => {
			response.end('{"formats": ["plain"], "success": true}');
			setTimeout(() => request.socket.destroy(), 100);
		});
		server.listen(process.argv[1], () => process.send("listening"));`;
	const server = spawn(process.execPath, ["-e", program, path], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
	cleanUp(() => server.kill());
	await once(server, "message");
	const trocla = await connectTrocla({ config: { server: `unix:${path}` } });
	expect(await trocla.formats()).toEqual(["plain"]);
	// Busy until the other side is closed: proc_net_unix(5) has the socket's path for what listens, and each connection.
	const sockets = () => readFileSync("/proc/net/unix", "utf8").split(` ${path}\n`).length - 1;
	const end = performance.now() + 10_000;
	while (sockets() > 1) expect(performance.now()).toBeLessThan(end);
	expect(await trocla.formats()).toEqual(["plain"]);
	await trocla.close();
});

test("who waits for others that go through the same connections does not take the daemon for away", async () => {
	const path = new Sandbox().path("s.sock");
	const all = 9;
	const waiting: (() => void)[] = [];
	let asked = 0;
	const server = createServer((_, response) => {
		asked++;
		waiting.push(() => response.end('{"formats": ["plain"], "success": true}'));
	}).listen(path);
	cleanUp(() => server.close());
	await once(server, "listening");
	const trocla = await connectTrocla({ config: { server: `unix:${path}` } });
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
	cleanUp(() => vi.useRealTimers());
	const formats = Promise.all(Array.from({ length: all }, () => trocla.formats()));
	await expect.poll(() => waiting.length).toBe(all - 1);
	vi.advanceTimersByTime(20_000);
	for (const answer of waiting.splice(0)) answer();
	await expect.poll(() => waiting.length).toBe(1);
	waiting[0]?.();
	expect(await formats).toHaveLength(all);
	expect(asked).toBe(all);
	await trocla.close();
});

test("openTrocla and connectTrocla each say where the other is meant", async () => {
	const here = { store: "memory" as const };
	await expect(openTrocla({ config: { server: "unix:s" } })).rejects.toMatchObject({
		code: "config",
		hint: expect.stringContaining("connectTrocla"),
	});
	await expect(connectTrocla({ config: here })).rejects.toMatchObject({
		code: "config",
		hint: expect.stringContaining("openTrocla"),
	});
});

test("a site's data takes its passwords from a daemon", async () => {
	const { daemon, trocla } = await connected();
	const { writeFileSync } = await import("node:fs");
	const config = daemon.sandbox.path("hiera.yaml");
	const level = "{ name: Passwords, lookup_key: trocla_lookup_key, options: { trocla_hierarchy: [defaults] } }";
	writeFileSync(config, `{ version: 5, hierarchy: [${level}] }`);
	const hiera = await openHiera({ config, hosts: daemon.sandbox.directory, store: trocla });
	const value = await hiera.lookup("trocla_lookup::mysql::alice");
	expect(value).toBe(await trocla.peek("alice", "mysql"));
});
