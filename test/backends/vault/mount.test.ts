import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanUp } from "../../support/sandbox.js";
import { TestCa } from "../../support/tls.js";
import { Kv2 } from "../../support/vault/kv2.js";
import { servedVault } from "../../support/vault/served.js";
import { TestVault } from "../../support/vault/vault.js";
import { all } from "../conformance.js";

const served = servedVault();

test.each([
	[
		"is KV version 1",
		{ type: "kv", version: "1" },
		"not a mount of KV version 2, which trocla needs for its compare-and-set, but KV version 1",
	],
	["is another engine", { type: "transit" }, "but of type transit"],
])("a mount that %s is refused", async (_, engine, message) => {
	served.vault.mounts.get("")?.set("other", engine);
	await expect(served.open({ mount: "other" })).rejects.toMatchObject({
		fault: "unavailable",
		message: expect.stringContaining(message),
		hint: expect.stringContaining("vault secrets enable -path=trocla kv-v2"),
	});
});

test("a mount that is not there is refused with what makes it", async () => {
	await expect(served.open({ mount: "nowhere" })).rejects.toMatchObject({
		message: `${served.vault.url}: there is no mount nowhere/, or the token may do nothing in it`,
		hint: expect.stringContaining("vault secrets enable -path=nowhere kv-v2"),
	});
	await expect(served.open({ mount: "secret/below" })).rejects.toMatchObject({
		message: expect.stringContaining("but below secret/"),
	});
});

test("a mount that deletes by itself is refused", async () => {
	const short = new Kv2();
	served.vault.mounts.get("")?.set("short", short);
	short.config.delete_version_after = "3h25m19s";
	await expect(served.open({ mount: "short" })).rejects.toMatchObject({
		message: expect.stringContaining("deletes every secret after 3h25m19s"),
		hint: "Run: vault write short/config delete_version_after=0s",
	});
	short.config.delete_version_after = "-1ns";
	await served.open({ mount: "short" });
});

test("a mount and a prefix may be paths, and a mount may want all writes to be checked", async () => {
	const nested = new Kv2();
	nested.config.cas_required = true;
	served.vault.mounts.get("")?.set("teams/ops/kv", nested);
	const backend = await served.open({ mount: "/teams/ops/kv/", prefix: "puppet/trocla" });
	expect(await backend.swap("a", undefined, "1")).toBe(true);
	expect(await backend.swap("a", "1", undefined)).toBe(true);
	expect(await backend.swap("a", undefined, "2")).toBe(true);
	expect(await all(backend.keys())).toEqual(["a"]);
	expect(nested.has("data/puppet/trocla/a")).toBe(true);
});

test.each([
	["mount", "a b"],
	["mount", ""],
	["prefix", "../x"],
	["prefix", "a//b"],
	["prefix", ".deleted"],
	["approle_path", "a?b"],
])("store_options.%s can't be %j", async (option, value) => {
	await expect(served.open({ [option]: value })).rejects.toMatchObject({
		message: `store_options.${option} can't be ${JSON.stringify(value)}`,
	});
});

/** The first policy of docs/stores.md, as the test server takes it. */
function documentedPolicy(): { [path: string]: string[] } {
	const text = readFileSync(join(import.meta.dirname, "../../../docs/stores.md"), "utf8");
	const [, hcl = ""] = /```hcl\n(.*?)```/s.exec(text) ?? [];
	const rules = hcl.matchAll(/path "([^"]+)" \{\s*capabilities = (\[[^\]]*\])\s*\}/g);
	return Object.fromEntries([...rules].map(([, path = "", rights = ""]) => [path, JSON.parse(rights)]));
}

test("the policy of docs/stores.md is enough, and none of its rules can be left out", async () => {
	const policy = documentedPolicy();
	const token = served.vault.tokens.issue(policy);
	const backend = await served.open({ token, prefix: "trocla" });
	expect(await backend.check()).toEqual([]);
	expect(await backend.swap("a", undefined, "1")).toBe(true);
	expect(await backend.swap("a", "1", "2")).toBe(true);
	expect(await backend.swap("a", "2", undefined)).toBe(true);
	expect(await backend.swap("b", undefined, "1")).toBe(true);
	expect(await all(backend.keys())).toEqual(["b"]);
	for (const path of Object.keys(policy)) {
		const { [path]: _, ...less } = policy;
		const poorer = await served.open({ token: served.vault.tokens.issue(less), prefix: "trocla" });
		const flaws = await poorer.check().catch((error: Error) => [error]);
		expect(flaws.map(({ message }) => message).join("\n"), path).toContain(path.replace("*", ""));
	}
});

test("a token that may only read reads, and is refused where it would write", async () => {
	const { vault } = served;
	const backend = await served.open();
	await backend.swap("a", undefined, "1");
	const token = vault.tokens.issue({ "secret/data/*": ["read"] });
	const reader = await served.open({ token, prefix: backend.prefix });
	expect(await reader.read("a")).toBe("1");
	for (const refused of [reader.swap("b", undefined, "1"), reader.swap("a", "1", "2"), all(reader.keys())]) {
		const error: Error = await refused.then(
			() => expect.fail(),
			(reason) => reason,
		);
		expect(error).toMatchObject({ name: "BackendError", fault: "unavailable" });
		expect(error.message).toMatch(/permission denied|lacks update/);
		expect(error.message).not.toContain(token);
	}
});

test("TLS is with the server that the CA has signed, under its name", async () => {
	const directory = mkdtempSync(join(tmpdir(), "trocla-test-"));
	cleanUp(() => rmSync(directory, { recursive: true }));
	const { certificate, key, ca = "" } = await (await TestCa.make(directory)).https();
	const vault = await TestVault.start({ tls: { cert: readFileSync(certificate), key: readFileSync(key) } });
	cleanUp(() => vault.stop());
	const options = { url: vault.url, token: vault.root, seconds: 2 };
	const backend = await served.open({ ...options, ca });
	expect(await backend.swap("a", undefined, "1")).toBe(true);
	await expect(served.open(options)).rejects.toMatchObject({
		message: expect.stringContaining("a CA that is not trusted here"),
	});
	await expect(served.open({ ...options, ca, url: vault.url.replace("localhost", "127.0.0.1") })).rejects.toMatchObject(
		{
			message: expect.stringContaining("the server's certificate is for another name"),
		},
	);
	await expect(served.open({ ...options, url: vault.url.replace("https", "http") })).rejects.toMatchObject({
		fault: "unavailable",
	});
});
