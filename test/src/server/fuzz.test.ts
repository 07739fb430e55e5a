import { once } from "node:events";
import { Agent } from "node:http";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TestDaemon } from "../../support/daemon.js";
import { cleanUp } from "../../support/sandbox.js";

const RUNS = Number(process.env.TROCLA_FUZZ ?? 1500);

/** A daemon with one key, and what is stored then. */
async function daemonOfAlice() {
	const daemon = await TestDaemon.start();
	await daemon.send("PUT", "/v1/key/alice/plain", { body: { value: "secret" } });
	return { daemon, before: await daemon.stored() };
}

async function expectUnharmed({ daemon, before }: { daemon: TestDaemon; before: string }): Promise<void> {
	expect(await daemon.stored()).toBe(before);
	expect((await daemon.send("GET", "/v1/key/alice/plain")).json.value).toBe("secret");
	expect(daemon.log.filter(({ event }) => event === "failure")).toEqual([]);
}

test("a path that is no key's is a clear 400, and changes nothing", async () => {
	const site = await daemonOfAlice();
	const faulty = ["%00", "a%00b", "a%0ab", "%ff", "%c3%28", "%ed%a0%80", "%", "%zz", "%2", "a".repeat(513), "%E2%82"];
	for (const key of faulty) {
		for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
			const sent = method === "PUT" ? { body: { value: "x" } } : {};
			const { status, json } = await site.daemon.send(method, `/v1/key/${key}/plain`, sent);
			expect(status, `${method} ${key}`).toBe(400);
			expect(json).toMatchObject({ success: false, error: { code: "invalid", message: expect.stringMatching(/\S/) } });
		}
		expect((await site.daemon.send("DELETE", `/v1/key/${key}`)).status).toBe(400);
	}
	// A path is not tidied up: these are no resources, and surely not alice.
	for (const path of [
		"/v1/key/../key/alice/plain",
		"/v1/key/x/../alice/plain",
		"//v1/key/alice/plain",
		"/v1/key/alice/",
	]) {
		expect([400, 404], path).toContain((await site.daemon.send("DELETE", path)).status);
	}
	await expectUnharmed(site);
});

test("a body that is not what it should be is a clear 400, and changes nothing", async () => {
	const site = await daemonOfAlice();
	const bodies: (string | Buffer)[] = [
		"{",
		"[]",
		"null",
		"1",
		'"x"',
		'{"value": 1}',
		'{"value": null}',
		'{"value": ["x"]}',
		'{"value": "x", "raw": "yes"}',
		'{"value": "\\ud800"}',
		'{"value": ""}',
		'{"value": "x", "nonsense": 1}',
		'{"value": "x", "__proto__": {"raw": true}}',
		'{"value": "x", "constructor": {}}',
		"[".repeat(100_000),
		`{"value": "x", "mysql": ${'{"a":'.repeat(100_000)}1${"}".repeat(100_001)}`,
		Buffer.from('{"value": "\xff"}', "latin1"),
		Buffer.from("﻿{}"),
		Buffer.from([0x1f, 0x8b, 0x08, 0x00]),
	];
	for (const body of bodies) {
		const { status, json } = await site.daemon.send("PUT", "/v1/key/alice/plain", { body });
		expect([status, json.error?.code], String(body).slice(0, 60)).toEqual([400, "invalid"]);
	}
	for (const body of [
		'{"keys": {}}',
		'{"keys": [1]}',
		'{"keys": [{}]}',
		'{"keys": [{"key": 1}]}',
		'{"keys": [{"key":"a","format":[]}]}',
		"{}",
	]) {
		for (const action of ["get", "create", "set", "reset", "delete"]) {
			expect((await site.daemon.send("POST", `/v1/${action}`, { body })).status, `${action} ${body}`).toBe(400);
		}
	}
	await expectUnharmed(site);
});

