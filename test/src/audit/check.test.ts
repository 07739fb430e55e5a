import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headFile } from "../../../src/audit/head.js";
import { sha256sum, TestAudit } from "../../support/audit.js";

const LINES = 12;

/** An audit of some lines, and what to do with them; gives the faults that then are found. */
async function tampering() {
	const audit = new TestAudit();
	await audit.fill(1, LINES);
	const lines = readFileSync(audit.file, "utf8").split("\n").slice(0, -1);
	return {
		audit,
		lines,
		async faults(tampered: readonly string[]): Promise<string[]> {
			writeFileSync(audit.file, tampered.map((line) => `${line}\n`).join(""));
			const found = await audit.faults();
			return found.map((fault) => fault.replaceAll(audit.file, "FILE"));
		},
	};
}

const index = fc.nat({ max: LINES - 1 });

describe("a tampered line", () => {
	test("is named where any byte of it was changed", async () => {
		const { lines, faults } = await tampering();
		await fc.assert(
			fc.asyncProperty(index, fc.nat(), fc.integer({ min: 33, max: 126 }), async (at, position, code) => {
				const line = lines[at] ?? "";
				const place = position % line.length;
				const changed = line.slice(0, place) + String.fromCharCode(code) + line.slice(place + 1);
				fc.pre(changed !== line);
				const [first = ""] = await faults(lines.with(at, changed));
				expect(first).toMatch(new RegExp(`FILE:${at + 1}\\b`));
			}),
			{ numRuns: 300 },
		);
	});

	test("is missed where it was removed, and its number told", async () => {
		const { lines, faults } = await tampering();
		for (let at = 1; at < LINES - 1; at++) {
			expect(await faults(lines.toSpliced(at, 1))).toEqual([`line ${at + 1} is missing before FILE:${at + 1}`]);
		}
		expect(await faults(lines.toSpliced(3, 4))).toEqual(["lines 4 to 7 are missing before FILE:4"]);
	});

	test("is missed at the end, where the file was cut", async () => {
		const { lines, faults } = await tampering();
		for (let kept = 1; kept < LINES; kept++) {
			expect(await faults(lines.slice(0, kept))).toEqual([
				`FILE:${kept} is the last line and has the number ${kept}, but line ${LINES} was written too: ${LINES - kept} missing at the end`,
			]);
		}
	});

	test("is missed where all of it was cut, unless that was just now and the head still has it", async () => {
		const { audit, faults } = await tampering();
		expect(await faults([])).toEqual([]);
		expect(await audit.findings()).toMatchObject([{ state: "note" }, { state: "ok" }]);
		const later = Date.now() / 1000 + 60;
		utimesSync(audit.file, later, later);
		expect((await audit.faults()).map((fault) => fault.replaceAll(audit.file, "FILE"))).toEqual([
			`no line is there any more, but line ${LINES} was written too: ${LINES} missing at the end`,
		]);
	});

	test("is named where it was swapped with another", async () => {
		const { lines, faults } = await tampering();
		await fc.assert(
			fc.asyncProperty(index, index, async (a, b) => {
				fc.pre(a < b);
				const [first = ""] = await faults(lines.with(a, lines[b] ?? "").with(b, lines[a] ?? ""));
				expect(first).toMatch(new RegExp(`FILE:${a + 1}\\b`));
			}),
			{ numRuns: 60 },
		);
	});

	test("is named where it was put in, be it a copy or made to fit the one before", async () => {
		const { lines, faults } = await tampering();
		await fc.assert(
			fc.asyncProperty(index, index, fc.boolean(), async (at, of, fits) => {
				fc.pre(at > 0);
				const forged = JSON.stringify({
					...JSON.parse(lines[of] ?? ""),
					key: "forged",
					...(fits && { n: at + 1, prev: sha256sum(lines[at - 1] ?? "") }),
				});
				const [first = ""] = await faults(lines.toSpliced(at, 0, forged));
				expect(first).toMatch(new RegExp(`FILE:${at + 1}\\b`));
			}),
			{ numRuns: 60 },
		);
		for (const alien of ["", "not JSON", "{}", "x".repeat(100_000)]) {
			expect(await faults(lines.toSpliced(5, 0, alien))).toEqual(["FILE:6 is not a line of the audit"]);
		}
	});

	test("is found where all that follow were made to fit it", async () => {
		const { lines, faults } = await tampering();
		let prev = "";
		const rewritten = lines.map((line, at) => {
			const { key, ...rest } = JSON.parse(line);
			const fresh = JSON.stringify({ ...rest, key: at === 4 ? "forged" : key, prev: prev || rest.prev });
			prev = sha256sum(fresh);
			return fresh;
		});
		expect(await faults(rewritten)).toEqual([
			`FILE:${LINES} is not what was written as line ${LINES}: lines were changed, up to the last one`,
		]);
	});

	test("stays found when others are written after it", async () => {
		const { audit, lines, faults } = await tampering();
		await faults(lines.with(4, (lines[4] ?? "").replace("key5", "key6")));
		await audit.fill(13, 14);
		expect(await audit.faults()).toEqual([`${audit.file}:5 was changed after it was written`]);
		appendFileSync(audit.file, `${lines[3]}\n`);
		await audit.fill(15, 16);
		expect(await audit.faults()).toEqual([
			`${audit.file}:5 was changed after it was written`,
			`${audit.file}:15 does not belong here`,
		]);
	});
});

