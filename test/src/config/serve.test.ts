import { expect, test } from "vitest";
import { User } from "../../support/user.js";

const HASH = "a".repeat(64);

async function refusal(serve: unknown) {
	const error = await new User().load(JSON.stringify({ serve })).catch((error: unknown) => error);
	const { code, message, hint } = error as { code: string; message: string; hint?: string };
	expect(code).toBe("config");
	return [message.replace(/^\S+: /, ""), hint];
}

test("what serve may have is taken, with paths that are the configuration's", async () => {
	const user = new User();
	const config = await user.load(`
serve:
  socket: {path: run/t.sock, mode: 0660, group: puppet}
  https: {listen: "[::]:8443", certificate: c.pem, key: k.pem, ca: ca.pem, crl: ~/crl.pem}
  tokens: {ci: {hash: ${HASH}}}
  rules:
  - {who: socket, may: [get, create], keys: ["**"]}
  - {who: [{certificate: "*.example.com"}], may: [sign], keys: ["hosts/%{certname}/*"]}
  - {who: [{token: ci}, anyone], may: [metrics], keys: []}
  limits: {body: 1024, batch: 10, seconds: 5, connections: 10, per_second: 5}
  log: requests
`);
	expect(config.serve).toMatchObject({
		socket: { path: `${user.home}/run/t.sock`, mode: 0o660, group: "puppet" },
		https: { certificate: `${user.home}/c.pem`, crl: `${user.home}/crl.pem` },
	});
});

test("what it may not have is refused with the place, and the nearest name", async () => {
	const https = { certificate: "c", key: "k" };
	const rule = { who: "socket", may: ["get"], keys: ["*"] };
	const faults: [serve: unknown, message: string | RegExp, hint?: string | RegExp][] = [
		[{ sockt: {} }, 'serve: unknown key "sockt"', "Did you mean socket?"],
		[{ socket: { mod: 1 } }, 'serve.socket: unknown key "mod"', "Did you mean mode?"],
		[{ socket: { mode: 660 } }, "serve.socket: mode can't be 660", /0660/],
		[{ socket: { group: "a b" } }, /^serve.socket: group can't be "a b"/],
		[{ https: { certificate: "c" } }, "serve.https: it has no key"],
		[{ https: { ...https, listen: "8443" } }, /^serve.https: listen can't be "8443"/],
		[{ https: { ...https, crl: "crl.pem" } }, "serve.https: crl is of no use without ca"],
		[{ tokens: { ci: { hash: "secret" } } }, "serve.tokens: the hash of ci is not 64 hex digits", /--new-token ci/],
		[{ tokens: { "a b": { hash: HASH } } }, /^serve.tokens: a token's name can't be "a b"/],
		[{ rules: {} }, "serve.rules must be a list"],
		[{ rules: [rule, { ...rule, may: ["gett"] }] }, 'serve.rules[1]: may: "gett" is not known', "Did you mean get?"],
		[{ rules: [{ ...rule, who: "sockets" }] }, 'serve.rules[0]: who: "sockets" is not known', "Did you mean socket?"],
		[
			{ rules: [{ ...rule, who: { token: "ci" } }], tokens: { cd: { hash: HASH } } },
			/who: the token "ci" is not known/,
		],
		[{ rules: [{ ...rule, who: { certificate: "*" } }] }, "serve.rules[0]: who: certificates need serve.https.ca"],
		[{ rules: [{ ...rule, keys: ["%{certname}/*"] }] }, /is for certificates alone/],
		[{ rules: [{ ...rule, keys: ["%{hostname}/*"] }] }, 'serve.rules[0]: keys: "%{hostname}" is not known'],
		[{ rules: [{ who: "socket", may: ["get"] }] }, "serve.rules[0]: it has no keys"],
		[{ limits: { seconds: 0 } }, "serve.limits: seconds must be a whole number from 1 to 3600, not 0"],
		[{ log: "all" }, 'serve.log: "all" is not known'],
	];
	for (const [serve, message, hint] of faults) {
		const [told, what] = await refusal(serve);
		if (typeof message === "string") expect(told).toBe(message);
		else expect(told).toMatch(message);
		if (hint !== undefined) expect(what).toMatch(hint);
		expect(told).not.toContain("secret");
	}
});