test("an oversized request is a 413, and headers without end a 431", async () => {
	const site = await daemonOfAlice();
	const body = JSON.stringify({ value: "x".repeat(2 * 1024 * 1024) });
	expect(await site.daemon.send("PUT", "/v1/key/alice/plain", { body })).toMatchObject({
		status: 413,
		json: { error: { code: "too_large" } },
	});
	const headers = `GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${"x".repeat(20_000)}\r\n\r\n`;
	expect(await site.daemon.sendRaw(headers)).toMatch(/^HTTP\/1.1 431 /);
	await expectUnharmed(site);
});

test("who sends too much is told so also while still sending, through a connection that stays, and not for ever", async () => {
	const daemon = await TestDaemon.start({ limits: { body: 1024, seconds: 2 } });
	const put = `PUT /v1/key/alice/plain HTTP/1.1\r\nhost: x\r\ncontent-length: ${3_000_000}\r\n\r\n`;
	const client = await daemon.connect();
	client.write(put);
	expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1.1 413 .*too_large/s);
	// More than the kernel keeps for one who does not read.
	await new Promise((written) => client.write("x".repeat(3_000_000), written));
	client.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
	expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1.1 200 /);
	const slow = await daemon.connect();
	slow.write(put);
	const dripping = setInterval(() => slow.write("x"), 50);
	cleanUp(() => clearInterval(dripping));
	slow.resume();
	await new Promise((closed) => slow.once("close", closed));
});

test("a client that sends slowly is cut off, and others are answered meanwhile", async () => {
	const daemon = await TestDaemon.start({ limits: { seconds: 1 } });
	const slow = await daemon.connect();
	slow.write("PUT /v1/key/alice/plain HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
	const chunks: Buffer[] = [];
	slow.on("data", (chunk: Buffer) => chunks.push(chunk));
	expect((await daemon.send("GET", "/healthz")).status).toBe(200);
	await once(slow, "end");
	expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 (408|503) /);
	expect((await daemon.send("GET", "/v1/key/alice/plain")).status).toBe(404);
});

test("clients that never end their headers are cut off, and others are answered meanwhile", async () => {
	const daemon = await TestDaemon.start({ limits: { seconds: 1 } });
	const ends = Array.from({ length: 50 }, async (_, index) => {
		const slow = await daemon.connect();
		slow.write("GET /v1/key/alice/plain HTTP/1.1\r\n");
		const dribble = setInterval(() => slow.write(`x-${index}: y\r\n`), 100);
		const said = Buffer.concat(await slow.toArray().catch(() => []));
		clearInterval(dribble);
		return said.toString();
	});
	for (let i = 0; i < 20; i++) expect((await daemon.send("GET", "/readyz")).status).toBe(200);
	for (const said of await Promise.all(ends)) expect(said).toMatch(/^HTTP\/1.1 408 |^$/);
	expect((await daemon.send("GET", "/metrics")).text).toMatch(/^trocla_connections 1$/m);
});

test("a regular expression that would take for ever is given up, and others are answered meanwhile", async () => {
	const { daemon } = await daemonOfAlice();
	await daemon.send("POST", `/v1/key/${"a".repeat(60)}b/plain`);
	const search = daemon.send("GET", `/v1/search/${encodeURIComponent("(a+)+$")}`);
	const begin = performance.now();
	expect((await daemon.send("GET", "/v1/key/alice/plain")).status).toBe(200);
	expect(performance.now() - begin).toBeLessThan(900);
	expect(await search).toMatchObject({ status: 400, json: { error: { code: "invalid" } } });
	expect((await daemon.send("GET", "/v1/search/(")).status).toBe(400);
	expect((await daemon.send("GET", "/v1/search/%5Eal")).json.keys).toEqual(["alice"]);
});

