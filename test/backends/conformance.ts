import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Backend, BackendError } from "../../backends/backend.js";
import { cleanUp } from "../support/sandbox.js";

/** Keys that a store may mistake for something else. */
const TREACHEROUS_KEYS = [
	"'",
	'"',
	"'; DROP TABLE keyv; --",
	"100%",
	"a_b",
	"%",
	"_",
	"*",
	"?1",
	":a",
	"trocla:",
	"trocla:a",
	"__proto__",
	"constructor",
	"toString",
	"null",
	'{"value":"x"}',
	"[]",
	"a b",
	" ",
	"\\",
	"\\u0000",
	"é",
	"e\u0301",
	"🔑",
	"\u{10ffff}",
	"\uffff",
	"\ufffd",
	"\u2028",
	"K".repeat(512),
	"🔑".repeat(128),
] as const;

/** Texts that a store may return as another one. */
const TREACHEROUS_TEXTS = [
	"",
	" ",
	"x",
	"0",
	"null",
	"1e3",
	"{}",
	'{"value":"x"}',
	'{"value":null,"expires":0}',
	":x",
	"::x",
	":base64:eA==",
	"'",
	"%",
	"\n",
	"a\0b",
	"\u{10ffff}\uffff",
	"\ud800",
	"\\ud800",
] as const;

/** Well-formed, without control characters, 1 to 512 bytes of UTF-8. */
const keys = fc.oneof(
	fc.constantFrom(...TREACHEROUS_KEYS),
	fc.string({ unit: "binary", minLength: 1, maxLength: 128 }).map((key) => key.replace(/\p{Cc}/gu, "-")),
);

const texts = fc.oneof(fc.constantFrom(...TREACHEROUS_TEXTS), fc.string({ unit: "binary", maxLength: 500 }), fc.json());

