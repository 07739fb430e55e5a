import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_LINE_BYTES, readBatchLine, readBatchOptions } from "../../../src/batch/line.js";

const read = (line: string) => readBatchLine(Buffer.from(line));

test.each([
	["alice plain", "alice", "plain", undefined],
	["  alice\t \tplain \t", "alice", "plain", undefined],
	["alice plain\r", "alice", "plain", undefined],
	["\ufeffalice plain", "alice", "plain", undefined],
	[
		'alice plain {"length": 32, "charset": {"custom": "a b"}} ',
		"alice",
		"plain",
		{ length: 32, charset: { custom: "a b" } },
	],
	['"my key" plain', "my key", "plain", undefined],
	['"a\\"b\\u00e9 c" plain', 'a"bé c', "plain", undefined],
	["a'b;$(id) plain", "a'b;$(id)", "plain", undefined],
	["# plain", "#", "plain", undefined],
	["é🔑\u00a0x plain", "é🔑\u00a0x", "plain", undefined],
])("the line %j asks for a key, a format and options", (line, key, format, options) => {
	const request = read(line);
	expect(request).toMatchObject({ key, format });
	expect(readBatchOptions(request?.options)).toEqual(options ?? {});
});

test.each(["", " ", "\t", "\r", " \t\r"])("the line %j is empty", (line) => {
	expect(read(line)).toBeUndefined();
});

test.each(["alice", " alice ", '"my key plain', '"my key"', '"a"b plain', '"a"plain', '"\\x" plain', '"a\\" plain'])(
	"the line %j is refused, with the form that it must have",
	(line) => {
		const refused = {
			code: "invalid",
			message: expect.stringMatching(/^the line /),
			hint: expect.stringContaining("KEY"),
		};
		expect(() => read(line)).toThrow(expect.objectContaining(refused));
	},
);

test("a line that is not UTF-8, or too long, is refused", () => {
	const bytes = Buffer.from("alice plain\xff", "latin1");
	expect(() => readBatchLine(bytes)).toThrow(
		expect.objectContaining({ code: "invalid", message: "the line is not UTF-8" }),
	);
	expect(read(`alice plain${" ".repeat(MAX_LINE_BYTES - 11)}`)).toMatchObject({ key: "alice" });
	expect(() => read(`alice plain${" ".repeat(MAX_LINE_BYTES - 10)}`)).toThrow("longer");
});

describe("options", () => {
	test.each(["{", "length: 32", "null", "32", "[]", '"x"', '{"a":1} {"b":2}'])(
		"must be a JSON object: %s",
		(options) => {
			const refused = { code: "invalid", message: "OPTIONS must be a JSON object" };
			expect(() => readBatchOptions(read(`alice plain ${options}`)?.options)).toThrow(expect.objectContaining(refused));
		},
	);

	test("that can't be read are not repeated, since they may hold a secret", () => {
		try {
			readBatchOptions('{"passphrase": "Tr0ub4dor-and-3}');
			expect.unreachable();
		} catch (error) {
			expect(JSON.stringify([error, String(error)])).not.toContain("Tr0ub4dor");
		}
	});
});

test("any key that is written as JSON, and any that has no blank, is read as it was", () => {
	const keys = fc.string({ unit: "binary", minLength: 1, maxLength: 100 }).filter((key) => !/[\r\n]/.test(key));
	const property = fc.property(keys, (key) => {
		expect(read(`${JSON.stringify(key)} plain`)).toMatchObject({ key, format: "plain" });
		if (!/^["\ufeff]|[ \t]/.test(key)) expect(read(`${key} plain`)).toMatchObject({ key, format: "plain" });
	});
	fc.assert(property);
});
