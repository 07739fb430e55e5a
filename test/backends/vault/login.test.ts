import { describe, expect, test, vi } from "vitest";
import { servedVault } from "../../support/vault/served.js";

const served = servedVault();
const POLICY = { "secret/*": ["create", "read", "update", "list"] };

/** An AppRole of the test's own, which gives tokens that last for so many seconds. */
function appRole({ ttl = 3600, uses = Number.POSITIVE_INFINITY } = {}) {
	const role_id = `role-${served.vault.tokens.roles.size}`;
	served.vault.tokens.roles.set(role_id, { secret: "s3cret-id", policy: POLICY, ttl, uses });
	return { role_id, secret_id: "s3cret-id" };
}

const logins = () => served.vault.asked.filter((asked) => asked === "POST auth/approle/login").length;

describe("a token", () => {
	test.each([
		["is wrong", "hvs.wrong"],
		["has ended", undefined],
	])("that %s is refused, and not shown", async (_, wrong) => {
		const token = wrong ?? served.vault.tokens.issue(POLICY, 0.001);
		await new Promise((resolve) => setTimeout(resolve, 5));
		const error = await served.open({ token }).then(
			() => expect.fail(),
			(reason) => reason,
		);
		expect(error).toMatchObject({
			fault: "unavailable",
			message: expect.stringMatching(/permission denied.*invalid token/),
		});
		expect(error.hint).toContain("expired");
		expect(error.message + error.hint).not.toContain(token);
	});

	test("that ends while the store is open is refused then", async () => {
		const token = served.vault.tokens.issue(POLICY);
		const backend = await served.open({ token });
		await backend.swap("a", undefined, "1");
		served.vault.tokens.revoke(token);
		await expect(backend.read("a")).rejects.toMatchObject({ message: expect.stringContaining("permission denied") });
	});

	test("that can be renewed is, for as long as the store is open", async () => {
		const { tokens } = served.vault;
		const token = tokens.issue(POLICY, 3);
		const backend = await served.open({ token });
		await vi.waitFor(() => expect(tokens.renewals(token)).toBeGreaterThan(2), { timeout: 15_000 });
		expect(await backend.read("a")).toBeUndefined();
		await backend.close();
	});

	test("is not sent where a Vault Agent adds its own", async () => {
		await expect(served.open({ token: undefined })).rejects.toMatchObject({
			message: expect.stringContaining("permission denied"),
		});
	});
});

describe("an AppRole", () => {
	test("logs in, once for all who wait", async () => {
		const before = logins();
		const backend = await served.open(appRole());
		await Promise.all(Array.from({ length: 50 }, (_, n) => backend.swap(`k${n}`, undefined, "1")));
		expect(logins()).toBe(before + 1);
	});

	test("logs in again where its token has ended, once for all who wait", async () => {
		const backend = await served.open(appRole());
		await backend.swap("a", undefined, "1");
		served.vault.tokens.revokeAll();
		const before = logins();
		const texts = await Promise.all(Array.from({ length: 50 }, () => backend.read("a")));
		expect(new Set(texts)).toEqual(new Set(["1"]));
		expect(logins()).toBe(before + 1);
	});

	test("whose secret can be used once has its token renewed", async () => {
		const { vault } = served;
		const backend = await served.open(appRole({ ttl: 2, uses: 1 }));
		const renewals = () => vault.asked.filter((asked) => asked === "POST auth/token/renew-self").length;
		const before = renewals();
		await vi.waitFor(() => expect(renewals()).toBeGreaterThan(before + 2), { timeout: 15_000 });
		expect(await backend.read("a")).toBeUndefined();
	});

	test("does not log in again for what its policies don't allow", async () => {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		served.vault.tokens.roles.set("poor", { secret: "s", policy: { "secret/data/*": ["read"] }, ttl: 60, uses: 1 });
		const poor = await served.open({ role_id: "poor", secret_id: "s", prefix: backend.prefix });
		await expect(poor.swap("b", undefined, "1")).rejects.toMatchObject({
			message: expect.stringContaining("permission denied"),
		});
		expect(await poor.read("a")).toBe("1");
	});

	test("with a wrong secret is refused, and nothing of it shown", async () => {
		const options = { ...appRole(), secret_id: "wr0ng-id" };
		const error = await served.open(options).then(
			() => expect.fail(),
			(reason) => reason,
		);
		expect(error).toMatchObject({
			message: "Vault refuses the AppRole at auth/approle/: invalid role or secret ID",
			hint: expect.stringContaining("secret_id"),
		});
		expect(error.message + error.hint).not.toContain("wr0ng-id");
	});

	test("excludes a token, and needs its role_id", async () => {
		await expect(served.open({ ...appRole(), token: "t" })).rejects.toThrow("store_options has a token and an AppRole");
		await expect(served.open({ token: undefined, secret_id: "s" })).rejects.toThrow("a secret_id, but no role_id");
	});
});
