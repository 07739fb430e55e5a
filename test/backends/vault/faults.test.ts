import { describe, expect, test } from "vitest";
import { cleanUp } from "../../support/sandbox.js";
import { servedVault } from "../../support/vault/served.js";
import type { Mishap } from "../../support/vault/vault.js";

const served = servedVault();

/** Lets this befall the requests that match, so many of them; the test's end lets all be well again. */
function befalls(requests: RegExp, mishap: Mishap, times = Number.POSITIVE_INFINITY): void {
	let left = times;
	served.vault.befalls = (method, path) => {
		if (!requests.test(`${method} ${path}`) || left-- <= 0) return undefined;
		return mishap;
	};
	cleanUp(() => {
		served.vault.befalls = () => undefined;
	});
}

const WRITE = /^POST secret\/data\/[^/]+\/a$/;

describe("a change whose connection is cut", () => {
	test.each([
		["created", undefined, "1"],
		["replaced", "the text to replace", "1"],
		["deleted", "the text to delete", undefined],
	])("after it was done is found out to be done, and leaves nothing behind: %s", async (_, before, after) => {
		const backend = await served.open();
		if (before !== undefined) await backend.swap("a", undefined, before);
		befalls(WRITE, "done, then cut", 1);
		expect(await backend.swap("a", before, after)).toBe(true);
		expect(await backend.read("a")).toBe(after);
		if (before !== undefined) expect(served.vault.secret.storage).not.toContain(before);
	});

	test("is unknown where it was to delete, and somebody else has", async () => {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		const { vault } = served;
		vault.befalls = (method, path) => {
			if (!WRITE.test(`${method} ${path}`)) return undefined;
			const body = { data: { deleted: "by another" } };
			vault.secret.handle({ method, path: path.slice("secret/".length), isList: false, version: 0, body });
			vault.befalls = () => undefined;
			return "cut";
		};
		await expect(backend.swap("a", "1", undefined)).rejects.toMatchObject({ fault: "unknown", key: "a" });
		expect(await backend.read("a")).toBeUndefined();
	});

	test("before it was done is told as lost, and may be tried again", async () => {
		const backend = await served.open();
		befalls(WRITE, "cut", 1);
		await expect(backend.swap("a", undefined, "1")).rejects.toMatchObject({ fault: "lost", key: "a" });
		expect(await backend.read("a")).toBeUndefined();
		expect(await backend.swap("a", undefined, "1")).toBe(true);
	});

	test("is unknown where nothing can be read either", async () => {
		const backend = await served.open({ seconds: 1 });
		befalls(/./, "cut");
		const unknown = { fault: "unknown", key: "a", message: expect.stringContaining("not known whether") };
		await expect(backend.swap("a", undefined, "1")).rejects.toMatchObject(unknown);
	});
});

