import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BackendError } from "../../../backends/backend.js";
import { openMemory } from "../../../backends/memory.js";
import { builtinFormats } from "../../../formats/index.js";
import type { Foreign, Reader } from "../../../src/import/foreign.js";
import { type ImportSettings, importKeys } from "../../../src/import/import.js";
import type { Problem } from "../../../src/import/incoming.js";
import type { Change } from "../../../src/records/change.js";
import { RecordStore } from "../../../src/records/store.js";
import { Trocla } from "../../../src/trocla.js";
import { RECORDS, SETTINGS } from "../../support/store.js";

const NOW = new Date("2026-03-01T12:00:00.000Z");

/** A store to import into, with a clock that stands still. */
class Target {
	readonly backend = openMemory();
	readonly changes: Change[] = [];
	readonly records = new RecordStore(this.backend, {
		...RECORDS,
		now: () => NOW,
		changed: async (change) => void this.changes.push(change),
	});
	readonly trocla = new Trocla(this.records, { ...SETTINGS, now: () => NOW });

	async import(foreign: readonly Foreign[], settings: Partial<ImportSettings> = {}) {
		const problems: Problem[] = [];
		const counts = await importKeys(this.records, reader(foreign), {
			formats: builtinFormats,
			now: NOW,
			prefix: "",
			overwrite: false,
			dryRun: false,
			problem: (problem) => problems.push(problem),
			seen: () => {},
			...settings,
		});
		return { counts, problems };
	}

	text(key: string): Promise<string | undefined> {
		return this.backend.read(key);
	}
}

async function* reader(foreign: readonly Foreign[]): Reader {
	yield* foreign;
}

const key = (key: string, formats: { [format: string]: string }) => ({ key, formats });
const ALICE = key("alice", { plain: "geheim", mysql: "*AB" });
const counted = (counts: object) => ({ imported: 0, same: 0, differing: 0, unreadable: 0, skipped: {}, ...counts });

test("keys come in with their values as they are, and to do it again changes nothing", async () => {
	const target = new Target();
	const bob = key("bob", { sha512crypt: "$6$x" });
	expect(await target.import([ALICE, bob])).toEqual({ counts: counted({ imported: 2 }), problems: [] });
	expect(await target.trocla.peek("alice", "plain")).toBe("geheim");
	expect(await target.trocla.get("alice", "mysql")).toBe("*AB");
	expect((await target.trocla.show("bob"))?.formats).toEqual({ sha512crypt: { at: NOW.toISOString() } });
	const texts = [await target.text("alice"), await target.text("bob")];
	expect(await target.import([ALICE, bob])).toEqual({ counts: counted({ same: 2 }), problems: [] });
	expect([await target.text("alice"), await target.text("bob")]).toEqual(texts);
	expect(target.changes.map(({ action, key }) => [action, key])).toEqual([
		["import", "alice"],
		["import", "bob"],
	]);
});

test("a prefix stands before every key", async () => {
	const target = new Target();
	await target.import([ALICE], { prefix: "user_" });
	expect(await target.trocla.peek("user_alice", "plain")).toBe("geheim");
});

describe("what is stored otherwise", () => {
	test.each<[what: string, stored: { [format: string]: string }, why: string]>([
		["another plaintext", { plain: "other" }, "another plain and no mysql"],
		["another hash", { plain: "geheim", mysql: "*CD" }, "another mysql"],
		["the hash without its plaintext", { mysql: "*AB" }, "no plain"],
		["another format alone", { sha1: "{SHA}x" }, "no plain, mysql"],
	])("%s stays, is named, and is replaced only where that is asked for", async (_, stored, why) => {
		const target = new Target();
		await target.import([key("alice", stored)]);
		const before = await target.text("alice");
		const { counts, problems } = await target.import([ALICE]);
		expect(counts).toEqual(counted({ differing: 1 }));
		expect(problems).toEqual([
			{
				kind: "differs",
				key: "alice",
				message: `was left as it is: it is stored with ${why}`,
				hint: "--overwrite replaces it, with all its formats",
			},
		]);
		expect(await target.text("alice")).toBe(before);
		expect(await target.import([ALICE], { overwrite: true })).toEqual({
			counts: counted({ imported: 1 }),
			problems: [],
		});
		expect(Object.keys((await target.trocla.show("alice"))?.formats ?? {})).toEqual(["plain", "mysql"]);
		expect(await target.trocla.peek("alice", "plain")).toBe("geheim");
	});

	test("a hash more than the last time comes in beside the others", async () => {
		const target = new Target();
		await target.import([ALICE]);
		await target.trocla.get("alice", "sha1");
		const more = key("alice", { ...ALICE.formats, ssha: "{SSHA}x" });
		expect((await target.import([more])).counts).toEqual(counted({ imported: 1 }));
		expect(Object.keys((await target.trocla.show("alice"))?.formats ?? {}).sort()).toEqual([
			"mysql",
			"plain",
			"sha1",
			"ssha",
		]);
	});

	test("a plaintext that was handed out does not come back", async () => {
		const target = new Target();
		await target.import([ALICE]);
		await target.trocla.handOut("alice", async () => {});
		const { counts, problems } = await target.import([ALICE]);
		expect(counts).toEqual(counted({ differing: 1 }));
		expect(problems[0]?.message).toBe("was left as it is: its plaintext was handed out on 2026-03-01");
		expect(await target.trocla.peek("alice", "plain")).toBeUndefined();
	});

	test("a plaintext that is being handed out is not replaced", async () => {
		const target = new Target();
		await target.import([key("alice", { plain: "other" })]);
		await target.trocla.handOut("alice", async () => {
			const { problems } = await target.import([ALICE], { overwrite: true });
			expect(problems).toEqual([expect.objectContaining({ message: expect.stringContaining("is being handed out") })]);
		});
	});
});