/** What every store must do. `open` gives a new and empty one; a text of so many MiB is one that it can hold. */
export function conforms(open: () => Promise<Backend>, { mebibytes = 8 } = {}): void {
	async function opened(): Promise<Backend> {
		const backend = await open();
		cleanUp(() => backend.close());
		return backend;
	}

	describe("a store", () => {
		test("has nothing at first", async () => {
			const backend = await opened();
			expect(await backend.read("a")).toBeUndefined();
			expect(await backend.readMany(["a", "b"])).toEqual([undefined, undefined]);
			expect(await backend.readMany([])).toEqual([]);
			expect(await all(backend.keys())).toEqual([]);
			expect(await backend.check()).toEqual([]);
		});

		test("creates a record only where there is none", async () => {
			const backend = await opened();
			expect(await backend.swap("a", undefined, "1")).toBe(true);
			expect(await backend.swap("a", undefined, "2")).toBe(false);
			expect(await backend.swap("a", undefined, "1")).toBe(false);
			expect(await backend.read("a")).toBe("1");
		});

		test("replaces a record only where its text still is the one that was read", async () => {
			const backend = await opened();
			expect(await backend.swap("a", "1", "2")).toBe(false);
			expect(await backend.read("a")).toBeUndefined();
			await backend.swap("a", undefined, "1");
			expect(await backend.swap("a", "0", "2")).toBe(false);
			expect(await backend.swap("a", "", "2")).toBe(false);
			expect(await backend.read("a")).toBe("1");
			expect(await backend.swap("a", "1", "2")).toBe(true);
			expect(await backend.swap("a", "1", "3")).toBe(false);
			expect(await backend.read("a")).toBe("2");
		});

		test("deletes a record only where its text still is the one that was read", async () => {
			const backend = await opened();
			expect(await backend.swap("a", "1", undefined)).toBe(false);
			await backend.swap("a", undefined, "1");
			expect(await backend.swap("a", "0", undefined)).toBe(false);
			expect(await backend.read("a")).toBe("1");
			expect(await backend.swap("a", "1", undefined)).toBe(true);
			expect(await backend.read("a")).toBeUndefined();
			expect(await all(backend.keys())).toEqual([]);
			expect(await backend.swap("a", undefined, "2")).toBe(true);
		});

		test("says whether a record is as it was where nothing is to change", async () => {
			const backend = await opened();
			expect(await backend.swap("a", undefined, undefined)).toBe(true);
			expect(await backend.swap("a", "1", "1")).toBe(false);
			await backend.swap("a", undefined, "1");
			expect(await backend.swap("a", "1", "1")).toBe(true);
			expect(await backend.swap("a", undefined, undefined)).toBe(false);
			expect(await backend.read("a")).toBe("1");
		});

		test("touches no other key", async () => {
			const backend = await opened();
			for (const key of TREACHEROUS_KEYS) await backend.swap(key, undefined, `text of ${key}`);
			await backend.swap("%", "text of %", undefined);
			await backend.swap("a_b", "text of a_b", "another");
			const expected = TREACHEROUS_KEYS.map((key) =>
				key === "%" ? undefined : key === "a_b" ? "another" : `text of ${key}`,
			);
			expect(await backend.readMany(TREACHEROUS_KEYS)).toEqual(expected);
			expect(await Promise.all(TREACHEROUS_KEYS.map((key) => backend.read(key)))).toEqual(expected);
		});

		test("reads many records in the order that they were asked for, also twice", async () => {
			const backend = await opened();
			await backend.swap("a", undefined, "1");
			await backend.swap("b", undefined, "2");
			expect(await backend.readMany(["b", "-", "a", "b"])).toEqual(["2", undefined, "1", "2"]);
		});

		test("lets exactly one of 50 create a record at once", async () => {
			const backend = await opened();
			const won = await Promise.all(Array.from({ length: 50 }, (_, n) => backend.swap("a", undefined, `${n}`)));
			expect(won.filter(Boolean)).toHaveLength(1);
			expect(await backend.read("a")).toBe(`${won.indexOf(true)}`);
		});

		test("lets exactly one of 50 replace a record at once, and one of 50 delete it", async () => {
			const backend = await opened();
			await backend.swap("a", undefined, "before");
			const won = await Promise.all(Array.from({ length: 50 }, (_, n) => backend.swap("a", "before", `${n}`)));
			expect(won.filter(Boolean)).toHaveLength(1);
			const after = `${won.indexOf(true)}`;
			expect(await backend.read("a")).toBe(after);
			const gone = await Promise.all(Array.from({ length: 50 }, () => backend.swap("a", after, undefined)));
			expect(gone.filter(Boolean)).toHaveLength(1);
		});

		test("loses none of 50 increments that are made at once", async () => {
			const backend = await opened();
			await backend.swap("n", undefined, "0");
			const increment = async () => {
				for (;;) {
					const before = await backend.read("n");
					if (await backend.swap("n", before, `${Number(before) + 1}`)) return;
				}
			};
			await Promise.all(Array.from({ length: 50 }, increment));
			expect(await backend.read("n")).toBe("50");
		});

		test("answers each of several swaps by itself, in their order", async () => {
			const backend = await opened();
			for (const key of ["b", "c", "d", "e"]) await backend.swap(key, undefined, "1");
			const answers = await Promise.all(
				backend.swapMany([
					{ key: "a", before: undefined, after: "1" },
					{ key: "b", before: undefined, after: "2" },
					{ key: "c", before: "1", after: "2" },
					{ key: "d", before: "0", after: "2" },
					{ key: "e", before: "1", after: undefined },
					{ key: "f", before: "1", after: undefined },
					{ key: "g", before: "1", after: "2" },
					{ key: "h", before: undefined, after: undefined },
				]),
			);
			expect(answers).toEqual([true, false, true, false, true, false, false, true]);
			const stored = ["1", "1", "2", "1", undefined, undefined, undefined, undefined];
			expect(await backend.readMany(["a", "b", "c", "d", "e", "f", "g", "h"])).toEqual(stored);
			expect(backend.swapMany([])).toEqual([]);
		});

		test("does several swaps of any keys and texts as if each came alone, those of one key in their order", async () => {
			const few = fc.constantFrom("a", "b", ...TREACHEROUS_KEYS.slice(0, 4));
			const text = fc.option(fc.constantFrom(...TREACHEROUS_TEXTS.slice(0, 8), "a\0b", "\ud800"), { nil: undefined });
			const swaps = fc.array(fc.record({ key: few, before: text, after: text }), { maxLength: 12 });
			const rounds = fc.array(swaps, { minLength: 1, maxLength: 3 });
			const property = fc.asyncProperty(rounds, async (rounds) => {
				const backend = await open();
				const stored = new Map<string, string | undefined>();
				for (const swaps of rounds) {
					const expected = swaps.map(({ key, before, after }) => {
						const done = stored.get(key) === before;
						if (done) stored.set(key, after);
						return done;
					});
					expect(await Promise.all(backend.swapMany(swaps))).toEqual(expected);
				}
				const keys = [...stored.keys()];
				expect(await backend.readMany(keys)).toEqual(keys.map((key) => stored.get(key)));
				await backend.close();
			});
			await fc.assert(property, { numRuns: 60 });
		});

		test("lets one of many swaps at once win each key, whether they come alone or together", async () => {
			const backend = await opened();
			const swaps = (writer: number) =>
				Array.from({ length: 50 }, (_, n) => ({ key: `k${n}`, before: undefined, after: `${writer}` }));
			const answers = await Promise.all(
				[0, 1, 2, 3].map((writer) =>
					Promise.all(
						writer < 2
							? backend.swapMany(swaps(writer))
							: swaps(writer).map(({ key, before, after }) => backend.swap(key, before, after)),
					),
				),
			);
			for (const [n, { key }] of swaps(0).entries()) {
				const won = answers.map((mine) => mine[n]);
				expect(won.filter(Boolean)).toHaveLength(1);
				expect(await backend.read(key)).toBe(`${won.indexOf(true)}`);
			}
		});

		test("gives any key and any text back exactly, and recognises it", async () => {
			const backend = await opened();
			const pairs = fc.tuple(keys, texts, texts);
			const property = fc.asyncProperty(pairs, async ([key, first, second]) => {
				expect(await backend.swap(key, undefined, first)).toBe(true);
				expect(await backend.read(key)).toBe(first);
				expect(await all(backend.keys())).toEqual([key]);
				expect(await backend.swap(key, first, second)).toBe(true);
				expect(await backend.readMany([key])).toEqual([second]);
				expect(await backend.swap(key, second, undefined)).toBe(true);
			});
			await fc.assert(
				property.afterEach(async () => {
					for await (const key of backend.keys()) await backend.swap(key, await backend.read(key), undefined);
				}),
				{ numRuns: 200, examples: TREACHEROUS_TEXTS.map((text) => [["k", text, "x"]]) },
			);
		});

		test(`keeps a text of ${mebibytes} MiB`, async () => {
			const backend = await opened();
			const text = '{"é":"\\"🔑"}'.repeat((mebibytes * 1024 * 1024) / 16);
			await backend.swap("big", undefined, text);
			expect((await backend.read("big")) === text).toBe(true);
			expect(await backend.swap("big", text, "small")).toBe(true);
			expect(await backend.read("big")).toBe("small");
		});

		test("gives its keys in the order of their UTF-8 bytes", async () => {
			const backend = await opened();
			for (const key of TREACHEROUS_KEYS) await backend.swap(key, undefined, "x");
			expect(await all(backend.keys())).toEqual(inByteOrder(TREACHEROUS_KEYS));
		});

		test("gives its keys from any text on, stored or not", async () => {
			const backend = await opened();
			for (const key of TREACHEROUS_KEYS) await backend.swap(key, undefined, "x");
			await fc.assert(
				fc.asyncProperty(keys, async (from) => {
					const start = Buffer.from(from);
					expect(await all(backend.keys(from))).toEqual(
						inByteOrder(TREACHEROUS_KEYS).filter((key) => Buffer.compare(Buffer.from(key), start) >= 0),
					);
				}),
			);
			expect(await all(backend.keys(""))).toHaveLength(TREACHEROUS_KEYS.length);
		});

		test("gives each of 3,500 keys exactly once, also while others come, change and go", async () => {
			const backend = await opened();
			const stays = Array.from({ length: 3500 }, (_, n) => `stays-${n.toString().padStart(5, "0")}`);
			const goes = Array.from({ length: 50 }, (_, n) => `stays-${n.toString().padStart(5, "0")}-goes`);
			await Promise.all([...stays, ...goes].map((key) => backend.swap(key, undefined, "x")));
			const seen: string[] = [];
			for await (const key of backend.keys()) {
				const n = seen.push(key);
				if (n % 100 !== 0) continue;
				await backend.swap(`stays-${n}-new`, undefined, "x");
				await backend.swap(goes[n / 100] ?? "", "x", undefined);
				await backend.swap(key, "x", "y");
				await backend.swap(key, "y", "x");
			}
			expect(new Set(seen).size).toBe(seen.length);
			expect(seen).toEqual(inByteOrder(seen));
			const seenSet = new Set(seen);
			expect(stays.filter((key) => !seenSet.has(key))).toEqual([]);
		});

		test("lets a reader of its keys stop early", async () => {
			const backend = await opened();
			for (const key of ["a", "b", "c"]) await backend.swap(key, undefined, "x");
			for await (const key of backend.keys()) {
				if (key === "b") break;
			}
			expect(await backend.swap("b", "x", undefined)).toBe(true);
			expect(await all(backend.keys())).toEqual(["a", "c"]);
		});

		test("can be closed twice, and then refuses all else", async () => {
			const backend = await opened();
			await backend.swap("a", undefined, "x");
			await backend.close();
			await backend.close();
			const refused = { name: "BackendError", fault: "unavailable", message: expect.stringContaining("closed") };
			await expect(backend.read("a")).rejects.toMatchObject(refused);
			await expect(backend.readMany(["a"])).rejects.toBeInstanceOf(BackendError);
			await expect(backend.swap("a", "x", "y")).rejects.toMatchObject(refused);
			const [swapped, deleted] = backend.swapMany([
				{ key: "a", before: "x", after: "y" },
				{ key: "b", before: "x", after: undefined },
			]);
			await expect(swapped).rejects.toMatchObject(refused);
			await expect(deleted).rejects.toMatchObject(refused);
			await expect(all(backend.keys())).rejects.toMatchObject(refused);
		});
	});
}

/** All items, in an array. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
	const found: Item[] = [];
	for await (const item of items) found.push(item);
	return found;
}

function inByteOrder(keys: readonly string[]): string[] {
	return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
