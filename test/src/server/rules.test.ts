import fc from "fast-check";
import { expect, test } from "vitest";
import type { ServeInput } from "../../../src/config/input.js";
import { serveActions } from "../../../src/config/serve.js";
import { newToken } from "../../../src/server/tokens.js";
import { TestDaemon } from "../../support/daemon.js";
import { TestCa } from "../../support/tls.js";

const at = (key: string, format = "plain") => `/v1/key/${encodeURIComponent(key)}/${format}`;

test("a host with a certificate sees its own keys and no other's", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const rules: ServeInput["rules"] = [
		{ who: { certificate: "*.example.com" }, may: ["create", "search"], keys: ["hosts/%{certname}/*"] },
	];
	const daemon = await TestDaemon.start({ https: await ca.https(), rules });
	const [web1, web2, other] = [
		await ca.client("web1.example.com"),
		await ca.client("web2.example.com"),
		await ca.client("web1.example.org"),
	];
	const own = await daemon.send("POST", at("hosts/web1.example.com/root"), { tls: web1 });
	expect(own.status).toBe(200);
	for (const tls of [web2, other, await ca.anyone()]) {
		expect((await daemon.send("POST", at("hosts/web1.example.com/root"), { tls })).status).toBe(403);
	}
	expect((await daemon.send("GET", at("hosts/web1.example.com/root"), { tls: web1 })).status).toBe(403);
	expect((await daemon.send("POST", at("hosts/web2.example.com/root"), { tls: web2 })).status).toBe(200);
	expect((await daemon.send("GET", "/v1/search/.", { tls: web2 })).json.keys).toEqual(["hosts/web2.example.com/root"]);
	expect((await daemon.send("GET", "/v1/search/.", { tls: other })).status).toBe(403);
	// The socket has no rule, so its file's mode decides.
	expect((await daemon.send("GET", "/v1/search/.")).json.keys).toHaveLength(2);
});

test("a token may what its rules say; on HTTPS nothing is allowed without one", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const { token, hash } = newToken();
	const rules: ServeInput["rules"] = [{ who: { token: "ci" }, may: ["get", "metrics"], keys: ["app/**"] }];
	const daemon = await TestDaemon.start({ https: await ca.https(), tokens: { ci: { hash } }, rules });
	await daemon.send("PUT", at("app/db/main"), { body: { value: "secret" } });
	const tls = await ca.anyone();
	const get = (headers?: object, path = at("app/db/main")) =>
		daemon.send("GET", path, { tls, headers: { ...headers } });
	expect((await get()).status).toBe(403);
	expect((await get({ "x-token": token })).json.value).toBe("secret");
	expect((await get({ authorization: `Bearer ${token}` })).json.value).toBe("secret");
	expect((await get({ authorization: `bearer ${hash}` })).status).toBe(401);
	expect((await get({ authorization: `Basic ${token}` })).status).toBe(401);
	expect((await get({ "x-token": token }, at("other"))).status).toBe(403);
	expect((await get({ "x-token": token }, "/metrics")).text).toContain("trocla_requests_total");
	expect((await get({}, "/metrics")).status).toBe(403);
	for (const open of ["/healthz", "/readyz", "/openapi.json"]) expect((await get({}, open)).status).toBe(200);
	expect(JSON.stringify(daemon.log) + daemon.sandbox.lines.map((line) => JSON.stringify(line)).join()).not.toContain(
		token,
	);
});

