import { expect, test } from "vitest";
import type { ServeInput } from "../../../src/config/input.js";
import { newToken } from "../../../src/server/tokens.js";
import { TestDaemon } from "../../support/daemon.js";
import { TestCa } from "../../support/tls.js";

test("a part of a value, and what formats there are, are asked for as troclapi's clients do", async () => {
	const daemon = await TestDaemon.start();
	await daemon.send("POST", "/v1/key/www/x509", { body: { CN: "www", key_type: "p256" } });
	const { json: part } = await daemon.send("GET", "/v1/key/www/x509/certonly");
	expect(part).toEqual({
		format: "x509",
		value: expect.stringMatching(/^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n$/),
		success: true,
	});
	expect((await daemon.send("GET", "/v1/key/www/x509/nonsense")).status).toBe(400);
	expect((await daemon.send("GET", "/v1/key/missing/x509/keyonly")).status).toBe(404);
	expect((await daemon.send("GET", "/v1/formats")).json.available).toContain("sha512crypt");
	expect((await daemon.send("GET", "/v1/formats/www/")).json).toMatchObject({ available: ["x509"], success: true });
	expect((await daemon.send("GET", "/v1/formats/www/x509")).json).toEqual({ available: true, success: true });
	expect((await daemon.send("GET", "/v1/formats/www/mysql")).status).toBe(404);
	const body = { keys: ["www", "missing", "\n"] };
	expect((await daemon.send("POST", "/v1/formats/", { body })).json).toMatchObject([
		{ key: "www", available: ["x509"], success: true },
		{ key: "missing", success: false, error: { code: "not_found" } },
		{ key: "\n", success: false, error: { code: "invalid" } },
	]);
	await daemon.reload({ rules: [{ who: "socket", may: ["formats"], keys: ["other"] }] });
	const [refused] = (await daemon.send("POST", "/v1/formats/", { body })).json;
	expect(refused.error.code).toBe("forbidden");
	expect((await daemon.send("GET", "/v1/key/www/x509/certonly")).status).toBe(403);
	expect((await daemon.send("GET", "/v1/formats/www/x509")).status).toBe(403);
});

test("who logs in with a token has a cookie that stands for it; what is no token is refused and audited", async () => {
	const files = new TestDaemon();
	const ca = await TestCa.make(files.sandbox.directory);
	const { token, hash } = newToken();
	const rules: ServeInput["rules"] = [{ who: { token: "ci" }, may: ["get"], keys: ["app"] }];
	const https = await ca.https();
	const daemon = await TestDaemon.start({ https, tokens: { ci: { hash } }, rules });
	await daemon.send("PUT", "/v1/key/app/plain", { body: { value: "secret" } });
	const tls = await ca.anyone();
	const login = (body: object) => daemon.send("POST", "/login", { tls, body });
	for (const wrong of ["guessed", "a; Path=/evil", "a\r\nx: y", ""]) {
		const { status, headers, text } = await login({ token: wrong });
		expect([status, headers["set-cookie"], text.includes("evil")]).toEqual([401, undefined, false]);
	}
	expect(await login({ username: "alice", password: "hushhush" })).toMatchObject({ status: 400 });
	const { json, headers } = await login({ token });
	expect(json).toEqual({ success: true });
	const [cookie = ""] = headers["set-cookie"] ?? [];
	expect(cookie.split("; ").slice(1)).toEqual(["Path=/", "HttpOnly", "SameSite=Strict", "Secure"]);
	const [pair = ""] = cookie.split("; ");
	const get = (cookie: string, more: object = {}) =>
		daemon.send("GET", "/v1/key/app/plain", { tls, headers: { cookie, ...more } });
	expect((await get(`other=1; ${pair}`)).json.value).toBe("secret");
	expect((await get("trocla=guessed")).status).toBe(401);
	expect((await get("other=1")).status).toBe(403);
	// A header goes before it, and a web page gets nothing by it.
	expect((await get(pair, { "x-token": "guessed" })).status).toBe(401);
	expect((await get(pair, { "sec-fetch-site": "same-origin" })).status).toBe(403);
	const audited = daemon.sandbox.lines.filter(({ action }) => action === "connect");
	expect(audited).toHaveLength(4 + 3);
	for (const line of audited) expect(line).toMatchObject({ client: "anyone 127.0.0.1", outcome: "refused" });
	expect(JSON.stringify([daemon.sandbox.lines, daemon.log])).not.toContain(token);
	await daemon.reload({ https, rules: [] });
	expect((await get(pair)).status).toBe(401);
});
