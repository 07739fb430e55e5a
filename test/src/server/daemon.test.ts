import { once } from "node:events";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { request, Agent as TlsAgent } from "node:https";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import sqlite3 from "sqlite3";
import { expect, test, vi } from "vitest";
import { newToken } from "../../../src/server/tokens.js";
import { TestDaemon } from "../../support/daemon.js";
import { cleanUp } from "../../support/sandbox.js";
import { TestCa } from "../../support/tls.js";

const ALICE = "/v1/key/alice/plain";

test("a configuration that is read again holds from then on; a broken one is told, and the one before stays", async () => {
	const daemon = await TestDaemon.start();
	const keepAlive = new Agent({ keepAlive: true });
	expect((await daemon.send("POST", ALICE, { agent: keepAlive })).status).toBe(200);
	await daemon.reload({ rules: [{ who: "socket", may: ["create"], keys: ["bob"] }] }, { options: { length: 5 } });
	expect((await daemon.send("GET", ALICE, { agent: keepAlive })).status).toBe(403);
	expect((await daemon.send("POST", "/v1/key/bob/plain", { agent: keepAlive })).json.value).toHaveLength(5);
	await daemon.daemon.reload(async () => {
		throw new Error("broken");
	});
	await daemon.reload({ https: { certificate: "/missing", key: "/missing" } });
	await daemon.reload({}, { store_options: { path: daemon.sandbox.path("other/store.sqlite") } });
	expect((await daemon.send("GET", ALICE, { agent: keepAlive })).status).toBe(403);
	expect((await daemon.send("POST", "/v1/key/bob/plain", { agent: keepAlive })).status).toBe(200);
	expect(daemon.log.filter(({ event }) => event === "not reloaded")).toMatchObject([
		{ level: "error", message: "broken" },
		{ message: expect.stringContaining("/missing") },
		{ message: expect.stringContaining("other/store.sqlite") },
	]);
	keepAlive.destroy();
});

test("of a new configuration, limits hold at once; where it listens differently, the log says that it takes a restart", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const https = await ca.https();
	const daemon = await TestDaemon.start({ https });
	const told = () => daemon.log.filter(({ event }) => event === "reload").map(({ message }) => message);
	await daemon.reload({ https, limits: { connections: 2, seconds: 1 } });
	expect(told()).toEqual([]);
	// Beside the one that is kept open for what is sent.
	const slow = await daemon.connect();
	slow.write("PUT /v1/key/alice/plain HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n");
	expect(await (await daemon.connect()).toArray()).toEqual([]);
	expect(Buffer.concat(await slow.toArray()).toString()).toMatch(/^HTTP\/1.1 (408|503) /);
	slow.destroy();
	const { ca: _, ...withoutCa } = https;
	const other = { ...withoutCa, listen: "127.0.0.1:1" };
	await daemon.reload({ https: other, socket: { path: daemon.sandbox.path("other.sock") } });
	await daemon.reload({});
	expect(told()).toEqual([
		"serve.socket, serve.https.listen, serve.https.ca changed: restart the daemon for that",
		"serve.https.listen, serve.https.ca changed: restart the daemon for that",
	]);
});

test("a token that a new configuration has no more is refused from then on", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const https = await ca.https();
	const { token, hash } = newToken();
	const rules = [{ who: { token: "ci" }, may: ["create"], keys: ["**"] }];
	const daemon = await TestDaemon.start({ https, tokens: { ci: { hash } }, rules });
	const sending = { tls: await ca.anyone(), headers: { "x-token": token } };
	expect((await daemon.send("POST", ALICE, sending)).status).toBe(200);
	await daemon.reload({ https });
	expect((await daemon.send("POST", ALICE, sending)).status).toBe(401);
});

test("a connection that was made with other certificates ends when they are exchanged", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const https = await ca.https();
	const daemon = await TestDaemon.start({ https });
	const agent = new TlsAgent({ keepAlive: true, maxSockets: 1, ...(await ca.anyone()) });
	cleanUp(() => agent.destroy());
	const ask = async () => {
		const sent = request({ agent, host: "127.0.0.1", port: daemon.daemon.port, path: "/healthz" }).end();
		const [response] = await once(sent, "response");
		await response.toArray();
		return sent.socket;
	};
	const first = await ask();
	expect(await ask()).toBe(first);
	const closed = once(first ?? expect.fail(), "close");
	await daemon.reload({ https });
	await closed;
	expect(await ask()).not.toBe(first);
});