describe("a server that", () => {
	test("never answers is given up when the time is over", async () => {
		const backend = await served.open({ seconds: 1 });
		befalls(/./, "hang");
		const began = performance.now();
		await expect(backend.read("a")).rejects.toMatchObject({
			fault: "unavailable",
			message: `${served.vault.url}: no answer in 1 seconds`,
		});
		await expect(served.open({ seconds: 1 })).rejects.toMatchObject({ message: expect.stringContaining("no answer") });
		expect(performance.now() - began).toBeLessThan(8000);
	});

	test("is gone for a moment is waited for, also by a change", async () => {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		await served.vault.stop();
		const reading = backend.read("a");
		const swapping = backend.swap("b", undefined, "1").catch(({ fault }) => fault);
		await new Promise((resolve) => setTimeout(resolve, 300));
		await served.vault.start();
		expect(await reading).toBe("1");
		if ((await swapping) === "lost") expect(await backend.swap("b", undefined, "1")).toBe(true);
		expect(await backend.read("b")).toBe("1");
	});

	test("stays away is named, without who uses it", async () => {
		const { vault } = served;
		const url = vault.url.replace("//", "//somebody@");
		const backend = await served.open({ url, seconds: 1 });
		await vault.stop();
		cleanUp(() => vault.start());
		const gone = { fault: "unavailable", message: `${vault.url}: nobody listens there` };
		await expect(backend.read("a")).rejects.toMatchObject(gone);
		await expect(served.open({ url, seconds: 1 })).rejects.toMatchObject(gone);
	});

	test("has a name that nobody knows is told apart", async () => {
		const unknown = served.open({ url: "https://vault.invalid:8200", seconds: 1 });
		await expect(unknown).rejects.toMatchObject({
			fault: "unavailable",
			message: expect.stringMatching(/^https:\/\/vault\.invalid:8200: (there is no such host|no answer)/),
		});
	});

	test("is sealed is waited for, and then said to be sealed", async () => {
		const { vault } = served;
		const backend = await served.open({ seconds: 1 });
		vault.isSealed = true;
		cleanUp(() => {
			vault.isSealed = false;
		});
		const reading = backend.read("a");
		await new Promise((resolve) => setTimeout(resolve, 200));
		vault.isSealed = false;
		expect(await reading).toBeUndefined();
		vault.isSealed = true;
		await expect(backend.read("a")).rejects.toMatchObject({
			message: `${vault.url}: Vault is sealed`,
			hint: expect.stringContaining("unsealed"),
		});
	});

	test.each([
		[429, 'request path "secret/data/x": rate limit quota exceeded', "rate limit quota exceeded"],
		[500, "internal error", "internal error"],
		[307, "", "status 307"],
	])("answers with status %i is asked again, and its reason told", async (status, error, told) => {
		const backend = await served.open({ seconds: 1 });
		befalls(/secret\/data/, { status, errors: [error] }, 2);
		expect(await backend.read("a")).toBeUndefined();
		befalls(/secret\/data/, { status, errors: error === "" ? [] : [error] });
		await expect(backend.read("a")).rejects.toMatchObject({ message: expect.stringContaining(told) });
	});

	test("says 404 without being Vault is not believed that nothing is stored", async () => {
		const backend = await served.open({ seconds: 1 });
		befalls(/secret\/data/, { status: 404 });
		await expect(backend.read("a")).rejects.toMatchObject({ fault: "unavailable" });
	});

	test("answers with older versions is waited for, and then said to be behind", async () => {
		const backend = await served.open({ seconds: 1 });
		await backend.swap("a", undefined, "1");
		const { data } = served.vault.secret.handle({
			method: "GET",
			path: `data/${backend.prefix}/a`,
			isList: false,
			version: 0,
			body: {},
		});
		const other = await served.open({ prefix: backend.prefix });
		await other.swap("a", "1", "2");
		await other.swap("a", "2", "1");
		const older = { status: 200, data };
		befalls(/^GET secret\/data/, older, 4);
		expect(await backend.swap("a", "1", "3")).toBe(true);
		expect(await backend.read("a")).toBe("3");
		befalls(/^GET secret\/data/, older);
		await expect(backend.swap("a", "1", "4")).rejects.toMatchObject({ fault: "busy", key: "a" });
	});

	test("stores no entry as large as this refuses it, and keeps what it has", async () => {
		const backend = await served.open();
		await backend.swap("a", undefined, "1");
		served.vault.secret.largest = 1_048_576;
		cleanUp(() => {
			served.vault.secret.largest = Number.POSITIVE_INFINITY;
		});
		const full = {
			fault: "full",
			message: expect.stringContaining("max: 1048576 bytes"),
			hint: expect.stringContaining("max_entry_size"),
		};
		await expect(backend.swap("a", "1", "x".repeat(1_048_576))).rejects.toMatchObject(full);
		expect(await backend.read("a")).toBe("1");
	});

	test("is on the network without TLS is told of by the check", async () => {
		// Which is this host, but is not written as one that is.
		const backend = await served.open({ url: served.vault.url.replace("127.0.0.1", "0.0.0.0") });
		expect(await backend.check()).toEqual([
			{
				message: expect.stringContaining("cross the network for all to read"),
				hint: expect.stringContaining("https://"),
			},
		]);
	});

	test("is a standby is told of by the check", async () => {
		const backend = await served.open();
		expect(await backend.check()).toEqual([]);
		served.vault.health = { standby: true };
		cleanUp(() => {
			served.vault.health = {};
		});
		expect(await backend.check()).toEqual([
			{ message: expect.stringContaining("is a standby"), hint: expect.stringContaining("active node") },
		]);
	});
});
