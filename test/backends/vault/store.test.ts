import { describe, expect, test } from "vitest";
import { cleanUp } from "../../support/sandbox.js";
import { servedVault } from "../../support/vault/served.js";
import { TestVault } from "../../support/vault/vault.js";
import { all, conforms } from "../conformance.js";

const served = servedVault();

conforms(() => served.open());

/** What somebody does to a secret by hand. */
function byHand(method: string, path: string, body: { [name: string]: unknown } = {}) {
	return served.vault.secret.handle({ method, path, body, isList: false, version: 0 });
}

describe("what was replaced or deleted", () => {
	test.each([
		["keeps as many versions as Vault does unless told", 0, true],
		["keeps one version, which needs no more requests", 1, false],
		["keeps twenty versions", 20, true],
	])("is in no version of a mount that %s", async (_, max_versions, isDestroyed) => {
		const { config } = served.vault.secret;
		config.max_versions = max_versions;
		cleanUp(() => {
			config.max_versions = 0;
		});
		const backend = await served.open();
		served.vault.asked.length = 0;
		await backend.swap("a", undefined, "first text");
		await backend.swap("a", "first text", "second text");
		await backend.swap("b", undefined, "third text");
		await backend.swap("b", "third text", undefined);
		expect(served.vault.secret.storage).toContain("second text");
		expect(served.vault.secret.storage).not.toMatch(/first text|third text/);
		expect(served.vault.asked.some((asked) => asked.includes("destroy"))).toBe(isDestroyed);
	});

	test("is not left by a process that was killed before it destroyed it, once the key changes again", async () => {
		const backend = await served.open();
		const destroy = (_: string, path: string) =>
			path.includes("/destroy/") ? { status: 500, errors: ["killed"] } : undefined;
		const dying = await served.open({ prefix: backend.prefix, seconds: 1 });
		await dying.swap("a", undefined, "1st text");
		served.vault.befalls = destroy;
		cleanUp(() => {
			served.vault.befalls = () => undefined;
		});
		expect(await dying.swap("a", "1st text", "2nd text")).toBe(true);
		expect(served.vault.secret.storage).toContain("1st text");
		served.vault.befalls = () => undefined;
		await backend.swap("a", "2nd text", "3rd text");
		expect(served.vault.secret.storage).not.toMatch(/1st text|2nd text/);
	});

	test("can't be changed where the token may not destroy it", async () => {
		const { vault } = served;
		const token = vault.tokens.issue({
			"secret/*": ["create", "read", "update", "list"],
			"secret/destroy/*": ["read"],
		});
		const backend = await served.open({ token });
		await backend.swap("a", undefined, "1");
		await expect(backend.swap("a", "1", "2")).rejects.toMatchObject({
			fault: "unavailable",
			message: expect.stringContaining(`the token lacks update on secret/destroy/${backend.prefix}/NAME`),
		});
		expect(await backend.read("a")).toBe("1");
	});
});

describe("between reading and writing", () => {
	/** Opens a store, and does something in the moment that it next sends a write. */
	async function disturbed(work: (path: string) => void) {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		const { vault } = served;
		vault.befalls = (method, path) => {
			if (method !== "POST" || !path.startsWith("secret/data/")) return undefined;
			vault.befalls = () => undefined;
			work(path.slice("secret/".length));
			return undefined;
		};
		return backend;
	}

	test("another text makes the swap fail", async () => {
		const backend = await disturbed((path) => byHand("POST", path, { data: { value: "other" } }));
		expect(await backend.swap("a", "1", "2")).toBe(false);
		expect(await backend.read("a")).toBe("other");
	});

	test("the same text in a newer version does not", async () => {
		const backend = await disturbed((path) => byHand("POST", path, { data: { value: "1" } }));
		expect(await backend.swap("a", "1", "2")).toBe(true);
		expect(await backend.read("a")).toBe("2");
	});

	test("a deletion and another creation make it fail, since versions go on", async () => {
		const backend = await disturbed(() => {});
		const other = await served.open({ prefix: backend.prefix });
		served.vault.befalls = () => undefined;
		await backend.swap("a", "1", undefined);
		await other.swap("a", undefined, "new");
		expect(await backend.swap("a", "1", "2")).toBe(false);
		expect(await backend.swap("a", undefined, "2")).toBe(false);
		expect(byHand("GET", `data/${backend.prefix}/a`).data).toMatchObject({ metadata: { version: 3 } });
	});
});

describe("what is done by hand", () => {
	test.each([
		["deleted", "DELETE", "data/PREFIX/a", {}],
		["destroyed", "PUT", "destroy/PREFIX/a", { versions: [1] }],
		["forgotten", "DELETE", "metadata/PREFIX/a", {}],
	])("a secret that was %s is absent, and can be created again", async (_, method, path, body) => {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		byHand(method, path.replace("PREFIX", backend.prefix), body);
		expect(await backend.read("a")).toBeUndefined();
		expect(await backend.swap("a", "1", "2")).toBe(false);
		expect(await backend.swap("a", undefined, "2")).toBe(true);
		expect(await backend.read("a")).toBe("2");
	});

	test("another program's secret is not taken for a record", async () => {
		const backend = await served.open();
		byHand("POST", `data/${backend.prefix}/other`, { data: { user: "u", pass: "p" } });
		const damaged = {
			fault: "damaged",
			key: "other",
			message: expect.stringContaining(`secret/${backend.prefix}/other`),
		};
		await expect(backend.read("other")).rejects.toMatchObject(damaged);
		await expect(backend.swap("other", undefined, "x")).rejects.toMatchObject(damaged);
		await backend.swap("a", undefined, "1");
		await backend.swap("a", "1", undefined);
		byHand("POST", `data/${backend.prefix}/a`, { data: { user: "u" } });
		expect(await all(backend.keys())).toEqual(["a", "other"]);
	});

	test("what was not deleted is not marked as such", async () => {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		served.vault.asked.length = 0;
		expect(await backend.swap("a", "0", undefined)).toBe(false);
		expect(served.vault.asked.filter((asked) => asked.startsWith("POST secret/data"))).toEqual([]);
	});

	test("names that no key has, and folders, are no keys, and the check tells of them", async () => {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		for (const name of ["a b", "folder/below", "~7a", ".hidden"]) {
			byHand("POST", `data/${backend.prefix}/${name}`, { data: { value: "x" } });
		}
		expect(await all(backend.keys())).toEqual(["a"]);
		const [flaw, ...others] = await backend.check();
		expect(others).toEqual([]);
		expect(flaw?.message).toMatch(/4 names below the prefix are not trocla's: .*a b/);
	});
});

test("what is stored is what Keyv would store, where people look for it", async () => {
	const backend = await served.open();
	await backend.swap("web01.example.com/root", undefined, "text");
	const { data } = byHand("GET", `data/${backend.prefix}/web01.example.com~2Froot`);
	expect(data).toMatchObject({ data: { value: "text" } });
});

test("a namespace's records are its own", async () => {
	const { vault } = served;
	const team = await TestVault.start();
	cleanUp(() => team.stop());
	vault.mounts.set("team", new Map([["secret", team.secret]]));
	const [root, other] = [await served.open({ prefix: "p" }), await served.open({ prefix: "p", namespace: "team/" })];
	await root.swap("a", undefined, "root's");
	expect(await other.read("a")).toBeUndefined();
	await other.swap("a", undefined, "team's");
	expect([await root.read("a"), await other.read("a")]).toEqual(["root's", "team's"]);
});
