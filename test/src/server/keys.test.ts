import { once } from "node:events";
import { request } from "node:http";
import fc from "fast-check";
import sqlite3 from "sqlite3";
import { expect, test } from "vitest";
import { TestDaemon } from "../../support/daemon.js";

const at = (key: string, format = "plain") => `/v1/key/${encodeURIComponent(key)}/${format}`;

test("a value is made by POST, read by GET, and the same for every later POST", async () => {
	const daemon = await TestDaemon.start();
	expect(await daemon.send("GET", at("alice", "mysql"))).toMatchObject({
		status: 404,
		json: { success: false, error: { code: "not_found", message: '"alice" has no mysql stored' } },
	});
	const made = await daemon.send("POST", at("alice", "mysql"), { body: { length: 30 } });
	expect(made).toMatchObject({ status: 200, json: { format: "mysql", success: true } });
	expect((await daemon.send("GET", at("alice", "mysql"))).json).toEqual(made.json);
	expect((await daemon.send("POST", at("alice", "mysql"))).json).toEqual(made.json);
	const { json: plain } = await daemon.send("GET", at("alice"));
	expect(plain.value).toHaveLength(30);
	expect(await daemon.withStore((trocla) => trocla.peek("alice", "mysql"))).toBe(made.json.value);
});

test("troclapi's clients are understood: curl's Content-Type, an empty body, and a batch whose path ends with a slash", async () => {
	const daemon = await TestDaemon.start();
	const type = "application/x-www-form-urlencoded";
	const empty = { body: "", headers: { "content-type": type, "content-length": 0 } };
	expect(await daemon.send("POST", at("alice"), empty)).toMatchObject({ status: 200 });
	const set = await daemon.send("PUT", at("bob"), { body: '{"value": "secret"}', headers: { "content-type": type } });
	expect(set.json).toEqual({ format: "plain", value: "secret", success: true });
	const body = { length: 20, keys: [{ key: "bob" }, { key: "carol", format: "mysql", length: 25 }, { key: "dave" }] };
	const { json } = await daemon.send("POST", "/v1/create/", { body });
	expect(json).toEqual([
		{ key: "bob", format: "plain", value: "secret", success: true },
		{ key: "carol", format: "mysql", value: expect.stringMatching(/^\*[0-9A-F]{40}$/), success: true },
		{ key: "dave", format: "plain", value: expect.stringMatching(/^.{20}$/), success: true },
	]);
	expect((await daemon.send("GET", at("carol"))).json.value).toHaveLength(25);
});

test("PUT stores a password, also raw, and PATCH makes another one", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("PUT", at("alice"), { body: { value: "secret" } });
	const { json: hash } = await daemon.send("POST", at("alice", "mysql"));
	expect(await daemon.withStore((trocla) => trocla.verify("alice", "secret", "mysql"))).toBe("mysql");
	expect((await daemon.send("PUT", at("bob", "mysql"), { body: { value: hash.value, raw: true } })).json).toEqual(hash);
	const { json: anew } = await daemon.send("PATCH", at("alice"), { body: { length: 9 } });
	expect(anew.value).toMatch(/^.{9}$/);
	expect((await daemon.send("GET", at("alice", "mysql"))).status).toBe(404);
	expect(await daemon.send("PATCH", at("bob", "sha1"))).toMatchObject({
		status: 409,
		json: { error: { code: "no_plaintext" } },
	});
});

test("DELETE hands a value out once, and a whole key", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("PUT", at("alice"), { body: { value: "secret" } });
	const { json: hash } = await daemon.send("POST", at("alice", "mysql"));
	expect((await daemon.send("DELETE", at("alice"))).json).toEqual({ format: "plain", value: "secret", success: true });
	expect((await daemon.send("DELETE", at("alice"))).status).toBe(404);
	expect((await daemon.send("DELETE", "/v1/key/alice")).json).toEqual({ values: { mysql: hash.value }, success: true });
	expect((await daemon.send("GET", "/v1/show/alice")).status).toBe(404);
});

test("a damaged record is an error, and is removed by force with nothing to hand out", async () => {
	const daemon = await TestDaemon.start();
	const damage = async (key: string) => {
		await daemon.send("POST", at(key));
		const database = new sqlite3.Database(daemon.sandbox.store);
		const sql = 'UPDATE keyv SET value = \'{"value":"garbage"}\' WHERE key = ?';
		await new Promise((resolve) => database.run(sql, `trocla:${key}`, resolve));
		await new Promise((resolve) => database.close(resolve));
	};
	for (const key of ["alice", "bob"]) await damage(key);
	expect(await daemon.send("DELETE", "/v1/key/alice")).toMatchObject({
		status: 500,
		json: { error: { code: "damaged" } },
	});
	const warnings = (key: string) => [expect.stringContaining(`the record of "${key}" was damaged: it is removed`)];
	expect((await daemon.send("DELETE", "/v1/key/alice?force=true")).json).toEqual({
		values: {},
		success: true,
		warnings: warnings("alice"),
	});
	expect((await daemon.send("DELETE", "/v1/key/alice?force=true")).status).toBe(404);
	const batch = { format: "all", force: true, keys: [{ key: "bob" }] };
	expect((await daemon.send("POST", "/v1/delete", { body: batch })).json).toEqual([
		{ key: "bob", format: "all", values: {}, success: true, warnings: warnings("bob") },
	]);
	expect((await daemon.send("GET", "/v1/search/.")).json.keys).toEqual([]);
});