test("a dry run counts what would be done and writes nothing", async () => {
	const target = new Target();
	await target.import([key("bob", { plain: "old" })]);
	const before = await target.text("bob");
	const foreign = [ALICE, key("bob", { plain: "new" })];
	expect((await target.import(foreign, { dryRun: true })).counts).toEqual(counted({ imported: 1, differing: 1 }));
	expect((await target.import(foreign, { dryRun: true, overwrite: true })).counts).toEqual(counted({ imported: 2 }));
	expect(await target.text("alice")).toBeUndefined();
	expect(await target.text("bob")).toBe(before);
});

describe("expiries", () => {
	const endsAt = new Date(NOW.getTime() + 60_000);

	test("keep their end and their period", async () => {
		const target = new Target();
		await target.import([
			{ ...key("a", { plain: "x" }), endsAt, seconds: 3600 },
			{ ...key("b", { plain: "x" }), endsAt: new Date(endsAt.getTime() + 1) },
			{ ...key("c", { plain: "x" }), seconds: 90 },
		]);
		const expires = async (name: string) => (await target.trocla.show(name))?.expires;
		expect(await expires("a")).toEqual({ seconds: 3600, at: endsAt.toISOString() });
		expect(await expires("b")).toEqual({ seconds: 61, at: "2026-03-01T12:01:00.001Z" });
		expect(await expires("c")).toEqual({ seconds: 90, at: "2026-03-01T12:01:30.000Z" });
	});

	test("that are over leave the key out", async () => {
		const target = new Target();
		const over = { ...key("a", { plain: "x" }), endsAt: NOW, seconds: 60 };
		expect(await target.import([over])).toEqual({ counts: counted({ skipped: { expired: 1 } }), problems: [] });
		expect(await target.text("a")).toBeUndefined();
	});

	test("of more than trocla's longest period come in with that", async () => {
		const target = new Target();
		const far = { ...key("a", { plain: "x" }), endsAt: new Date("2326-01-01"), seconds: 9_467_280_000 };
		expect((await target.import([far])).counts).toEqual(counted({ imported: 1 }));
		expect(await target.trocla.show("a")).toMatchObject({ expires: { seconds: 3_155_760_000 } });
	});
});

