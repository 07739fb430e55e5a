import fc from "fast-check";
import { expect, test } from "vitest";
import type { ServeInput } from "../../../src/config/input.js";
import { type ServeAction, serveActions } from "../../../src/config/serve.js";
import { type Answer, TestDaemon } from "../../support/daemon.js";

type Rules = NonNullable<ServeInput["rules"]>;

const at = (key: string, format = "plain") => `/v1/key/${encodeURIComponent(key)}/${format}`;

/** A pattern that takes for ever with this key, and with no other. */
const TRAP = `${"a".repeat(40)}!`;
const THEIRS = ["theirs/a", "mine", "other", "theirs/ca", TRAP];

/** A daemon with keys, and one with none but those that the client may have: nobody is to tell which is which. */
async function twins(rules: Rules) {
	const [full, empty] = [await TestDaemon.start(), await TestDaemon.start()];
	for (const daemon of [full, empty]) await daemon.send("PUT", at("mine/seen"), { body: { value: "mine" } });
	for (const key of THEIRS) {
		if (key === "theirs/ca") continue;
		await full.send("PUT", at(key), { body: { value: `secret of ${key}` } });
		await full.send("POST", at(key, "mysql"));
	}
	await full.send("POST", at("theirs/ca", "x509"), { body: { CN: "CA", become_ca: true, key_type: "p256" } });
	const told = [full, empty].map((daemon) => daemon.sandbox.lines.length);
	for (const daemon of [full, empty]) await daemon.reload({ rules, tokens: { other: { hash: "a".repeat(64) } } }, MORE);
	const audited = () =>
		[full, empty].map((daemon, index) =>
			daemon.sandbox.lines.slice(told[index]).map(({ n, time, prev, ...line }) => line),
		);
	const [before, without] = [await full.stored(), await empty.stored()];
	return {
		/** Sends it to the one with keys. */
		toFull: (method: string, path: string, sent: { body?: unknown }) => full.send(method, path, sent),
		/** Sends it to both, and gives their one answer. */
		async send(method: string, path: string, sent: { body?: unknown }): Promise<Answer> {
			const [one, other] = [await full.send(method, path, sent), await empty.send(method, path, sent)];
			expect(seen(one), `${method} ${path}`).toEqual(seen(other));
			expect(one.text).not.toContain("secret");
			return one;
		},
		/** @param refusals - how often something was refused */
		async expectNothingDone(refusals: number): Promise<void> {
			expect(await full.stored()).toBe(before);
			expect(await empty.stored()).toBe(without);
			const [one = [], other] = audited();
			expect(one).toEqual(other);
			expect(one).toHaveLength(refusals);
			for (const line of one) expect(line.outcome).toBe("refused");
		},
	};
}

/** Any client may name these. */
const MORE = { profiles: { web: { ca: "theirs/ca" } } };

/** All that a client sees of an answer, but for the time of day. */
const seen = ({ status, headers: { date, ...headers }, text }: Answer) => ({ status, headers, text });

const refusalsIn = ({ status, json }: Answer): number =>
	Array.isArray(json) ? json.filter(({ error }) => error?.code === "forbidden").length : status === 403 ? 1 : 0;

/** Where each action is asked for, with one key. */
const asking: { readonly [action in ServeAction]?: (key: string, format: string) => [method: string, path: string][] } =
	{
		get: (key, format) => [
			["GET", at(key, format)],
			["GET", `${at(key, format)}?render=certonly`],
			["GET", `${at(key, format)}/certonly`],
		],
		create: (key, format) => [
			["POST", at(key, format)],
			["POST", `${at(key, format)}?renew_before=99999999`],
		],
		set: (key, format) => [["PUT", at(key, format)]],
		reset: (key, format) => [["PATCH", at(key, format)]],
		delete: (key, format) => [
			["DELETE", `${at(key, format)}?force=true`],
			["DELETE", `${at(key, format)}?receipt=true`],
			["DELETE", `/v1/key/${encodeURIComponent(key)}`],
		],
		formats: (key, format) => [
			["GET", `/v1/formats/${encodeURIComponent(key)}`],
			["GET", `/v1/formats/${encodeURIComponent(key)}/${format}`],
		],
		show: (key) => [["GET", `/v1/show/${encodeURIComponent(key)}`]],
		verify: (key, format) => [
			["POST", `/v1/verify/${encodeURIComponent(key)}`],
			["POST", `/v1/verify/${encodeURIComponent(key)}/${format}`],
		],
	};

const format = fc.constantFrom("plain", "mysql", "x509", "all", "nonsense");
const options = fc.constantFrom(
	{},
	{ length: 3 },
	{ length: -1 },
	{ ca: "theirs/ca" },
	{ x509: { ca: "mine/ca" } },
	{ profiles: "web" },
	{ raw: true },
	{ force: true },
);