test("what the store warns of is in the answer: of a value, of a refusal, and of the entry of a batch", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("POST", at("alice"), { body: { length: 20 } });
	expect((await daemon.send("POST", at("alice"))).json).not.toHaveProperty("warnings");
	const warnings = [expect.stringMatching(/^"alice" is stored with length 20, not 30/)];
	expect((await daemon.send("POST", at("alice"), { body: { length: 30 } })).json).toMatchObject({ warnings });
	const keys = [{ key: "alice" }, { key: "alice", length: 30 }, { key: "bob", length: 30 }];
	const { json } = await daemon.send("POST", "/v1/create", { body: { keys } });
	expect(json.map((entry: object) => "warnings" in entry)).toEqual([false, true, false]);
	expect(json[1]).toMatchObject({ warnings });
	await daemon.send("PUT", at("carol"), { body: { value: "x".repeat(80) } });
	const refused = await daemon.send("POST", at("carol", "bcrypt"), { body: { length: 5, render: "none" } });
	expect(refused).toMatchObject({ status: 400, json: { success: false } });
	const told = daemon.log.filter(({ event }) => event === "warning");
	expect(told).toEqual([]);
});

test("a batch renews certificates, where an entry says so", async () => {
	const daemon = await TestDaemon.start();
	const { json: before } = await daemon.send("POST", at("www", "x509"), {
		body: { CN: "www", key_type: "p256", days: 1 },
	});
	const entry = { key: "www", format: "x509" };
	const { json } = await daemon.send("POST", "/v1/create", {
		body: { keys: [entry, { ...entry, renew_before: 172_800, days: 30 }] },
	});
	expect(json[0].value).toBe(before.value);
	expect(json[1].value).not.toBe(before.value);
});

test("of many who delete at once, one is handed the value", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("PUT", at("alice"), { body: { value: "secret" } });
	const answers = await Promise.all(Array.from({ length: 32 }, () => daemon.send("DELETE", at("alice"))));
	expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
	expect(answers.filter(({ status }) => [404, 409].includes(status))).toHaveLength(31);
});

test("a value whose client went away before it was written stays stored", async () => {
	const daemon = await TestDaemon.start();
	// Larger than the socket's buffers: a client that does not read does not get all of it.
	const value = "x".repeat(1_000_000);
	await daemon.send("PUT", at("alice"), { body: { value } });
	const sent = request({ socketPath: daemon.socket, method: "DELETE", path: at("alice") });
	sent.on("error", () => {});
	sent.end();
	const [response] = await once(sent, "response");
	response.on("error", () => {});
	expect((await daemon.send("DELETE", at("alice"))).json.error.code).toBe("claimed");
	sent.destroy();
	await expect.poll(async () => (await daemon.send("GET", at("alice"))).status).toBe(200);
	expect((await daemon.send("DELETE", at("alice"))).json.value).toBe(value);
});

test("of a batch whose client went away before it was written, every value stays stored", async () => {
	const daemon = await TestDaemon.start();
	const value = "x".repeat(500_000);
	const keys = ["a", "b", "c"].map((key) => ({ key }));
	for (const { key } of keys) await daemon.send("PUT", at(key), { body: { value } });
	const body = JSON.stringify({ keys: [...keys, { key: "missing" }] });
	const headers = { "content-length": Buffer.byteLength(body) };
	const sent = request({ socketPath: daemon.socket, method: "POST", path: "/v1/delete", headers });
	sent.on("error", () => {});
	sent.end(body);
	const [response] = await once(sent, "response");
	response.on("error", () => {});
	sent.destroy();
	for (const { key } of keys) {
		await expect.poll(async () => (await daemon.send("GET", at(key))).json.value).toBe(value);
	}
	expect((await daemon.send("POST", "/v1/delete", { body })).json).toMatchObject([
		...keys.map(() => ({ value, success: true })),
		{ success: false },
	]);
});

