import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
	FILES,
	type FileDigests,
	parseManifest,
	parseTimeStamp,
	printManifest,
	sha256,
} from "../../../src/publish/manifest.js";
import { run, Sandbox } from "../../support/sandbox.js";

const hostName = fc
	.string({ unit: "grapheme", minLength: 1, maxLength: 60 })
	.filter((name) => !/^\.|[/\p{Cc}]/u.test(name) && Buffer.byteLength(name) <= 255);
const stamp = fc.maxSafeNat().map((time) => time % (8.64e15 + 1));
const contents = fc.record(Object.fromEntries(FILES.map((file) => [file, fc.string({ unit: "binary" })])));

const digestsOf = (texts: Record<string, string>) =>
	Object.fromEntries(FILES.map((file) => [file, sha256(texts[file] ?? "")])) as FileDigests; // it has all of FILES

test("sha256sum takes a manifest with the files that it was made of, and refuses any other", async () => {
	await fc.assert(
		fc.asyncProperty(hostName, stamp, contents, fc.constantFrom(...FILES, "Host", "TimeStamp"), async (...given) => {
			const [name, time, texts, altered] = given;
			const sandbox = new Sandbox();
			mkdirSync(sandbox.path("set"));
			const { host, timeStamp, hashDigest } = printManifest(name, time, digestsOf(texts));
			const files: Record<string, string> = { ...texts, Host: host, TimeStamp: timeStamp, HashDigest: hashDigest };
			for (const [file, text] of Object.entries(files)) writeFileSync(sandbox.path(`set/${file}`), text);
			const check = () => run("sha256sum", ["-c", "--strict", "HashDigest"], { cwd: sandbox.path("set") });
			expect(await check()).toMatchObject({ code: 0, stderr: "" });
			writeFileSync(sandbox.path(`set/${altered}`), `${files[altered]}.`);
			expect(await check()).toMatchObject({ code: 1, stdout: expect.stringContaining(`${altered}: FAILED\n`) });
		}),
		{ numRuns: 20 },
	);
});

test("a manifest lists all files of a set in the order of their names", () => {
	fc.assert(
		fc.property(hostName, stamp, contents, (name, time, texts) => {
			const { hashDigest } = printManifest(name, time, digestsOf(texts));
			const names = hashDigest
				.trimEnd()
				.split("\n")
				.map((line) => line.slice(66));
			expect(names).toEqual([...FILES, "Host", "TimeStamp"].sort());
		}),
	);
});

test("what was printed is read, and the host and the time are bound in", () => {
	fc.assert(
		fc.property(hostName, stamp, contents, (name, time, texts) => {
			const { host, timeStamp, hashDigest } = printManifest(name, time, digestsOf(texts));
			const { Host, TimeStamp, ...digests } = parseManifest(hashDigest);
			expect(digests).toEqual(digestsOf(texts));
			expect([Host, TimeStamp]).toEqual([sha256(host), sha256(timeStamp)]);
			expect(parseTimeStamp(timeStamp)).toBe(time);
		}),
	);
});

test("a manifest with anything else in it is refused, wherever it is", () => {
	const { hashDigest } = printManifest("www1.example.com", 1, digestsOf({}));
	const lines = hashDigest.split("\n");
	fc.assert(
		fc.property(fc.nat(hashDigest.length), fc.string({ unit: "binary", minLength: 1 }), (at, text) => {
			expect(() => parseManifest(hashDigest.slice(0, at) + text + hashDigest.slice(at))).toThrow(/HashDigest/);
		}),
	);
	fc.assert(
		fc.property(fc.nat(hashDigest.length - 1), (at) => {
			expect(() => parseManifest(hashDigest.slice(0, at))).toThrow(/HashDigest/);
			expect(() => parseManifest(hashDigest.slice(0, at) + hashDigest.slice(at + 1))).toThrow(/HashDigest/);
		}),
	);
	for (const text of ["", lines.toReversed().join("\n"), hashDigest.toUpperCase(), hashDigest.replaceAll("  ", " *")]) {
		expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: "damaged" }));
	}
});

test("a time that is not printed so is refused", () => {
	for (const text of [
		"",
		"1",
		"01\n",
		"1\n\n",
		"-1\n",
		"1.5\n",
		"1e3\n",
		" 1\n",
		"8640000000000001\n",
		"9007199254740992\n",
		"x\n",
	]) {
		expect(() => parseTimeStamp(text)).toThrow(expect.objectContaining({ code: "damaged" }));
	}
});

test.each([
	["an empty name", "", 1],
	["a hidden directory", ".a", 1],
	["the directory above", "..", 1],
	["a path", "a/b", 1],
	["a NUL", "a\0b", 1],
	["a second line", "a\nb", 1],
	["what is no Unicode", "a\ud800", 1],
	["a name of 256 bytes", "ä".repeat(128), 1],
	["a time before 1970", "a", -1],
	["a part of a millisecond", "a", 0.5],
	["no time", "a", Number.NaN],
])("%s is refused", (_, name, time) => {
	expect(() => printManifest(name, time, digestsOf({}))).toThrow(expect.objectContaining({ code: "invalid" }));
});

test("a name of 255 bytes is a host's, and a digest that is none is refused", () => {
	expect(printManifest("a".repeat(255), 0, digestsOf({})).host).toBe(`${"a".repeat(255)}\n`);
	for (const shadow of ["", "x", sha256("").toUpperCase(), `${sha256("")}\n`]) {
		expect(() => printManifest("a", 0, { ...digestsOf({}), shadow })).toThrow(/^shadow comes without/);
	}
});
