import { createDecipheriv } from "node:crypto";
import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openMemory } from "../../../backends/memory.js";
import { RecordStore } from "../../../src/records/store.js";
import { aesSeal } from "../../../src/seal/aes.js";
import { KeyRing, parseRing, ringLine } from "../../../src/seal/key-ring.js";
import { makeKey } from "../../../src/seal/key-ring-write.js";
import { plain } from "../../../src/seal/seal.js";
import { Sandbox } from "../../support/sandbox.js";
import { RECORDS } from "../../support/store.js";

const now = new Date("2026-03-01T12:00:00.000Z");

/** A ring of so many keys, and what its file says. */
function newRing(keys = 1) {
	const path = new Sandbox().path("keys");
	const lines = Array.from({ length: keys }, () => ringLine(makeKey(now)));
	writeFileSync(path, lines.join(""), { mode: 0o600 });
	return { path, lines, ring: KeyRing.open({ kind: "file", path }) };
}

const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.json());

describe("a sealed record", () => {
	test("is the record's text again, at its key", () => {
		const seal = aesSeal(newRing().ring, false);
		fc.assert(
			fc.property(key, text, (key, text) => {
				const sealed = seal.close(text, key);
				expect(seal.open(sealed, key)).toBe(text);
				expect(seal.isCurrent(sealed)).toBe(true);
			}),
		);
	});

	test("is AES-256-GCM as its form says: any program that has the ring's line can open it", () => {
		const { ring, lines } = newRing();
		const sealed = aesSeal(ring, false).close('{"v":1}', "alice");
		const [, header = "", id, base64 = ""] = /^(trocla-sealed:1:aes-256-gcm:([^:]+):)([^:]+)$/.exec(sealed) ?? [];
		const [ringId, , secret = ""] = lines[0]?.trim().split(" ") ?? [];
		expect(id).toBe(ringId);
		const bytes = Buffer.from(base64, "base64");
		const decipher = createDecipheriv("aes-256-gcm", Buffer.from(secret, "base64"), bytes.subarray(0, 12));
		decipher.setAAD(Buffer.from(`${header}alice`));
		decipher.setAuthTag(bytes.subarray(-16));
		expect(decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8")).toBe('{"v":1}');
	});

	test("is another text each time, also for the same record", () => {
		const seal = aesSeal(newRing().ring, false);
		const texts = Array.from({ length: 100 }, () => seal.close("the same", "alice"));
		expect(new Set(texts).size).toBe(100);
	});

	test("is refused by name where a character of it is another one, is missing, or is too many", () => {
		const seal = aesSeal(newRing().ring, false);
		const sealed = seal.close('{"v":1,"formats":{}}', "alice");
		const refused = (text: string) => expect(() => seal.open(text, "alice")).toThrow(/"alice"/);
		for (let at = 0; at < sealed.length; at++) {
			for (const other of ["A", "b", "=", " ", "\n", "-", ":", "\0"]) {
				if (sealed[at] !== other) refused(sealed.slice(0, at) + other + sealed.slice(at + 1));
			}
			refused(sealed.slice(0, at));
			refused(sealed.slice(0, at) + sealed.slice(at + 1));
			refused(`${sealed.slice(0, at)}A${sealed.slice(at)}`);
		}
		expect(seal.open(sealed, "alice")).toContain("formats");
	});

	test("is refused where any bit of what was encrypted is another one", () => {
		const seal = aesSeal(newRing().ring, false);
		const sealed = seal.close("a record", "alice");
		const start = sealed.lastIndexOf(":") + 1;
		const bytes = Buffer.from(sealed.slice(start), "base64");
		for (let bit = 0; bit < bytes.length * 8; bit++) {
			const flipped = Buffer.from(bytes);
			flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
			const altered = sealed.slice(0, start) + flipped.toString("base64");
			expect(() => seal.open(altered, "alice")).toThrow('the record of "alice" was altered, or belongs to another key');
		}
	});

	test("is refused at any other key, and with another key's text or header", () => {
		const { ring, path, lines } = newRing(2);
		const seal = aesSeal(ring, false);
		fc.assert(
			fc.property(key, key, (key, other) => {
				fc.pre(key !== other);
				const sealed = seal.close("a record", key);
				expect(() => seal.open(sealed, other)).toThrow(JSON.stringify(other));
			}),
		);
		const [first = "", second = ""] = ring.keys.map(({ id }) => id);
		const sealed = seal.close("a record", "alice");
		expect(sealed).toContain(second);
		expect(() => seal.open(sealed.replace(second, first), "alice")).toThrow("altered");
		// A key that moves characters between the header and itself is another key.
		expect(() => seal.open(sealed.replace(`${second}:`, `${second}:x`), "alice")).toThrow("altered");
		writeFileSync(path, lines.join(""));
	});

	test("says which key it lacks where the ring is another one", () => {
		const { ring } = newRing();
		const sealed = aesSeal(ring, false).close("a record", "alice");
		const other = newRing();
		expect(() => aesSeal(other.ring, false).open(sealed, "alice")).toThrow(
			`the record of "alice" is sealed with the key ${ring.newest().id}, which is not in the key ring ${other.path}`,
		);
	});

	test("of a newer trocla is said to be so", () => {
		const seal = aesSeal(newRing().ring, true);
		expect(() => seal.open("trocla-sealed:2:aes-256-gcm:abc:AAAA", "alice")).toThrow("does not know");
	});

	test("says so where the configuration has no encryption", () => {
		const sealed = aesSeal(newRing().ring, false).close("a record", "alice");
		expect(() => plain.open(sealed, "alice")).toThrow(
			expect.objectContaining({ code: "config", message: expect.stringContaining('"alice" is sealed') }),
		);
	});
});

test("a record that is not sealed is refused by name, unless the configuration takes it", () => {
	const { ring } = newRing();
	expect(() => aesSeal(ring, false).open('{"v":1}', "alice")).toThrow('the record of "alice" is not sealed');
	expect(aesSeal(ring, true).open('{"v":1}', "alice")).toBe('{"v":1}');
});

test("a ring that got a new key seals with that one, and still opens what the older ones sealed", () => {
	const { ring, path, lines } = newRing();
	const seal = aesSeal(ring, false);
	const old = seal.close("old", "alice");
	const added = makeKey(now);
	writeFileSync(path, lines.join("") + ringLine(added));
	expect(seal.isCurrent(old)).toBe(false);
	expect(seal.open(old, "alice")).toBe("old");
	expect(seal.close("new", "alice")).toContain(`:${added.id}:`);
});

test("a record that another process sealed with a key that this one never read opens", () => {
	const { ring, path, lines } = newRing();
	const seal = aesSeal(ring, false);
	writeFileSync(path, lines.join("") + ringLine(makeKey(now)));
	const sealed = aesSeal(KeyRing.open({ kind: "file", path }), false).close("new", "alice");
	expect(seal.open(sealed, "alice")).toBe("new");
});

test("nothing is sealed any more with a ring that is gone", () => {
	const { ring, path } = newRing();
	const seal = aesSeal(ring, false);
	seal.close("a record", "alice");
	writeFileSync(path, "");
	expect(() => seal.close("a record", "alice")).toThrow("has no key");
});

test("a record that is written while the ring gets a new key ends up under that one", async () => {
	const { ring, path, lines } = newRing();
	const added = makeKey(now);
	const backend = openMemory();
	let swaps = 0;
	const store = new RecordStore(
		{
			...backend,
			// The record is sealed by now, and not written yet.
			async swap(key, before, after) {
				if (swaps++ === 0) writeFileSync(path, ringLine(added), { mode: 0o600 });
				return await backend.swap(key, before, after);
			},
		},
		{ ...RECORDS, seal: aesSeal(ring, false) },
	);
	const record = { formats: { plain: { value: "secret", at: now.toISOString() } } };
	await store.change("alice", "set", async () => ({ result: undefined, write: record }));
	expect(lines[0]).not.toContain(added.id);
	expect(await backend.read("alice")).toContain(`:${added.id}:`);
	expect(await store.read("alice")).toEqual(record);
});

test("a ring's text is read as it was printed", () => {
	const keys = Array.from({ length: 20 }, () => makeKey(now));
	expect(parseRing(`# ours\n\n${keys.map(ringLine).join("  # between\n")}`, "the ring")).toEqual(keys);
});