test("whatever is sent is answered, and the daemon lives", async () => {
	const site = await daemonOfAlice();
	const agent = new Agent({ keepAlive: true, maxSockets: 8 });
	const word = fc.oneof(
		fc.constantFrom(
			"v1",
			"key",
			"bob",
			"plain",
			"mysql",
			"search",
			"formats",
			"show",
			"verify",
			"..",
			".",
			"%2F",
			"%00",
			"%ff",
			"%25",
			"",
		),
		fc
			.string({
				unit: fc.constantFrom("a", "%", "2", "F", "0", ";", "?", "&", "=", ":", "*", "+", "~", "\\", "é"),
				maxLength: 8,
			})
			.map((text) => text.replace(/[^\x21-\x7e]/g, "")),
	);
	const request = fc.record({
		method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"),
		path: fc.array(word, { maxLength: 6 }).map((words) => `/${words.join("/")}`),
		body: fc.oneof(
			fc.json().map((json) => Buffer.from(json)),
			fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
			fc.constant(undefined),
			fc.json().map((json) => Buffer.from(`{"value":${json}}`)),
			fc.json().map((json) => Buffer.from(`{"keys":[{"key":${json}}]}`)),
		),
		type: fc.constantFrom(
			"application/json",
			"text/plain",
			"multipart/form-data",
			"",
			"application/x-www-form-urlencoded",
			"a/b; charset=nope",
		),
	});
	await fc.assert(
		fc.asyncProperty(request, async ({ method, path, body, type }) => {
			const { status, json } = await site.daemon.send(method, path, {
				...(body && { body }),
				headers: type ? { "content-type": type } : {},
				agent,
			});
			expect(status).toBeGreaterThanOrEqual(200);
			expect(status, JSON.stringify(json)).toBeLessThan(500);
			if (status >= 400 && method !== "HEAD")
				expect(json).toMatchObject({ success: false, error: { code: expect.any(String) } });
		}),
		{ numRuns: RUNS },
	);
	agent.destroy();
	expect((await site.daemon.send("GET", "/v1/key/alice/plain")).json.value).toBe("secret");
	expect(site.daemon.log.filter(({ event }) => event === "failure")).toEqual([]);
}, 3_600_000);

test("bytes that are no HTTP are refused, and the daemon lives", async () => {
	const site = await daemonOfAlice();
	const head = "HTTP/1.1\r\nhost: x\r\n";
	const bytes = [
		"\0\0\0\0\r\n\r\n",
		"GET\r\n\r\n",
		`GET /v1/key/alice/plain\0 ${head}\r\n`,
		`DELETE /v1/key/alice/plain ${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
		`DELETE /v1/key/alice/plain ${head}content-length: 1\r\ncontent-length: 2\r\n\r\nx`,
		`DELETE /v1/key/alice/plain ${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
		`DELETE /v1/key/alice/plain ${head} folded: x\r\n\r\n`,
		"DELETE /v1/key/alice/plain HTTP/1.1\r\n\r\n",
		`DELETE /v1/key/alice/plain HTTP/3.0\r\nhost: x\r\n\r\n`,
	];
	for (const each of bytes) expect(await site.daemon.sendRaw(each), each).toMatch(/^HTTP\/1.1 400 /);
	await expectUnharmed(site);
});

test("nobody can have it work for hours: options that take so long are refused", async () => {
	const { daemon } = await daemonOfAlice();
	for (const [format, options] of [
		["bcrypt", { cost: 31 }],
		["bcrypt", { bcrypt: { cost: 31 } }],
		["sha512crypt", { rounds: 999_999_999 }],
		["argon2", { time: 1000 }],
		["x509", { CN: "x", keysize: 16_384 }],
	] as const) {
		for (const method of ["POST", "PATCH"]) {
			const { status, json } = await daemon.send(method, `/v1/key/slow/${format}`, { body: options });
			expect([status, json.error.code, json.error.message]).toEqual([400, "invalid", expect.stringMatching(/at most/)]);
		}
		const body = { keys: [{ key: "slow", format, value: "x", ...options }] };
		expect((await daemon.send("POST", "/v1/set", { body })).json[0].error.message).toMatch(/at most/);
	}
});
