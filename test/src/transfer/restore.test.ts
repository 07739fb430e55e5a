import { Encrypter } from "age-encryption";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { printRecord } from "../../../src/records/record.js";
import { exported, keyPair, keys, Records, records, recordText, restored } from "../../support/transfer.js";

let owner: Awaited<ReturnType<typeof keyPair>>;
beforeAll(async () => {
	owner = await keyPair();
});

const lock = () => ({ recipients: [owner.recipient] });
const key = () => ({ identities: [owner.identity] });

/** What anybody can make with age: these lines, encrypted for the owner. */
async function encrypted(...lines: readonly unknown[]): Promise<Uint8Array> {
	const encrypter = new Encrypter();
	encrypter.addRecipient(owner.recipient);
	return await encrypter.encrypt(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

const HEADER = { kind: "trocla export", version: 1, time: "2026-03-01T12:00:00.000Z", trocla: "1.2.3" };
const END = { end: "trocla export", records: 1, unreadable: 0 };
const ENTRY = { key: "a", record: JSON.parse(recordText("1")) };

test("any records come back byte for byte, from text as from bytes", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.uniqueArray(fc.tuple(keys, records), { selector: ([name]) => name, maxLength: 20 }),
			fc.boolean(),
			async (entries, asText) => {
				const before = await Records.with(entries.map(([name, record]) => [name, printRecord(record)]));
				const after = new Records();
				const bytes = await exported(before.store, { lock: lock(), asText });
				const counts = await restored(after.store, bytes, { key: key() });
				expect(counts).toMatchObject({ written: entries.length, same: 0, different: 0 });
				expect(await after.texts()).toEqual(await before.texts());
			},
		),
		{ numRuns: 100 },
	);
});

test("what a newer trocla wrote into a record is kept", async () => {
	const text = JSON.stringify({ v: 1, owner: "ops", ...JSON.parse(recordText("1")) });
	const before = await Records.with([["a", text]]);
	const after = new Records();
	await restored(after.store, await exported(before.store, { lock: lock() }), { key: key() });
	expect(await after.texts()).toEqual([["a", text]]);
});

describe("a damaged file", () => {
	let whole: Buffer;
	beforeAll(async () => {
		// Four pieces of 64 KiB, each of which age authenticates by itself.
		const many = Array.from({ length: 600 }, (_, n) => [`key${n}`, recordText("x".repeat(n))] as const);
		whole = await exported((await Records.with(many)).store, { lock: lock() });
		expect(whole.length).toBeGreaterThan(3 * 64 * 1024);
	});

	async function changesNothing(bytes: Uint8Array): Promise<void> {
		const after = await Records.with([["kept", recordText("1")]]);
		const before = await after.texts();
		await expect(restored(after.store, bytes, { key: key(), overwrite: true })).rejects.toMatchObject({
			code: "export",
		});
		expect(await after.texts()).toEqual(before);
	}

	test("that is cut anywhere is refused, and nothing is restored", async () => {
		const cuts = fc.integer({ min: 0, max: whole.length - 1 });
		await fc.assert(
			fc.asyncProperty(cuts, async (length) => changesNothing(whole.subarray(0, length))),
			{ numRuns: 60 },
		);
	});

	test("that is cut where a piece of age's ends is refused", async () => {
		const header = whole.indexOf("\n--- ") + 1;
		const payload = whole.indexOf("\n", header) + 1 + 16;
		for (const pieces of [0, 1, 2, 3]) await changesNothing(whole.subarray(0, payload + pieces * (64 * 1024 + 16)));
	});

	test("with any bit flipped is refused, and nothing is restored", async () => {
		const places = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 7 }));
		await fc.assert(
			fc.asyncProperty(places, async ([place, bit]) => {
				const altered = Buffer.from(whole);
				altered[place] = (altered[place] ?? 0) ^ (1 << bit);
				await changesNothing(altered);
			}),
			{ numRuns: 60 },
		);
	});

	test("with something behind it is refused", async () => {
		await changesNothing(Buffer.concat([whole, Buffer.from("x")]));
	});

	test("whose pieces change places is refused", async () => {
		const payload = whole.indexOf("\n", whole.indexOf("\n--- ") + 1) + 17;
		const size = 64 * 1024 + 16;
		const piece = (n: number) => whole.subarray(payload + n * size, payload + (n + 1) * size);
		const swapped = [whole.subarray(0, payload), piece(1), piece(0), whole.subarray(payload + 2 * size)];
		await changesNothing(Buffer.concat(swapped));
	});
});

describe("lines that are no whole export are refused, though age opens them:", () => {
	test.each<[what: string, lines: readonly unknown[], message: string]>([
		["nothing", [], "half an export"],
		["a header", [HEADER], "half an export"],
		["no end", [HEADER, ENTRY], "half an export"],
		["an end that counts more", [HEADER, END], "counts 1 records, and there are 0"],
		["an end that counts less", [HEADER, ENTRY, { ...ENTRY, key: "b" }, END], "counts 1 records, and there are 2"],
		["something behind the end", [HEADER, ENTRY, END, ENTRY], "line 4 in backup.age stands behind the end"],
		["another kind of file", [{ hello: 1 }], "is not an export of trocla"],
		["a newer version", [{ ...HEADER, version: 2 }, ENTRY, END], "has version 2"],
		["no JSON object", [HEADER, [1], END], "line 2 in backup.age is not a JSON object"],
		["a key that is none", [HEADER, { ...ENTRY, key: "a\n" }, END], "line 2 in backup.age can't be taken"],
		["a record that is none", [HEADER, { key: "a", record: { v: 1 } }, END], "line 2 in backup.age can't be taken"],
		["a record of another version", [HEADER, { key: "a", record: { ...ENTRY.record, v: 2 } }, END], "can't be taken"],
		["no record", [HEADER, { key: "a" }, END], "line 2 in backup.age can't be taken"],
	])("%s", async (_, lines, message) => {
		const after = new Records();
		await expect(restored(after.store, await encrypted(...lines), { key: key() })).rejects.toMatchObject({
			code: "export",
			message: expect.stringContaining(message),
		});
		expect(await after.texts()).toEqual([]);
	});

	test("text that is not UTF-8", async () => {
		const encrypter = new Encrypter();
		encrypter.addRecipient(owner.recipient);
		const bytes = await encrypter.encrypt(new Uint8Array([0x22, 0xff, 0x22]));
		await expect(restored(new Records().store, bytes, { key: key() })).rejects.toMatchObject({ code: "export" });
	});
});

