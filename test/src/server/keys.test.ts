import { once } from "node:events";
import { request } from "node:http";
import fc from "fast-check";
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