test("refusals are audited with who asked for what, and changes with who made them", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const { token, hash } = newToken();
	const rules: ServeInput["rules"] = [{ who: { token: "ci" }, may: ["create"], keys: ["app/*"] }];
	const daemon = await TestDaemon.start({ https: await ca.https(), tokens: { ci: { hash } }, rules });
	const sending = { tls: await ca.anyone(), headers: { "x-token": token } };
	await daemon.send("POST", at("app/one"), sending);
	await daemon.send("POST", at("two"), sending);
	await daemon.send("GET", at("app/one"), sending);
	await daemon.send("POST", "/v1/delete", { ...sending, body: { keys: [{ key: "app/one" }] } });
	await daemon.send("GET", at("app/one"), { ...sending, headers: { "x-token": "wrong" } });
	await daemon.send("POST", at("three"));
	const lines = daemon.sandbox.lines.map(({ client, action, key, outcome }) => [client, action, key, outcome]);
	expect(lines).toEqual([
		["token ci", "get", "app/one", "stored"],
		["token ci", "create", "two", "refused"],
		["token ci", "get", "app/one", "refused"],
		["token ci", "delete", "app/one", "refused"],
		["anyone 127.0.0.1", "connect", undefined, "refused"],
		[`socket uid ${process.getuid?.()}`, "get", "three", "stored"],
	]);
	expect(await daemon.sandbox.doctor()).toMatchObject([{ state: "ok" }]);
});

test("who may create certificates may have them signed by no CA but those that a rule names", async () => {
	const rules: ServeInput["rules"] = [
		{ who: "socket", may: ["create"], keys: ["www/*"] },
		{ who: "socket", may: ["sign"], keys: ["ca/open"] },
	];
	const daemon = await TestDaemon.start();
	for (const ca of ["ca/open", "ca/closed"]) {
		await daemon.send("POST", at(ca, "x509"), { body: { CN: ca, become_ca: true, key_type: "p256" } });
	}
	await daemon.reload({ rules });
	const signed = (key: string, ca: string) =>
		daemon.send("POST", at(key, "x509"), { body: { CN: "www", ca, key_type: "p256" } });
	expect((await signed("www/one", "ca/open")).status).toBe(200);
	expect((await signed("www/two", "ca/closed")).status).toBe(403);
	expect((await signed("www/two", "ca/missing")).status).toBe(403);
	const inner = { x509: { CN: "www", ca: "ca/closed", key_type: "p256" } };
	expect((await daemon.send("POST", at("www/two", "x509"), { body: inner })).status).toBe(403);
	const batch = { x509: { ca: "ca/closed" }, keys: [{ key: "www/two", format: "x509" }] };
	expect((await daemon.send("POST", "/v1/create", { body: batch })).json[0].error.code).toBe("forbidden");
	expect((await daemon.send("GET", at("ca/open", "x509"))).status).toBe(403);
});

test("a request outside the rules changes and reveals nothing, and does not tell keys that are stored from others", async () => {
	const rules: ServeInput["rules"] = [{ who: "socket", may: [...serveActions], keys: ["mine/**"] }];
	const [full, empty] = [await TestDaemon.start(), await TestDaemon.start()];
	const theirs = ["theirs/a", "mine", "other", "theirs/ca"];
	for (const key of theirs.slice(0, 3)) {
		await full.send("PUT", at(key), { body: { value: `secret of ${key}` } });
		await full.send("POST", at(key, "mysql"));
	}
	await full.send("POST", at("theirs/ca", "x509"), { body: { CN: "CA", become_ca: true, key_type: "p256" } });
	await full.reload({ rules });
	await empty.reload({ rules });
	const before = await full.stored();
	const key = fc.oneof(
		fc.constantFrom(...theirs, "theirs/missing", "../mine/x", "mine\\/x", "mine*"),
		fc.string({ minLength: 1, maxLength: 8 }).filter((key) => !key.startsWith("mine/")),
	);
	const format = fc.constantFrom("plain", "mysql", "x509", "all", "nonsense");
	const options = fc.constantFrom(
		{},
		{ length: 3 },
		{ ca: "theirs/ca" },
		{ x509: { ca: "mine/ca" } },
		{ value: "v", raw: true },
	);
	const asked = fc.record({
		method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE"),
		path: fc.constantFrom("key", "keyOnly", "formats", "show", "verify", "verifyFormat", "batch"),
		batch: fc.constantFrom("get", "create", "set", "reset", "delete"),
		key,
		format,
		options,
		query: fc.constantFrom("", "?force=true", "?receipt=true", "?renew_before=99999999", "?render=certonly"),
	});
	await fc.assert(
		fc.asyncProperty(asked, async ({ method, path, batch, key, format, options, query }) => {
			const word = encodeURIComponent(key);
			const paths: { [name: string]: string } = {
				key: `/v1/key/${word}/${format}${query}`,
				keyOnly: `/v1/key/${word}${query}`,
				formats: `/v1/formats/${word}`,
				show: `/v1/show/${word}`,
				verify: `/v1/verify/${word}`,
				verifyFormat: `/v1/verify/${word}/${format}`,
				batch: `/v1/${batch}`,
			};
			const body =
				path === "batch" ? { keys: [{ key, format, value: "v", ...options }] } : { password: "p", ...options };
			const sent = method === "GET" ? {} : { body };
			const [one, other] = [
				await full.send(method, paths[path] ?? "", sent),
				await empty.send(method, paths[path] ?? "", sent),
			];
			expect([one.status, one.text]).toEqual([other.status, other.text]);
			expect(one.text).not.toContain("secret");
			if (path === "batch" && one.status === 200) expect(one.json[0].success).toBe(false);
			else expect([400, 403, 404]).toContain(one.status);
			if (one.status === 404) expect(one.json.error.code).toBe("no_resource");
		}),
		{ numRuns: 400 },
	);
	expect(await full.stored()).toBe(before);
	expect(await empty.stored()).toBe("");
	expect((await full.send("GET", "/v1/search/.")).json.keys).toEqual([]);
	// What they may do still works, also with a CA that they may not sign with.
	expect((await full.send("POST", at("mine/x"))).status).toBe(200);
	const [a, b] = [full, empty].map((daemon) =>
		daemon.send("POST", at("mine/y", "x509"), { body: { CN: "y", ca: "theirs/ca" } }),
	);
	expect((await a)?.text).toBe((await b)?.text);
});