test.each([
	["an empty file", ""],
	["a text", "hello\n"],
	["a SQLite database", "SQLite format 3\0"],
	["a key file", "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n"],
])("%s is said to be no export", async (_, text) => {
	const refused = expect(restored(new Records().store, Buffer.from(text), { key: key() })).rejects;
	await refused.toMatchObject({ code: "export", message: expect.stringContaining("is not an export") });
});

test("another identity is said not to open it, and changes nothing", async () => {
	const before = await Records.with([["a", recordText("1")]]);
	const after = new Records();
	const bytes = await exported(before.store, { lock: lock() });
	const { identity } = await keyPair();
	await expect(restored(after.store, bytes, { key: { identities: [identity] } })).rejects.toMatchObject({
		code: "export",
		message: "no identity that was given opens backup.age",
	});
	expect(await after.texts()).toEqual([]);
});

test("a passphrase opens what was exported with it, and no other does", async () => {
	const before = await Records.with([["a", recordText("1")]]);
	const after = new Records();
	const bytes = await exported(before.store, { lock: { passphrase: "grüße an alle" } });
	await expect(restored(after.store, bytes, { key: { passphrase: "grüße" } })).rejects.toMatchObject({
		code: "export",
		message: "the passphrase does not open backup.age",
	});
	expect(await after.texts()).toEqual([]);
	expect(await restored(after.store, bytes, { key: { passphrase: "grüße an alle" } })).toMatchObject({ written: 1 });
	expect(await after.texts()).toEqual(await before.texts());
});

describe("into a store that is not empty", () => {
	const OLD = recordText("old");
	const expired = recordText("x", { expires: { seconds: 1, at: "2020-01-01T00:00:00.000Z" } });

	async function scene(overwrite: boolean) {
		const before = await Records.with([
			["absent", OLD],
			["damaged", OLD],
			["different", OLD],
			["expired-here", OLD],
			["expired-there", expired],
			["same", OLD],
		]);
		const after = await Records.with([
			["damaged", "{"],
			["different", recordText("new")],
			["expired-here", expired],
			["other", recordText("mine")],
			["same", OLD],
		]);
		const left: string[][] = [];
		const settings = { key: key(), overwrite, left: (...what: string[]) => left.push(what) };
		const counts = await restored(after.store, await exported(before.store, { lock: lock() }), settings);
		return { counts, left, texts: Object.fromEntries(await after.texts()) };
	}

	test("new keys come in, the same stay, others are left and listed", async () => {
		const { counts, left, texts } = await scene(false);
		expect(counts).toMatchObject({ written: 2, replaced: 0, same: 1, different: 1, damaged: 1, expired: 1 });
		expect(left).toEqual([
			["damaged", "damaged"],
			["different", "different"],
			["expired-there", "expired"],
		]);
		const others = { other: recordText("mine"), damaged: "{", different: recordText("new") };
		expect(texts).toEqual({ absent: OLD, "expired-here": OLD, same: OLD, ...others });
	});

	test("others are replaced where that is asked for, and what the export does not have stays", async () => {
		const { counts, left, texts } = await scene(true);
		expect(counts).toMatchObject({ written: 2, replaced: 2, same: 1, different: 0, damaged: 0, expired: 1 });
		expect(left).toEqual([["expired-there", "expired"]]);
		const all = { absent: OLD, damaged: OLD, different: OLD, "expired-here": OLD, same: OLD };
		expect(texts).toEqual({ ...all, other: recordText("mine") });
	});

	test("a second run finds all there, also where the store has its members in another order", async () => {
		const record = { handedOut: "2026-03-01T12:00:00.000Z", ...JSON.parse(recordText("1")) };
		const before = await Records.with([["a", recordText("1", { handedOut: record.handedOut })]]);
		const after = await Records.with([["a", JSON.stringify(record)]]);
		const bytes = await exported(before.store, { lock: lock() });
		expect(await restored(after.store, bytes, { key: key() })).toMatchObject({ written: 0, same: 1, different: 0 });
	});
});

test("keys that the export lacks are named", async () => {
	const before = await Records.with([
		["a", recordText("1")],
		["b", "{"],
	]);
	const left: string[][] = [];
	const bytes = await exported(before.store, { lock: lock() });
	const settings = { key: key(), left: (...what: string[]) => left.push(what) };
	expect(await restored(new Records().store, bytes, settings)).toMatchObject({ written: 1, missing: 1 });
	expect(left).toEqual([["b", "missing"]]);
});

test("a restored record counts as a change, with its formats and without its values", async () => {
	const changes: unknown[] = [];
	const after = new Records({ changed: async (change) => void changes.push(change) });
	const before = await Records.with([["a", recordText("secret")]]);
	await restored(after.store, await exported(before.store, { lock: lock() }), { key: key() });
	expect(changes).toEqual([{ action: "restore", key: "a", formats: [{ format: "plain", outcome: "stored" }] }]);
});
