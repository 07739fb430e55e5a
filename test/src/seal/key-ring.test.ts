import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyRing, parseRing, ringLine } from "../../../src/seal/key-ring.js";
import { lockRing } from "../../../src/seal/key-ring-lock.js";
import { addKey, createRing, dropKeys, makeKey } from "../../../src/seal/key-ring-write.js";
import { cleanUp, Sandbox } from "../../support/sandbox.js";

const now = new Date("2026-03-01T12:00:00.000Z");
const SECRET = Buffer.alloc(32, 7).toString("base64");
const GOOD = `a1 ${now.toISOString()} ${SECRET}`;

const write = (text: string, mode = 0o600) => {
	const path = new Sandbox().path("keys");
	writeFileSync(path, text);
	chmodSync(path, mode);
	return path;
};
const open = (path: string) => KeyRing.open({ kind: "file", path });

describe("a ring", () => {
	test.each([
		["is not there", undefined, /keys is not there$/],
		["is empty", "", /has no key$/],
		["has comments only", "# a\n\n  # b\n", /has no key$/],
		["has a line of something else", `${GOOD}\nhello\n`, /^line 2 of the key ring .* is not NAME CREATED KEY$/],
		["has a line without a name", `${now.toISOString()} ${SECRET}\n`, /^line 1 of/],
		["has a key in the name's place", `${SECRET} ${now.toISOString()} a1\n`, /^line 1 of .* is not NAME/],
		["has a date that is none", `a1 2026-99-99T00:00 ${SECRET}\n`, /^line 1 of/],
		["has a name twice", `${GOOD}\n${GOOD}\n`, /has the key a1 twice$/],
		["has a key that is too short", `a1 ${now.toISOString()} ${SECRET.slice(4)}\n`, /29 bytes instead of 32$/],
		["has a key that is too long", `a1 ${now.toISOString()} AAAA${SECRET}\n`, /35 bytes instead of 32$/],
		["has a key that is not base64", `a1 ${now.toISOString()} ${SECRET.slice(0, -2)}!=\n`, /is not base64$/],
	])("that %s is refused, and nothing of a key is shown", (_, text, message) => {
		const path = text === undefined ? new Sandbox().path("keys") : write(text);
		try {
			open(path);
			expect.unreachable();
		} catch (error) {
			expect(error).toMatchObject({ code: "ring", message: expect.stringMatching(message), hint: expect.any(String) });
			expect(JSON.stringify(error) + String((error as Error).message)).not.toContain(SECRET.slice(4, 12));
		}
	});

	test.each([0o640, 0o604, 0o620, 0o660, 0o666])("that others can reach is refused with the chmod: %o", (mode) => {
		const path = write(GOOD, mode);
		expect(() => open(path)).toThrow(
			expect.objectContaining({ code: "ring", hint: expect.stringContaining(`chmod 600 ${path}`) }),
		);
		chmodSync(path, 0o600);
		expect(open(path).newest().id).toBe("a1");
	});

	test("in a directory where others can write is refused", () => {
		const path = write(GOOD);
		chmodSync(dirname(path), 0o777);
		expect(() => open(path)).toThrow(expect.objectContaining({ hint: `Run: chmod go-w ${dirname(path)}` }));
		chmodSync(dirname(path), 0o1777);
		expect(open(path).newest().id).toBe("a1");
	});

	test("that is no file, or below one, is refused as any that can't be read", () => {
		const path = write(GOOD);
		expect(() => open(dirname(path))).toThrow(expect.objectContaining({ code: "ring" }));
		expect(() => open(`${path}/keys`)).toThrow(expect.objectContaining({ code: "ring" }));
	});

	test("that any text is, is a ring or refused", () => {
		const line = fc.oneof(
			fc.string(),
			fc.constant(GOOD),
			fc.tuple(fc.string(), fc.string(), fc.base64String()).map((fields) => fields.join(" ")),
		);
		fc.assert(
			fc.property(fc.array(line), (lines) => {
				try {
					for (const { bytes } of parseRing(lines.join("\n"), "the ring")) expect(bytes.length).toBe(32);
				} catch (error) {
					expect(error).toMatchObject({ code: "ring", message: expect.stringContaining("the ring") });
				}
			}),
		);
	});

	test("comes from a variable, its lines with ; between them", () => {
		process.env.TEST_RING = `${GOOD}; b2 ${now.toISOString()} ${SECRET}`;
		cleanUp(() => delete process.env.TEST_RING);
		expect(KeyRing.open({ kind: "env", name: "TEST_RING" }).newest().id).toBe("b2");
		expect(() => KeyRing.open({ kind: "env", name: "NO_RING" })).toThrow("the key ring in $NO_RING is not set");
	});

	test("comes from a credential, as systemd lets its service read it", () => {
		const path = write(GOOD, 0o440);
		process.env.CREDENTIALS_DIRECTORY = dirname(path);
		cleanUp(() => delete process.env.CREDENTIALS_DIRECTORY);
		expect(KeyRing.open({ kind: "credential", name: "keys" }).newest().id).toBe("a1");
		delete process.env.CREDENTIALS_DIRECTORY;
		expect(() => KeyRing.open({ kind: "credential", name: "keys" })).toThrow("$CREDENTIALS_DIRECTORY is not set");
	});
});