test("who may create, and not reset, can't have a certificate renewed", async () => {
	const daemon = await TestDaemon.start();
	const www = `${at("www", "x509")}?renew_before=172800`;
	const body = { CN: "www", key_type: "p256", days: 1 };
	const { json } = await daemon.send("POST", at("www", "x509"), { body });
	await daemon.reload({ rules: [{ who: "socket", may: ["create"], keys: ["www"] }] });
	expect((await daemon.send("POST", www, { body: { days: 30 } })).status).toBe(403);
	expect((await daemon.send("POST", at("www", "x509"))).json).toEqual(json);
	await daemon.reload({ rules: [{ who: "socket", may: ["create", "reset"], keys: ["www"] }] });
	expect((await daemon.send("POST", www, { body: { days: 30 } })).json.value).not.toBe(json.value);
});

test("who may reset a certificate gets it again as it was, and with other names only where they may sign with its CA", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("POST", at("ca", "x509"), { body: { CN: "CA", become_ca: true, key_type: "p256" } });
	await daemon.send("POST", at("www", "x509"), { body: { CN: "www", ca: "ca", key_type: "p256" } });
	const before = await daemon.stored();
	const may: ServeInput["rules"] = [{ who: "socket", may: ["create", "reset"], keys: ["www"] }];
	await daemon.reload({ rules: may });
	const renewal = `${at("www", "x509")}?renew_before=999999999`;
	for (const body of [{ CN: "admin" }, { x509: { altnames: ["admin.example.com"] } }]) {
		expect((await daemon.send("PATCH", at("www", "x509"), { body })).json.error.code).toBe("forbidden");
		expect((await daemon.send("POST", renewal, { body })).json.error.code).toBe("forbidden");
		const batch = { keys: [{ key: "www", format: "x509", ...body }] };
		expect((await daemon.send("POST", "/v1/reset", { body: batch })).json[0].error.code).toBe("forbidden");
	}
	expect(await daemon.stored()).toBe(before);
	expect((await daemon.send("PATCH", at("www", "x509"), { body: { render: "certonly" } })).status).toBe(200);
	expect((await daemon.send("POST", renewal)).status).toBe(200);
	await daemon.reload({ rules: [...may, { who: "socket", may: ["sign"], keys: ["ca"] }] });
	expect((await daemon.send("PATCH", at("www", "x509"), { body: { CN: "admin" } })).status).toBe(200);
});
