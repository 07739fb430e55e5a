import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Sandbox, TROCLA } from "../../support/sandbox.js";
import { replay } from "../../support/shown.js";
import { servedVault } from "../../support/vault/served.js";

const served = servedVault();

/** A sandbox whose store is in the Vault, below a prefix of its own. */
function configured(prefix: string, who: { readonly [name: string]: unknown } = { token_env: "VAULT_TOKEN" }): Sandbox {
	const sandbox = new Sandbox();
	sandbox.configure({ store: "vault", store_options: { url: served.vault.url, prefix, ...who } });
	sandbox.env.VAULT_TOKEN = served.vault.root;
	return sandbox;
}

test("docs/stores.md leads to the first value", async () => {
	const text = readFileSync(join(import.meta.dirname, "../../../docs/stores.md"), "utf8");
	const [, section = ""] = /^## Vault and OpenBao\n(.*?)^## /ms.exec(text) ?? [];
	const sandbox = configured("trocla");
	const local = section.replaceAll("https://vault.example.com:8200", served.vault.url);
	expect(await replay(local, { sandbox, trocla: TROCLA, user: [] })).toBe(3);
});

test("16 processes that make one new key have one value", async () => {
	const sandbox = configured("many");
	const outcomes = await Promise.all(Array.from({ length: 16 }, () => sandbox.run(["get", "new", "plain"])));
	expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
	expect(new Set(outcomes.map(({ stdout }) => stdout)).size).toBe(1);
});

test("an AppRole's secret is in a file that only its owner reads", async () => {
	served.vault.tokens.roles.set("r1", {
		secret: "s3cret-id",
		policy: { "secret/*": ["create", "read"] },
		ttl: 60,
		uses: 9,
	});
	const sandbox = configured("role", { role_id: "r1", secret_id_file: "secret-id" });
	writeFileSync(sandbox.path("secret-id"), "s3cret-id\n", { mode: 0o600 });
	expect(await sandbox.run(["get", "a", "plain"])).toMatchObject({ code: 0, stderr: "" });
	writeFileSync(sandbox.path("other"), "s3cret-id\n", { mode: 0o644 });
	const exposed = configured("role", { role_id: "r1", secret_id_file: sandbox.path("other") });
	const { code, stderr } = await exposed.run(["get", "a", "plain"]);
	expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("the store's secret_id") });
	expect(stderr).not.toContain("s3cret-id");
});

test("the doctor counts the keys, and says what the token lacks", async () => {
	const sandbox = configured("doctor");
	await sandbox.run(["get", "a", "plain"]);
	await sandbox.run(["get", "b", "plain"]);
	await sandbox.run(["delete", "b"]);
	const { vault } = served;
	const { code, stdout } = await sandbox.run(["doctor"]);
	expect(code, stdout).toBe(0);
	expect(stdout).toContain(`store: ${vault.url}: 1 key, which is sound`);
	sandbox.env.VAULT_TOKEN = vault.tokens.issue({
		"secret/data/doctor/*": ["read"],
		"secret/metadata/doctor/*": ["list"],
	});
	const poor = await sandbox.run(["doctor"]);
	expect(poor.code).toBe(1);
	expect(poor.stdout).toContain("the token lacks create, update on secret/data/doctor/NAME");
	expect(poor.stdout).toContain("the token lacks update on secret/destroy/doctor/NAME");
	expect(poor.stdout).not.toContain(sandbox.env.VAULT_TOKEN);
});

test("what is wrong with the options is said by their names", async () => {
	const sandbox = new Sandbox();
	const refused = async (store_options: object) => {
		sandbox.configure({ store: "vault", store_options });
		const { code, stdout, stderr } = await sandbox.run(["get", "a", "plain"]);
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		return stderr;
	};
	expect(await refused({})).toMatch(/store: vault needs url\n.*token_env: VAULT_TOKEN/);
	expect(await refused({ url: "https://u:p@vault:8200" })).toContain("store_options.url holds a password");
	expect(await refused({ url: "ftp://vault" })).toContain(`can't begin with "ftp://"`);
	expect(await refused({ url: served.vault.url, token: "hvs.x" })).toMatch(/unknown key "token"/);
	expect(await refused({ url: served.vault.url, token_env: "UNSET" })).toContain(
		"the store's token in $UNSET is not set",
	);
});