describe("rotated files", () => {
	async function rotated(...names: string[]): Promise<TestAudit> {
		const audit = new TestAudit();
		for (const name of names) {
			await audit.fill(1, 5);
			if (name) audit.rotate(audit.sandbox.path(name));
		}
		return audit;
	}

	test.each([
		["audit.jsonl.2", "audit.jsonl.1"],
		["audit.jsonl-20261121", "audit.jsonl-20261122"],
		["audit.jsonl-20261122-1700000000", "audit.jsonl.2026-11-23"],
		["audit-20261121.jsonl", "audit.1.jsonl"],
		["audit.jsonl-2026112105.backup", "audit.jsonl.1"],
	])("are found by the names that logrotate gives: %s, %s", async (...names) => {
		const audit = await rotated(...names, "");
		expect(await audit.findings()).toMatchObject([{ state: "ok", message: expect.stringContaining("in 3 files") }]);
	});

	test("are read where they are compressed, also while they are being", async () => {
		const audit = await rotated("audit.jsonl.2", "audit.jsonl.1", "");
		const old = readFileSync(`${audit.file}.2`);
		writeFileSync(`${audit.file}.2.gz`, gzipSync(old).subarray(0, 100));
		expect(await audit.faults()).toEqual([]);
		writeFileSync(`${audit.file}.2.gz`, gzipSync(old));
		rmSync(`${audit.file}.2`);
		expect(await audit.findings()).toMatchObject([{ state: "ok", message: expect.stringContaining("in 3 files") }]);
		writeFileSync(`${audit.file}.2.gz`, gzipSync(old.toString().replace("key2", "key3")));
		expect(await audit.faults()).toEqual([`${audit.file}.2.gz:2 was changed after it was written`]);
		writeFileSync(`${audit.file}.2.gz`, gzipSync(old).subarray(0, 100));
		expect(await audit.faults()).toContainEqual(expect.stringMatching(/\.2\.gz can't be read to its end: /));
	});

	test("in a form that can't be read are told of", async () => {
		const audit = await rotated("audit.jsonl.1", "");
		renameSync(`${audit.file}.1`, `${audit.file}.1.xz`);
		expect(await audit.findings()).toMatchObject([{ state: "note", mend: expect.stringContaining("gzip") }, {}]);
	});

	test("don't count where they are another audit's, or nobody's", async () => {
		const audit = await rotated("");
		cpSync(audit.file, audit.sandbox.path("audit-2.jsonl"));
		cpSync(headFile(audit.file), headFile(audit.sandbox.path("audit-2.jsonl")));
		for (const name of ["audit.jsonl~", "audit.jsonl.orig", "audit", "other.jsonl.1"]) {
			writeFileSync(audit.sandbox.path(name), "not an audit\n");
		}
		expect(await audit.findings()).toMatchObject([{ state: "ok", message: expect.not.stringContaining("files") }]);
	});

	test("may be there as a copy too, but not as another chain", async () => {
		const audit = await rotated("");
		cpSync(audit.file, `${audit.file}.1`);
		await audit.fill(6, 7);
		expect(await audit.faults()).toEqual([]);
		const other = new TestAudit();
		await other.fill(1, 5);
		cpSync(other.file, `${audit.file}.1`);
		expect(await audit.faults()).toEqual([`${audit.file}:5 and ${audit.file}.1:5 are both line 5, and differ`]);
	});
});

test("an audit of another user is a finding, and not an error", async () => {
	const audit = new TestAudit();
	await audit.fill(1, 2);
	execFileSync("chmod", ["666", audit.file]);
	expect(await audit.findings()).toMatchObject([{ state: "fault", mend: expect.stringContaining("chmod 600") }]);
	const missing = new TestAudit(join("nowhere", "audit.jsonl"));
	expect(await missing.findings()).toMatchObject([{ state: "ok", message: expect.stringContaining("not there yet") }]);
});
