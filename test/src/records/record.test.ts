import fc from "fast-check";
import { expect, test } from "vitest";
import { TroclaError } from "../../../src/errors.js";
import { type KeyRecord, parseRecord, printRecord } from "../../../src/records/record.js";

const time = fc
	.date({ min: new Date(0), max: new Date("2999-01-01"), noInvalidDate: true })
	.map((date) => date.toISOString());
const texts = fc.string({ unit: "binary", maxLength: 40 });
const options = fc.dictionary(texts, fc.jsonValue());
/** An entry that may be missing. */
const maybe = <Name extends string, Value>(name: Name, value: fc.Arbitrary<Value>) =>
	fc.oneof(
		fc.constant({}),
		value.map((value) => ({ [name]: value })),
	);

const storedFormat = fc
	.tuple(fc.record({ value: texts, at: time }), maybe("options", options), maybe("asked", fc.array(texts)))
	.map((parts) => Object.assign({}, ...parts) as KeyRecord["formats"][string]);

const record = fc
	.tuple(
		fc.record({ formats: fc.dictionary(texts, storedFormat) }),
		maybe("expires", fc.record({ seconds: fc.integer({ min: 1, max: 3_155_760_000 }), at: time })),
		maybe("handedOut", time),
		maybe("askedPlain", options),
		maybe("claim", fc.record({ id: fc.uuid(), format: texts, host: texts, pid: fc.nat(), at: time })),
	)
	// Put together of parts that each have their type.
	.map((parts) => Object.assign({}, ...parts) as KeyRecord);

test("a record reads as it was written", () => {
	fc.assert(
		fc.property(record, (written) => {
			const read = parseRecord(printRecord(written), "key");
			expect(JSON.stringify(read)).toBe(JSON.stringify(written));
		}),
	);
});

test("a record is JSON of version 1", () => {
	fc.assert(
		fc.property(record, (written) => {
			expect(JSON.parse(printRecord(written))).toMatchObject({ v: 1 });
		}),
	);
});

/** Only a record comes out, or an error `damaged` that names the key and says nothing of the text. */
function readsOrRefuses(text: string): void {
	try {
		expect(Object.values(parseRecord(text, "my key").formats).every(({ value }) => typeof value === "string")).toBe(
			true,
		);
	} catch (error) {
		if (!(error instanceof TroclaError)) throw error;
		expect(error).toMatchObject({ code: "damaged", hint: expect.any(String) });
		expect(error.message).toContain('"my key"');
	}
}

test("any text is a record or damaged", () => {
	fc.assert(fc.property(texts, readsOrRefuses));
	fc.assert(fc.property(fc.json(), readsOrRefuses));
});

test("a record with a part of it replaced by anything is a record or damaged", () => {
	const part = fc.constantFrom("v", "formats", "expires", "handedOut", "askedPlain", "claim");
	fc.assert(
		fc.property(record, part, fc.jsonValue(), (record, name, value) => {
			readsOrRefuses(JSON.stringify({ v: 1, ...record, [name]: value }));
			const format = { value: "x", at: "2026-01-01T00:00:00.000Z", [name]: value };
			readsOrRefuses(JSON.stringify({ v: 1, formats: { plain: format } }));
		}),
	);
});

test("a record that was cut anywhere is damaged", () => {
	fc.assert(
		fc.property(record, fc.nat(), (record, cut) => {
			const text = printRecord(record);
			expect(() => parseRecord(text.slice(0, cut % text.length), "key")).toThrow(TroclaError);
		}),
	);
});

const at = "2026-01-01T00:00:00.000Z";
test.each([
	["a newer version", { v: 2, formats: {} }],
	["no version", { formats: {} }],
	["no formats", { v: 1 }],
	["formats in a list", { v: 1, formats: [] }],
	["a format without a value", { v: 1, formats: { plain: { at } } }],
	["a value that is no text", { v: 1, formats: { plain: { value: 1, at } } }],
	["a format without a date", { v: 1, formats: { plain: { value: "x" } } }],
	["a date that is none", { v: 1, formats: { plain: { value: "x", at: "soon" } } }],
	["options in a list", { v: 1, formats: { plain: { value: "x", at, options: [] } } }],
	["asked options that are no names", { v: 1, formats: { plain: { value: "x", at, asked: [1] } } }],
	["an expiry of never", { v: 1, formats: {}, expires: { seconds: 0, at } }],
	["an expiry beyond all dates", { v: 1, formats: {}, expires: { seconds: 1e300, at } }],
	["an expiry at no date", { v: 1, formats: {}, expires: { seconds: 1, at: "" } }],
	["a claim of nobody", { v: 1, formats: {}, claim: {} }],
	["a hand-out at no date", { v: 1, formats: {}, handedOut: "x" }],
	["a list", []],
	["null", null],
])("a record with %s is damaged", (_, damaged) => {
	expect(() => parseRecord(JSON.stringify(damaged), "key")).toThrow(expect.objectContaining({ code: "damaged" }));
});

test("nothing of a damaged record is told", () => {
	for (const text of [
		'{"v":1,"formats":{"plain":{"value":"s3cret"}}}',
		'{"v":"s3cret?',
		'"s3cret"',
		'{"v":1,"s3cret"',
	]) {
		expect(() => parseRecord(text, "key")).toThrow(
			expect.not.objectContaining({ message: expect.stringContaining("s3cret") }),
		);
	}
});
