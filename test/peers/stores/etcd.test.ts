import { createHash } from "node:crypto";
import Keyv from "keyv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../backends/backend.js";
import { openEtcd } from "../../../backends/etcd.js";
import type { etcdOptions, OptionsOf } from "../../../backends/options.js";
import { all, conforms } from "../../backends/conformance.js";
import { missing } from "../../support/peers.js";
import { cleanUp } from "../../support/sandbox.js";
import { Etcd } from "../../support/stores/etcd.js";
import { recognisesOtherRows } from "../../support/stores/key-value.js";

async function opened(options: OptionsOf<typeof etcdOptions>): Promise<Backend> {
	const backend = await openEtcd(options);
	cleanUp(() => backend.close());
	return backend;
}

describe.skipIf(missing("etcd", "etcdctl"))("etcd", () => {
	let etcd: Etcd;
	let namespaces = 0;
	beforeAll(async () => {
		etcd = await Etcd.start();
	});
	afterAll(() => etcd?.stop());

	conforms(() => openEtcd({ url: [etcd.url], namespace: `n${++namespaces}` }), { mebibytes: 1 });

	test("has the rows that Keyv reads and writes", async () => {
		const backend = await opened({ url: [etcd.url] });
		// Keyv's adapter for etcd puts what Keyv gives it under the key that Keyv gives it.
		const store = {
			opts: {},
			get: async (key: string) => (await etcd.ask("get", "--print-value-only", key)) || undefined,
			set: async (key: string, value: string) => etcd.ask("put", key, value),
			delete: async (key: string) => (await etcd.ask("del", key)) === "1",
			clear: async () => {},
		};
		const keyv = new Keyv({ store, namespace: "trocla" });
		await backend.swap("schlüssel", undefined, ":ä\ud800");
		expect(await keyv.get("schlüssel")).toBe(":ä\ud800");
		await keyv.set("b", "from Keyv");
		expect(await backend.swap("b", "from Keyv", "from here")).toBe(true);
		expect(await keyv.get("b")).toBe("from here");
		expect(await all(backend.keys())).toEqual(["b", "schlüssel"]);
	});

	test("recognises a text that another Keyv version wrote into another row", async () => {
		const backend = await opened({ url: [etcd.url], namespace: "other" });
		await recognisesOtherRows(backend, {
			put: (row) => etcd.ask("put", "other:a", row),
			get: () => etcd.ask("get", "--print-value-only", "other:a"),
		});
	});

	test("tells which row is not Keyv's", async () => {
		const backend = await opened({ url: [etcd.url], namespace: "damaged" });
		await etcd.ask("put", "damaged:a", "oops");
		const damaged = { fault: "damaged", key: "a", message: expect.stringContaining(etcd.url) };
		await expect(backend.read("a")).rejects.toMatchObject(damaged);
		await expect(backend.readMany(["b", "a"])).rejects.toMatchObject(damaged);
		await expect(backend.swap("a", "1", "2")).rejects.toMatchObject(damaged);
	});

	test("lets one of 20 replace a text at once that is too long to be compared by the server", async () => {
		const backend = await opened({ url: [etcd.url], namespace: "long" });
		const text = (n: number) => `${n}${"x".repeat(1_000_000)}`;
		await backend.swap("a", undefined, text(0));
		const won = await Promise.all(Array.from({ length: 20 }, (_, n) => backend.swap("a", text(0), text(n + 1))));
		expect(won.filter(Boolean)).toHaveLength(1);
		const digest = (value = "") => createHash("sha256").update(value).digest("hex");
		expect(digest(await backend.read("a"))).toBe(digest(text(won.indexOf(true) + 1)));
	});

	test.each([1_600_000, 4_000_000])(
		"refuses a text of %d bytes with the reason, and keeps what it has",
		async (length) => {
			const backend = await opened({ url: [etcd.url], namespace: `refusing${length}` });
			await backend.swap("a", undefined, "1");
			await expect(backend.swap("a", "1", "x".repeat(length))).rejects.toMatchObject({
				fault: "refused",
				key: "a",
				message: `${etcd.url}: the text for "a" is too long for etcd: ${length} bytes`,
				hint: expect.stringContaining("--max-request-bytes"),
			});
			expect(await backend.read("a")).toBe("1");
		},
	);

	test("gives many records, in order or not, stored or not, and with others in between", async () => {
		const backend = await opened({ url: [etcd.url], namespace: "many" });
		const keys = Array.from({ length: 2500 }, (_, n) => `k${n}`).sort();
		await Promise.all(backend.swapMany(keys.map((key) => ({ key, before: undefined, after: key }))));
		expect(await all(backend.keys())).toEqual(keys);
		const unstored = keys.map((key) => `${key}-`);
		const asked: readonly (readonly string[])[] = [
			keys,
			keys.slice(100, 600),
			keys.toReversed(),
			[...keys, ...keys.slice(0, 50)],
			keys.filter((_, n) => n % 3 === 0),
			unstored,
			[...keys.slice(200, 250), ...unstored.slice(300, 350), ...keys.slice(400, 450)],
			["a", ...keys.slice(2400), "z"],
		];
		for (const some of asked) {
			expect(await backend.readMany(some)).toEqual(some.map((key) => (keys.includes(key) ? key : undefined)));
		}
	});
});
