import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import type { ServeInput } from "../../../src/config/input.js";
import { newToken } from "../../../src/server/tokens.js";
import { TestDaemon } from "../../support/daemon.js";
import { cleanUp } from "../../support/sandbox.js";
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

test.each(["a profile", "the daemon's own options"])(
	"who may create certificates may not have them signed by a CA that %s name, unless they may sign with it",
	async (where) => {
		const more =
			where === "a profile"
				? { profiles: { web: { ca: "ca/web", key_type: "p256" } } }
				: { options: { ca: "ca/web", key_type: "p256" } };
		const named = where === "a profile" ? { profiles: "web" } : {};
		const may: ServeInput["rules"] = [{ who: "socket", may: ["create", "reset"], keys: ["www/*"] }];
		const daemon = await TestDaemon.start();
		await daemon.send("POST", at("ca/web", "x509"), { body: { CN: "CA", become_ca: true, key_type: "p256" } });
		await daemon.reload({}, more);
		const theirs = await daemon.send("POST", at("www/theirs", "x509"), { body: { CN: "theirs", ...named } });
		expect(theirs.status).toBe(200);
		await daemon.reload({ rules: may }, more);
		const body = { CN: "bank.example.com", ...named };
		const refused = [
			await daemon.send("POST", at("www/mine", "x509"), { body }),
			await daemon.send("PATCH", at("www/mine", "x509"), { body }),
			await daemon.send("PATCH", at("www/theirs", "x509"), { body }),
			await daemon.send("POST", `${at("www/mine", "x509")}?renew_before=1`, { body: named }),
			await daemon.send("POST", `${at("www/theirs", "x509")}?renew_before=9999999999`, { body }),
		];
		for (const { json } of refused) {
			expect(json.error).toMatchObject({
				code: "forbidden",
				message: expect.stringContaining('is not allowed to have certificates signed by "ca/web"'),
			});
		}
		const batch = { keys: [{ key: "www/mine", format: "x509", ...body }] };
		expect((await daemon.send("POST", "/v1/create", { body: batch })).json[0].error.code).toBe("forbidden");
		expect((await daemon.send("GET", "/v1/search/.")).status).toBe(403);
		// What is stored they have, also anew as it was; and what no CA signs.
		expect((await daemon.send("POST", at("www/theirs", "x509"), { body: named })).json).toEqual(theirs.json);
		expect((await daemon.send("PATCH", at("www/theirs", "x509"))).status).toBe(200);
		expect((await daemon.send("POST", at("www/mine", "sha1"), { body: named })).status).toBe(200);
		await daemon.reload({ rules: [...may, { who: "socket", may: ["sign"], keys: ["ca/web"] }] }, more);
		expect((await daemon.send("POST", at("www/mine", "x509"), { body })).status).toBe(200);
		expect((await daemon.send("PATCH", at("www/theirs", "x509"), { body })).status).toBe(200);
	},
);

test("a batch of refused entries is a line for each in the audit, which are written together", async () => {
	const daemon = await TestDaemon.start({ rules: [{ who: "socket", may: ["get"], keys: ["mine"] }] });
	const keys = Array.from({ length: 400 }, (_, index) => ({ key: `key${index}`, value: "v" }));
	const head = daemon.sandbox.path("log/.audit.jsonl.head");
	for (const action of ["create", "get", "set", "reset", "delete"]) {
		const before = existsSync(head) ? daemon.sandbox.lines.length : 0;
		rmSync(head, { force: true });
		await daemon.send("POST", `/v1/${action}`, { body: { keys } });
		const lines = daemon.sandbox.lines.slice(before);
		expect(lines.map(({ action, key }) => ({ action, key }))).toEqual(keys.map(({ key }) => ({ action, key })));
		// The head has a mark for each time that something was written.
		expect(readFileSync(head, "utf8").match(/^confirmed$/gm)).toHaveLength(1);
	}
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

test("of what is sent by somebody unknown who may do nothing, nothing is read, and one refusal is audited", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const daemon = await TestDaemon.start({ https: await ca.https() });
	const where = { host: "127.0.0.1", port: daemon.daemon.port ?? expect.fail(), ...(await ca.anyone()) };
	await daemon.send("PUT", at("alice"), { body: { value: "secret" } });
	const actions = ["create", "get", "set", "reset", "delete", "formats"];
	for (const path of [...actions.map((action) => `/v1/${action}`), at("alice"), "/nosuch", "/login"]) {
		const told = daemon.sandbox.lines.length;
		const client = connect(where);
		cleanUp(() => client.destroy());
		// What is in it never comes.
		client.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n`);
		const status = path === "/nosuch" ? 404 : path === "/login" ? 413 : 403;
		expect(String((await once(client, "data"))[0]), path).toMatch(`HTTP/1.1 ${status} `);
		expect(daemon.sandbox.lines.slice(told), path).toHaveLength(status === 403 ? 1 : 0);
	}
	const { json } = await daemon.send("GET", "/v1/formats", { tls: await ca.anyone() });
	expect(json.error.message).toBe("anyone 127.0.0.1 is not allowed to see the formats");
});