test("a handshake that was begun with other certificates is of no use when they are exchanged", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const https = await ca.https();
	const daemon = await TestDaemon.start({ https });
	const slow = connect({ host: "127.0.0.1", port: daemon.daemon.port ?? 0 });
	cleanUp(() => slow.destroy());
	// The client's second flight waits until the certificates were exchanged.
	let flights = 0;
	let go = () => {};
	const exchanged = new Promise<void>((resolve) => {
		go = resolve;
	});
	const between = new Duplex({
		read() {},
		write(chunk, _, done) {
			const send = () => void slow.write(chunk, done);
			if (flights++ === 0) send();
			else exchanged.then(send);
		},
	});
	slow.on("data", (chunk) => between.push(chunk));
	slow.on("close", () => between.push(null));
	const client = connectTls({ ...(await ca.anyone()), socket: between });
	client.on("error", () => {});
	await once(client, "secureConnect");
	await daemon.reload({ https });
	go();
	client.write("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
	expect(Buffer.concat(await client.toArray()).toString()).toBe("");
});

test("what is asked for when the daemon is stopped is still answered", async () => {
	const daemon = await TestDaemon.start();
	const made = Array.from({ length: 8 }, (_, index) =>
		daemon.send("POST", `/v1/key/key${index}/sha512crypt`, { body: { rounds: 300_000 } }),
	);
	await expect.poll(async () => (await daemon.send("GET", "/metrics")).text).toMatch(/trocla_connections [89]/);
	await daemon.daemon.stop(20_000);
	const answers = await Promise.all(made);
	for (const [index, { json }] of answers.entries()) {
		expect(await daemon.withStore((trocla) => trocla.peek(`key${index}`, "sha512crypt"))).toBe(json.value);
	}
	await expect(daemon.send("GET", "/healthz")).rejects.toMatchObject({ code: "ENOENT" });
});

test("a store that is gone is a 503, what comes back is served by itself, and nothing is written elsewhere", async () => {
	const daemon = await TestDaemon.start();
	const { json } = await daemon.send("POST", ALICE);
	const { store } = daemon.sandbox;
	for (const suffix of ["", "-wal", "-shm"]) copyFileSync(`${store}${suffix}`, `${store}.kept${suffix}`);
	for (const suffix of ["", "-wal", "-shm"]) rmSync(`${store}${suffix}`);
	for (const [method, path] of [
		["GET", ALICE],
		["POST", "/v1/key/new/plain"],
		["GET", "/readyz"],
	] as const) {
		expect(await daemon.send(method, path), path).toMatchObject({ status: 503, json: { error: { code: "store" } } });
	}
	expect((await daemon.send("GET", "/healthz")).status).toBe(200);
	expect((await daemon.send("GET", "/metrics")).text).toContain("trocla_store_up 0");
	for (const suffix of ["-wal", "-shm", ""]) renameSync(`${store}.kept${suffix}`, `${store}${suffix}`);
	await expect.poll(async () => (await daemon.send("GET", "/readyz")).status, { timeout: 10_000 }).toBe(200);
	expect((await daemon.send("GET", ALICE)).json).toEqual(json);
	expect((await daemon.send("GET", "/v1/key/new/plain")).status).toBe(404);
});

test("while another process has the store locked, what is stored is read, and a write is a 503 in the end", async () => {
	const daemon = await TestDaemon.start({ limits: { seconds: 1 } });
	const { json } = await daemon.send("POST", ALICE);
	const other = new sqlite3.Database(daemon.sandbox.store);
	const execute = (sql: string) => new Promise((resolve) => other.exec(sql, resolve));
	cleanUp(() => new Promise((resolve) => other.close(resolve)));
	await execute("BEGIN IMMEDIATE");
	const write = daemon.send("POST", "/v1/key/new/plain");
	for (let i = 0; i < 20; i++) expect((await daemon.send("POST", ALICE)).json).toEqual(json);
	expect(await write).toMatchObject({ status: 503, json: { error: { code: "timeout" } } });
	expect((await daemon.send("GET", "/readyz")).status).toBe(200);
	await execute("ROLLBACK");
	await expect.poll(async () => (await daemon.send("POST", "/v1/key/new/plain")).status).toBe(200);
});

test("a client of HTTPS that sends too many requests is told to wait, and others are not", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const rules = [{ who: { certificate: "*" }, may: ["create"], keys: ["**"] }];
	const daemon = await TestDaemon.start({ https: await ca.https(), rules, limits: { per_second: 1 } });
	const [web1, web2] = [await ca.client("web1"), await ca.client("web2")];
	const answers = await Promise.all(Array.from({ length: 12 }, () => daemon.send("POST", ALICE, { tls: web1 })));
	const refused = answers.filter(({ status }) => status === 429);
	expect(refused.length).toBeGreaterThan(4);
	expect(refused[0]).toMatchObject({ headers: { "retry-after": "1" }, json: { error: { code: "too_many" } } });
	expect((await daemon.send("POST", ALICE, { tls: web2 })).status).toBe(200);
	const unknown = { tls: await ca.anyone(), headers: { "x-token": "guessed" } };
	const guesses = await Promise.all(Array.from({ length: 8 }, () => daemon.send("POST", ALICE, unknown)));
	await daemon.daemon.stop(1000);
	const lines = daemon.sandbox.lines.filter(({ action }) => action === "request");
	expect(lines).toMatchObject([
		{ client: "certificate web1", outcome: "refused", detail: "too many", count: refused.length },
		{ client: "anyone 127.0.0.1", count: guesses.filter(({ status }) => status === 429).length },
	]);
});