describe("what can't come in is named, and the rest does", () => {
	test.each<[what: string, foreign: Foreign, message: string]>([
		["a fault of the source", { key: "bad", fault: "is broken", hint: "mend it" }, "is broken"],
		["an unknown format", key("bad", { sha512: "x" }), "has a sha512, which is not a known format"],
		["a format that every object has", key("bad", { constructor: "x" }), "has a constructor, which is not a known"],
		["an empty value", key("bad", { plain: "" }), "has a plain that can't be kept: the password is empty"],
		["half a character", key("bad", { plain: "\ud800" }), "is not well-formed Unicode"],
		["a value of more than a MiB", key("bad", { plain: "x".repeat(2 ** 20 + 1) }), "has 1048577 bytes"],
		["a key with a newline", key("bad\n", { plain: "x" }), "can't be a key here: a key must not have a newline"],
		["a long key", key("ä".repeat(257), { plain: "x" }), "can't be a key here: a key of 514 bytes is too long"],
		["an empty key", key("", { plain: "x" }), "can't be a key here: a key must not be empty"],
	])("%s", async (_, foreign, message) => {
		const target = new Target();
		const { counts, problems } = await target.import([ALICE, foreign, key("zoe", { plain: "z" })]);
		expect(counts).toEqual(counted({ imported: 2, unreadable: 1 }));
		expect(problems).toEqual([
			expect.objectContaining({ kind: "unreadable", key: foreign.key, message: expect.stringContaining(message) }),
		]);
		expect(await target.text(foreign.key)).toBeUndefined();
	});

	test("the known formats of a key that has an unknown one", async () => {
		const target = new Target();
		const { counts } = await target.import([key("alice", { plain: "x", cfssl: "y" })]);
		expect(counts).toEqual(counted({ imported: 1, unreadable: 1 }));
		expect(Object.keys((await target.trocla.show("alice"))?.formats ?? {})).toEqual(["plain"]);
	});

	test("a key whose record here is damaged", async () => {
		const target = new Target();
		await target.backend.swap("alice", undefined, "{");
		const { counts, problems } = await target.import([ALICE, key("zoe", { plain: "z" })], { overwrite: true });
		expect(counts).toEqual(counted({ imported: 1, unreadable: 1 }));
		expect(problems[0]).toMatchObject({ key: "alice", message: expect.stringContaining("is damaged") });
		expect(await target.text("alice")).toBe("{");
	});
});

test("reasons for leaving keys out are counted each", async () => {
	const skipped = ["locked", "locked", "without a password"].map((reason, index) => ({
		key: `${index}`,
		skipped: reason,
	}));
	expect((await new Target().import(skipped)).counts).toEqual(
		counted({ skipped: { locked: 2, "without a password": 1 } }),
	);
});

describe("an error ends the import", () => {
	const many = Array.from({ length: 1000 }, (_, index) => key(`key${index}`, { plain: "x" }));

	test("where the store fails, and nothing more is read", async () => {
		const target = new Target();
		const { swap } = target.backend;
		let left = 10;
		target.backend.swap = async (...args) => {
			if (left-- > 0) return await swap(...args);
			throw new BackendError("full", "no space left on its disk", "Make room");
		};
		let given = 0;
		const counting = async function* (): Reader {
			for (const foreign of many) {
				given++;
				yield foreign;
			}
		};
		const settings = { formats: builtinFormats, now: NOW, prefix: "", overwrite: false, dryRun: false };
		const done = importKeys(target.records, counting(), { ...settings, problem: () => {}, seen: () => {} });
		await expect(done).rejects.toMatchObject({ code: "store", message: "no space left on its disk" });
		expect(given).toBeLessThan(500);
	});

	test("where the source fails, and what it gave before is in", async () => {
		const target = new Target();
		const failing = async function* (): Reader {
			yield ALICE;
			throw new Error("unreadable");
		};
		const settings = { formats: builtinFormats, now: NOW, prefix: "", overwrite: false, dryRun: false };
		const done = importKeys(target.records, failing(), { ...settings, problem: () => {}, seen: () => {} });
		await expect(done).rejects.toThrow("unreadable");
		expect(await target.trocla.peek("alice", "plain")).toBe("geheim");
	});
});

test("two imports of the same keys at once store each value once", async () => {
	const target = new Target();
	const keys = Array.from({ length: 300 }, (_, index) => key(`key${index}`, { plain: `value${index}` }));
	const [one, two] = await Promise.all([target.import(keys), target.import(keys)]);
	expect(one.counts.imported + two.counts.imported).toBe(300);
	expect(one.counts.same + two.counts.same).toBe(300);
});

test("any keys and values come in as they are, or are named", async () => {
	const text = fc.string({ unit: "binary", maxLength: 30 });
	await fc.assert(
		fc.asyncProperty(fc.dictionary(text, text, { maxKeys: 20 }), async (values) => {
			const target = new Target();
			const entries = Object.entries(values);
			const { problems } = await target.import(entries.map(([name, plain]) => key(name, { plain })));
			const named = new Set(problems.map((problem) => problem.key));
			for (const [name, plain] of entries) {
				if (!named.has(name)) expect(await target.trocla.peek(name, "plain")).toBe(plain);
			}
			expect(
				entries.filter(([name, plain]) => named.has(name) && /^[\x20-\x7e]+$/.test(name + plain) && name && plain),
			).toEqual([]);
		}),
		{ numRuns: 100 },
	);
});