describe("writing a ring", () => {
	test("makes it for its owner only, whatever the umask, and never over another one", async () => {
		const path = new Sandbox().path("etc/trocla/keys");
		const umask = process.umask(0);
		cleanUp(() => process.umask(umask));
		expect(await createRing(path, "/store", now)).toBe(true);
		const text = readFileSync(path, "utf8");
		expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700]);
		expect(await createRing(path, "/store", now)).toBe(false);
		expect(readFileSync(path, "utf8")).toBe(text);
		expect(readdirSync(dirname(path))).toEqual(["keys"]);
		expect(open(path).stores).toEqual(["/store"]);
	});

	test("keeps comments and other keys, adds a last one, and takes out those that are named", async () => {
		const path = write(`# mine\n${GOOD}\n# and\nb2 ${now.toISOString()} ${SECRET}`);
		const added = await addKey(path, now);
		expect(open(path).keys.map(({ id }) => id)).toEqual(["a1", "b2", added.id]);
		await dropKeys(path, ["a1"]);
		expect(readFileSync(path, "utf8")).toBe(`# mine\n# and\nb2 ${now.toISOString()} ${SECRET}\n${ringLine(added)}`);
		expect(statSync(path).mode & 0o777).toBe(0o600);
	});

	test("adds a key where any other place than the last one is free of surprises", async () => {
		for (const text of [GOOD, `${GOOD}\n`, `${GOOD}\n\n# the end\n`, `# a\n\n${GOOD}\n# b`]) {
			const path = write(text);
			const added = await addKey(path, now);
			expect(open(path).keys.map(({ id }) => id)).toEqual(["a1", added.id]);
			expect(readFileSync(path, "utf8")).toBe(`${text.replace(/\n*$/, "\n")}${ringLine(added)}`);
		}
	});

	test("follows a link, and leaves it one", async () => {
		const path = write(GOOD);
		const link = `${path}-link`;
		symlinkSync(path, link);
		await addKey(link, now);
		expect(open(link).keys.length).toBe(2);
		expect(open(path).keys.length).toBe(2);
	});

	test("takes away what a process left that died while it wrote", async () => {
		const path = write(GOOD);
		writeFileSync(`${path}.new-1`, GOOD);
		await addKey(path, now);
		expect(readdirSync(dirname(path)).filter((name) => name.startsWith("keys"))).toEqual(["keys"]);
	});

	test.skipIf(process.getuid?.() !== 0)("leaves a ring to the user whose it is", async () => {
		const { chownSync } = await import("node:fs");
		const path = write(GOOD);
		chownSync(path, 65534, 65534);
		await addKey(path, now);
		expect(statSync(path)).toMatchObject({ uid: 65534, gid: 65534 });
	});

	test("is one process's at a time", async () => {
		const path = write(GOOD);
		const source = { kind: "file", path } as const;
		await lockRing(source, async () => {
			await expect(lockRing(source, async () => {})).rejects.toMatchObject({
				code: "ring",
				message: `another trocla init or trocla rekey works with the key ring ${path}`,
			});
		});
		expect(await lockRing(source, async () => "free")).toBe("free");
	});

	test("is refused where it can't be done", async () => {
		const sandbox = new Sandbox();
		mkdirSync(sandbox.path("dir"));
		await expect(addKey(sandbox.path("dir"), now)).rejects.toMatchObject({ code: "ring" });
		await expect(createRing("/proc/nope/keys", "/store", now)).rejects.toMatchObject({ code: "ring" });
		await expect(lockRing({ kind: "file", path: "/proc/nope/keys" }, async () => {})).rejects.toMatchObject({
			code: "ring",
			message: expect.stringContaining("can't be locked"),
		});
	});
});

test("names of keys are random, so that rings that were made apart share none", () => {
	const ids = Array.from({ length: 1000 }, () => makeKey(now).id);
	expect(new Set(ids).size).toBe(1000);
});