test("a web page's requests are not taken", async () => {
	const daemon = await TestDaemon.start();
	for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
		expect((await daemon.send("POST", ALICE, { headers })).status).toBe(403);
	}
	expect(daemon.sandbox.lines.map(({ action, outcome }) => [action, outcome])).toEqual([
		["connect", "refused"],
		["connect", "refused"],
	]);
});

test("neither the log nor the metrics have a value, and the metrics no key", async () => {
	const daemon = await TestDaemon.start({ log: "requests" });
	await daemon.send("PUT", ALICE, { body: { value: "hunter2-secret" } });
	await daemon.send("DELETE", ALICE);
	await daemon.send("PUT", ALICE, { body: '{"value": "hunter2-secret"' });
	const { text, headers } = await daemon.send("GET", "/metrics");
	expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
	expect(text).toMatch(/^trocla_requests_total\{method="DELETE",route="\/v1\/key\/:key\/:format",status="200"\} 1$/m);
	expect(text).not.toContain("alice");
	await daemon.daemon.stop(1000);
	expect(daemon.log.filter(({ event }) => event === "request").length).toBeGreaterThan(3);
	expect(JSON.stringify(daemon.log)).not.toContain("hunter2");
});

test("a search is answered to its end while the configuration is read again, and many in a row leave nothing behind", async () => {
	const daemon = await TestDaemon.start();
	const keys = Array.from({ length: 1000 }, (_, index) => ({ key: `${index}-${"x".repeat(200)}` }));
	for (let i = 0; i < 3; i++) {
		const prefixed = keys.map(({ key }) => ({ key: `${i}/${key}` }));
		await daemon.send("POST", "/v1/create", { body: { keys: prefixed } });
	}
	const [{ json }] = await Promise.all([daemon.send("GET", "/v1/search/x"), daemon.reload({}), daemon.reload({})]);
	expect(json.keys).toHaveLength(3000);
	// Clients that go away before they have read.
	for (let i = 0; i < 20; i++) {
		const socket = await daemon.connect();
		socket.end("GET /v1/search/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
		socket.destroy();
	}
	await daemon.reload({});
	expect((await daemon.send("GET", "/v1/search/x")).json.keys).toHaveLength(3000);
	// It waits for what still uses the store.
	await daemon.daemon.stop(1000);
});

test("a request that takes longer than it may is a 503, also where it has a body", async () => {
	const daemon = await TestDaemon.start({ limits: { seconds: 1 } });
	for (const [format, body] of [
		["bcrypt", { cost: 16 }],
		["sha512crypt", { rounds: 8_000_000 }],
	] as const) {
		const { status, json } = await daemon.send("POST", `/v1/key/slow/${format}`, { body });
		expect([status, json.error.code]).toEqual([503, "timeout"]);
	}
	expect((await daemon.send("GET", "/healthz")).status).toBe(200);
});

test("a request whose body arrives while the configuration is read again is answered from the store that it began with", async () => {
	const daemon = await TestDaemon.start();
	const socket = await daemon.connect();
	const answered = socket.toArray();
	socket.write("PUT /v1/key/slow/plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 16\r\n\r\n");
	await expect.poll(async () => (await daemon.send("GET", "/metrics")).text).toContain("trocla_connections 2");
	await daemon.reload({});
	await daemon.send("GET", "/healthz");
	socket.write('{"value": "abc"}');
	expect(Buffer.concat(await answered).toString()).toMatch(/^HTTP\/1.1 200 /);
	expect((await daemon.send("GET", "/v1/key/slow/plain")).json.value).toBe("abc");
});

test("a store that is away is told once, and so is that it is back", async () => {
	vi.useFakeTimers({ toFake: ["setInterval"] });
	const daemon = await TestDaemon.start();
	cleanUp(() => vi.useRealTimers());
	const told = () => daemon.log.filter(({ event }) => event === "store").map(({ message }) => message);
	const toldLater = () => {
		vi.advanceTimersByTime(1000);
		return told();
	};
	const { store } = daemon.sandbox;
	renameSync(store, `${store}.away`);
	await expect.poll(toldLater).not.toEqual([]);
	vi.advanceTimersByTime(3000);
	await daemon.send("GET", "/readyz");
	renameSync(`${store}.away`, store);
	await expect.poll(toldLater).toContain("the store is back");
	expect(told()).toEqual([`there is no store at ${store} yet`, "the store is back"]);
	expect((await daemon.send("POST", ALICE)).status).toBe(200);
});