test("a batch answers each entry by itself, in their order", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("PUT", at("alice"), { body: { value: "secret" } });
	const get = await daemon.send("POST", "/v1/get", {
		body: { keys: [{ key: "bob" }, { key: "alice" }, { key: "\n" }] },
	});
	expect(
		get.json.map(({ success, error }: { success: boolean; error?: { code: string } }) => error?.code ?? success),
	).toEqual(["not_found", true, "invalid"]);
	const set = [
		{ key: "bob", value: "b", format: "mysql" },
		{ key: "carol", value: "" },
	];
	expect((await daemon.send("POST", "/v1/set", { body: { keys: set } })).json).toMatchObject([
		{ key: "bob", success: true },
		{ key: "carol", success: false, error: { code: "invalid" } },
	]);
	const keys = [{ key: "alice" }, { key: "alice" }, { key: "bob", format: "all" }, { key: "zoe" }];
	expect((await daemon.send("POST", "/v1/delete", { body: { keys } })).json).toMatchObject([
		{ key: "alice", value: "secret" },
		{ key: "alice", error: { code: "invalid" } },
		{ key: "bob", values: { mysql: expect.any(String) } },
		{ key: "zoe", error: { code: "not_found" } },
	]);
	expect((await daemon.send("GET", "/v1/search/.")).json.keys).toEqual([]);
});

test("a batch has up to 1,000 entries, and one value for each key that it names twice", async () => {
	const daemon = await TestDaemon.start();
	const keys = Array.from({ length: 1000 }, (_, index) => ({ key: `key${index % 500}` }));
	const { json } = await daemon.send("POST", "/v1/create", { body: { keys } });
	expect(new Set(json.map(({ value }: { value: string }) => value)).size).toBe(500);
	const tooMany = await daemon.send("POST", "/v1/create", { body: { keys: [...keys, { key: "one" }] } });
	expect(tooMany).toMatchObject({ status: 400, json: { error: { code: "invalid" } } });
	await daemon.reload({ limits: { batch: 10 } });
	expect((await daemon.send("POST", "/v1/get", { body: { keys: keys.slice(0, 11) } })).status).toBe(413);
});

test("64 clients that ask for one new key get one value", async () => {
	const daemon = await TestDaemon.start();
	const answers = await Promise.all(Array.from({ length: 64 }, () => daemon.send("POST", at("new", "sha512crypt"))));
	expect(new Set(answers.map(({ json }) => json.value)).size).toBe(1);
});

test("what is asked of a key without its values: formats, show, verify", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("PUT", at("alice"), { body: { value: "secret" } });
	await daemon.send("POST", at("alice", "mysql"));
	expect((await daemon.send("GET", "/v1/formats/alice")).json.formats).toEqual(["plain", "mysql"]);
	expect((await daemon.send("GET", "/v1/formats/")).json.formats).toContain("sha512crypt");
	expect((await daemon.send("GET", "/v1/formats/bob")).status).toBe(404);
	const { json: shown, text } = await daemon.send("GET", "/v1/show/alice");
	expect(shown).toMatchObject({ key: "alice", formats: { plain: {}, mysql: { options: {} } } });
	expect(text).not.toContain("secret");
	const verify = async (password: string, format = "") =>
		(await daemon.send("POST", `/v1/verify/alice${format}`, { body: { password } })).json.match;
	expect([await verify("secret"), await verify("secret", "/plain"), await verify("other")]).toEqual([
		"plain",
		"plain",
		null,
	]);
});

test("a part of a value, and a renewal, are asked for in the query", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("POST", at("www", "x509"), { body: { CN: "www", key_type: "p256", days: 1 } });
	const { json } = await daemon.send("GET", `${at("www", "x509")}?render=certonly`);
	expect(json.value).toMatch(/^-----BEGIN CERTIFICATE-----/);
	const before = await daemon.send("GET", at("www", "x509"));
	expect((await daemon.send("POST", at("www", "x509"))).json).toEqual(before.json);
	const { json: renewed } = await daemon.send("POST", `${at("www", "x509")}?renew_before=172800`, {
		body: { days: 30 },
	});
	expect(renewed.value).not.toBe(before.json.value);
	expect((await daemon.send("GET", `${at("www", "x509")}?rendr=certonly`)).status).toBe(400);
});

test("any key that the store takes is one in a path too", async () => {
	const daemon = await TestDaemon.start();
	const key = fc
		.string({ unit: "binary", minLength: 1, maxLength: 60 })
		.filter((key) => !/\p{Cc}/u.test(key) && key.isWellFormed());
	const tricky = fc.constantFrom(
		"..",
		"../..",
		"a/b",
		"/",
		"%2F",
		"%",
		"a%00",
		"?",
		"#",
		"a?b=c",
		"é",
		"💥",
		"*",
		":key",
		" ",
	);
	await fc.assert(
		fc.asyncProperty(fc.oneof(key, tricky), async (key) => {
			const { json } = await daemon.send("POST", at(key));
			expect(json.success).toBe(true);
			expect(await daemon.withStore((trocla) => trocla.peek(key, "plain"))).toBe(json.value);
			expect((await daemon.send("GET", `/v1/formats/${encodeURIComponent(key)}`)).json.key).toBe(key);
		}),
		{ numRuns: 60 },
	);
});