test("a request outside the rules changes and reveals nothing, and does not tell keys that are stored from others", async () => {
	const site = await twins([{ who: "socket", may: [...serveActions], keys: ["mine/**"] }]);
	const key = fc.oneof(
		fc.constantFrom(...THEIRS, "theirs/missing", "../mine/x", "mine\\/x", "mine*"),
		fc.string({ minLength: 1, maxLength: 8 }).filter((key) => !key.startsWith("mine/")),
	);
	const asked = fc.record({
		method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
		path: fc.constantFrom(
			...["key", "keyOnly", "part", "formats", "formatOf", "formatsOf", "show", "verify", "verifyFormat"],
			...["batch", "search"],
		),
		batch: fc.constantFrom("get", "create", "set", "reset", "delete"),
		keys: fc.array(key, { minLength: 1, maxLength: 4 }),
		format,
		options,
		query: fc.constantFrom(
			"",
			"?force=true",
			"?receipt=true",
			"?renew_before=99999999",
			"?render=certonly",
			"?nonsense=1",
		),
		pattern: fc.constantFrom(".", "", "^theirs/", "secret", "(a+)+$", "^mine", "(?:theirs|mine)/", "("),
	});
	let refusals = 0;
	await fc.assert(
		fc.asyncProperty(asked, async ({ method, path, batch, keys, format, options, query, pattern }) => {
			const word = encodeURIComponent(keys[0] ?? "");
			const paths: { [name: string]: string } = {
				key: `/v1/key/${word}/${format}${query}`,
				keyOnly: `/v1/key/${word}${query}`,
				part: `/v1/key/${word}/${format}/certonly`,
				formats: `/v1/formats/${word}`,
				formatOf: `/v1/formats/${word}/${format}`,
				formatsOf: "/v1/formats",
				show: `/v1/show/${word}`,
				verify: `/v1/verify/${word}`,
				verifyFormat: `/v1/verify/${word}/${format}`,
				batch: `/v1/${batch}`,
				search: `/v1/search/${encodeURIComponent(pattern)}`,
			};
			const entries = keys.map((key) => ({ key, format, value: "v", ...options }));
			const bodies: { [name: string]: object } = { batch: { keys: entries }, formatsOf: { keys } };
			const body = bodies[path] ?? { password: "p", value: "v", ...options };
			const answer = await site.send(method, paths[path] ?? "", method === "GET" ? {} : { body });
			refusals += refusalsIn(answer);
			if (answer.status !== 200) expect([400, 403, 404]).toContain(answer.status);
			else if (path === "search") expect(["mine/seen", undefined]).toContain(answer.json.keys[0]);
			else if (Array.isArray(answer.json)) for (const entry of answer.json) expect(entry.success).toBe(false);
			else expect([method, path]).toEqual(["GET", "formatsOf"]);
			if (answer.status === 404 && method !== "HEAD") expect(answer.json.error.code).toBe("no_resource");
		}),
		{ numRuns: 600 },
	);
	expect(refusals).toBeGreaterThan(100);
	await site.expectNothingDone(refusals);
	expect((await site.send("GET", "/v1/search/.", {})).json.keys).toEqual(["mine/seen"]);
	// What they may do still works, also with a CA that they may not sign with.
	expect((await site.send("GET", at("mine/seen"), {})).json.value).toBe("mine");
	for (const ca of [{ ca: "theirs/ca" }, { profiles: "web" }]) {
		expect((await site.send("POST", at("mine/y", "x509"), { body: { CN: "y", ...ca } })).status).toBe(403);
	}
});

/** What globs these are, in other words than those of the daemon. */
const GLOBS: { readonly [glob: string]: RegExp } = {
	"**": /^/,
	"*": /^[^/]*$/,
	"mine/*": /^mine\/[^/]*$/,
	"mine/**": /^mine\//,
	"?ther": /^[^/]ther$/,
	"theirs/a": /^theirs\/a$/,
	"mine\\*": /^mine\*$/,
};

const OTHER: Rules[number]["who"] = { token: "other" };

test("whatever the rules are: what no rule allows is refused, and what one allows is not", async () => {
	const rule = fc.record({
		who: fc.constantFrom<Rules[number]["who"]>("socket", "anyone", ["socket", "anyone"], OTHER),
		may: fc.subarray([...serveActions], { minLength: 1 }),
		keys: fc.subarray(Object.keys(GLOBS)),
	});
	const key = fc.constantFrom(...THEIRS, "mine/x", "mine/x/y", "mine*", "missing");
	const action = fc.constantFrom(...(Object.keys(asking) as ServeAction[]));
	const asked = fc.record({ action, key, format, options, isBatch: fc.boolean() });
	const harmless: readonly ServeAction[] = ["formats", "show", "verify", "get"];
	await fc.assert(
		fc.asyncProperty(fc.array(rule, { maxLength: 3 }), fc.array(asked, { minLength: 20 }), async (rules, all) => {
			// Without a rule for it, the socket would be open.
			const site = await twins([...rules, { who: "socket", may: ["metrics"], keys: [] }]);
			const allows = (action: ServeAction, key: string) =>
				rules.some(
					({ who, may, keys }) => who !== OTHER && may.includes(action) && keys.some((glob) => GLOBS[glob]?.test(key)),
				);
			let refusals = 0;
			for (const { action, key, format, options, isBatch } of all) {
				const isAllowed = allows(action, key);
				if (isAllowed && !harmless.includes(action)) continue;
				for (const [method, path] of asking[action]?.(key, format) ?? []) {
					const body = action === "verify" ? { password: "p" } : { value: "v", ...options };
					const sent = method === "GET" ? {} : { body };
					if (isAllowed) {
						expect((await site.toFull(method, path, sent)).status).not.toBe(403);
						continue;
					}
					const answer = await site.send(method, path, sent);
					refusals += refusalsIn(answer);
					expect(answer.status).toBe(403);
				}
				if (isAllowed || !isBatch || ["formats", "show", "verify"].includes(action)) continue;
				const body = { keys: [{ key, format, value: "v", ...options }] };
				const answer = await site.send("POST", `/v1/${action}`, { body });
				refusals += refusalsIn(answer);
				expect(answer.json[0].error.code).toBe("forbidden");
			}
			await site.expectNothingDone(refusals);
		}),
		{ numRuns: 8 },
	);
}, 120_000);
