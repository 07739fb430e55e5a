import { writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCsv } from "../../../src/import/csv.js";
import { all, leavesUntouched } from "../../support/foreign.js";
import { Sandbox } from "../../support/sandbox.js";

function write(text: string | Buffer): string {
	const path = new Sandbox().path("passwords.csv");
	writeFileSync(path, text);
	return path;
}

const read = (text: string | Buffer) => all(readCsv(write(text)));

test("keys with one and several formats are read, and the file stays as it is", async () => {
	const path = write('key,format,value\nalice,plain,"a,b ""c""\nd"\nbob,plain,x\nalice,mysql,*AB\n');
	expect(await leavesUntouched(path, () => all(readCsv(path)))).toEqual([
		{ key: "alice", formats: { plain: 'a,b "c"\nd', mysql: "*AB" } },
		{ key: "bob", formats: { plain: "x" } },
	]);
});

test("columns may stand in any order, lines may end as on Windows, and a byte order mark is none of the header", async () => {
	expect(await read('\ufeffvalue,"key",format\r\n x ,alice,plain\r\n\r\n')).toEqual([
		{ key: "alice", formats: { plain: " x " } },
	]);
});

test("an expiry is seconds from now or a time", async () => {
	const rows = [
		"a,plain,x,3600",
		"b,plain,x,2030-01-31T12:00:00Z",
		"c,plain,x,2030-01-31",
		"d,plain,x,",
		"e,plain,x,2030-01-31T12:00+02:00",
	];
	expect(await read(`key,format,value,expires\n${rows.join("\n")}\n`)).toEqual([
		{ key: "a", formats: { plain: "x" }, seconds: 3600 },
		{ key: "b", formats: { plain: "x" }, endsAt: new Date("2030-01-31T12:00:00Z") },
		{ key: "c", formats: { plain: "x" }, endsAt: new Date("2030-01-31T00:00:00Z") },
		{ key: "d", formats: { plain: "x" } },
		{ key: "e", formats: { plain: "x" }, endsAt: new Date("2030-01-31T10:00:00Z") },
	]);
});

describe("a wrong row is named by its line, and the others come in", () => {
	test.each([
		["a missing field", "a,plain", "a", "has not as many fields as the header"],
		["a field too many", "a,plain,s3cret,,x", "a", "has not as many fields as the header"],
		["no key", ",plain,s3cret,", "line 3", "has no key"],
		["a format twice", "good,plain,s3cret,", "good", "has its plain twice"],
		["two expiries", "good,mysql,s3cret,60", "good", "has two expiries"],
		["an expiry that is none", "a,plain,s3cret,soon", "a", "has an expiry that is neither"],
		["a day that there is not", "a,plain,s3cret,2030-02-31x", "a", "has an expiry that is neither"],
	])("%s", async (_, row, key, fault) => {
		const found = await read(`key,format,value,expires\ngood,plain,x,\n${row}\n`);
		expect(found).toContainEqual({ key: "good", formats: { plain: "x" } });
		const faults = found.filter((foreign) => "fault" in foreign);
		expect(faults).toEqual([{ key, fault: expect.stringContaining(fault), hint: expect.stringContaining("line 3") }]);
		expect(JSON.stringify(faults)).not.toContain("s3cret");
	});
});

describe("a file that is not such CSV is refused whole, without a word of what is in it", () => {
	test.each<[string, string | Buffer, string]>([
		["an empty one", "", "its header has no key"],
		["no header", "alice,plain,s3cret\n", "its header has no key"],
		["a header without values", "key,format\n", "its header has no value"],
		["a column twice", "key,format,value,key\n", 'its header has "key"'],
		["cut within quotes", 'key,format,value\na,plain,x\nb,plain,"s3cret', "it ends within quotes"],
		["a quote within a field", 'key,format,value\na,plain,s3"cret\n', "a misplaced quote in line 2"],
		["something behind a quote", 'key,format,value\na,plain,"s3"cret\n', "a misplaced quote in line 2"],
		["another encoding", Buffer.from("key,format,value\na,plain,caf\xe9\n", "latin1"), "is not UTF-8"],
	])("%s", async (_, text, message) => {
		const refusal = await read(text).catch((error) => error);
		expect(refusal).toMatchObject({ code: "source", message: expect.stringContaining(message) });
		expect(`${refusal.message} ${refusal.hint}`).not.toMatch(/s3"?cret/);
	});

	test("one that is not there", async () => {
		await expect(all(readCsv("/nowhere.csv"))).rejects.toMatchObject({ message: "there is no /nowhere.csv" });
	});
});

test("any text comes back from what RFC 4180 makes of it", async () => {
	const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter((value) => value.isWellFormed());
	const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
	await fc.assert(
		fc.asyncProperty(fc.dictionary(text, text, { maxKeys: 10 }), async (keys) => {
			const rows = Object.entries(keys).map(([key, value]) => `${quoted(key)},plain,${quoted(value)}\r\n`);
			const found = await read(`key,format,value\r\n${rows.join("")}`);
			expect(found).toEqual(Object.entries(keys).map(([key, plain]) => ({ key, formats: { plain } })));
		}),
		{ numRuns: 100 },
	);
});
