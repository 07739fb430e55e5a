import { readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { headFile } from "../../../src/audit/head.js";
import { TestAudit } from "../../support/audit.js";

describe("a rotation", () => {
	test("by renaming lets the new file chain to the old one, whether or not it is made already", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 3);
		audit.rotate(`${audit.file}.2`);
		await audit.fill(4, 6);
		renameSync(audit.file, `${audit.file}.1`);
		await audit.fill(7, 9);
		expect(audit.lines().at(-1)).toMatchObject({ n: 9 });
		expect(await audit.findings()).toMatchObject([{ state: "ok", message: expect.stringContaining("in 3 files") }]);
	});

	test("by copying and truncating loses none of the lines that were written in between", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 5);
		const copy = readFileSync(audit.file);
		await audit.fill(6, 8);
		writeFileSync(`${audit.file}.1`, copy, { mode: 0o600 });
		truncateSync(audit.file);
		await audit.fill(9, 9);
		const all = [...audit.lines(`${audit.file}.1`), ...audit.lines()];
		expect([...new Set(all.map(({ n }) => n))]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
		expect(new Set(all.map((line) => JSON.stringify(line))).size).toBe(9);
		expect(await audit.faults()).toEqual([]);
	});

	test("by copying and truncating is noticed also where a process wrote into the empty file and died", async () => {
		const audit = new TestAudit();
		await audit.fill(1, 5);
		const copy = readFileSync(audit.file);
		await audit.fill(6, 8);
		const before = statSync(audit.file).size;
		await audit.fill(9, 9);
		const line = readFileSync(audit.file).subarray(before);
		writeFileSync(`${audit.file}.1`, copy, { mode: 0o600 });
		writeFileSync(audit.file, line);
		truncateSync(headFile(audit.file), statSync(headFile(audit.file)).size - "confirmed\n".length);
		await audit.fill(10, 10);
		const all = [...audit.lines(`${audit.file}.1`), ...audit.lines()];
		expect([...new Set(all.map(({ key }) => key))]).toEqual(Array.from({ length: 10 }, (_, i) => `key${i + 1}`));
		expect(await audit.faults()).toEqual([]);
	});

	test("leaves a chain of which the oldest files may be removed, and none in the middle", async () => {
		const audit = new TestAudit();
		for (const file of ["3", "2", "1", ""]) {
			await audit.fill(1, 10);
			if (file) audit.rotate(`${audit.file}.${file}`);
		}
		rmSync(`${audit.file}.3`);
		expect(await audit.findings()).toMatchObject([
			{ state: "ok", message: expect.stringContaining("begins with line 11,") },
		]);
		rmSync(`${audit.file}.1`);
		expect(await audit.faults()).toEqual([`lines 21 to 30 are missing before ${audit.file}:1`]);
	});
});
