import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readShadow } from "../../../src/import/shadow.js";
import { all, leavesUntouched } from "../../support/foreign.js";
import { Sandbox } from "../../support/sandbox.js";

const hash = (kind: string) =>
	execFileSync("openssl", ["passwd", kind, "-salt", "salzsalz", "-stdin"], { input: "geheim\n" }).toString().trim();

function write(text: string, name = "shadow"): string {
	const path = new Sandbox().path(name);
	writeFileSync(path, text, { mode: 0o600 });
	return path;
}

const line = (name: string, password: string) => `${name}:${password}:19000:0:99999:7:::\n`;
const read = (text: string, options = {}) => all(readShadow(write(text), { minUid: 1000, ...options }));

test("each kind of hash goes to its format, and the file stays as it is", async () => {
	// The two that openssl does not make are examples of crypt(5)'s own shape: salt and 43, and 22 and 31 digits.
	const yescrypt = `$y$j9T$${"a".repeat(22)}$${"b".repeat(43)}`;
	const bcrypt = `$2b$12$${"a".repeat(22)}${"b".repeat(31)}`;
	const rounds = hash("-6").replace("$6$", "$6$rounds=100000$");
	const hashes = [hash("-6"), hash("-5"), hash("-1"), yescrypt, bcrypt, rounds];
	const path = write(hashes.map((password, index) => line(`user${index}`, password)).join(""));
	const found = await leavesUntouched(path, () => all(readShadow(path, { minUid: 1000 })));
	const formats = ["sha512crypt", "sha256crypt", "md5crypt", "yescrypt", "bcrypt", "sha512crypt"];
	expect(found).toEqual(
		formats.map((format, index) => ({ key: `user${index}`, formats: { [format]: hashes[index] } })),
	);
});

test("users without a password that works are skipped, each with the reason", async () => {
	const text = [line("a", "!"), line("b", "*"), line("c", `!${hash("-6")}`), line("d", "!!"), line("e", "")].join("");
	expect(await read(text)).toEqual([
		...["a", "b", "c", "d"].map((key) => ({ key, skipped: "locked" })),
		{ key: "e", skipped: "without a password" },
	]);
});

describe("what can't be taken is named, and the others come in", () => {
	test.each([
		["a hash of DES", "ab1cDEfghijkl", "of an old kind (DES)"],
		["an unknown kind", "$gy$j9T$salt$hash", "does not know ($gy$)"],
		["a hash that was cut off", hash("-6").slice(0, -4), "a damaged sha512crypt hash"],
		["a hash with other letters", hash("-5").replace(/...$/, "é!?"), "a damaged sha256crypt hash"],
	])("%s", async (_, password, fault) => {
		const found = await read(line("bad", password) + line("good", hash("-6")));
		expect(found).toEqual([
			{ key: "bad", fault: expect.stringContaining(fault), hint: expect.any(String) },
			{ key: "good", formats: { sha512crypt: hash("-6") } },
		]);
	});

	test("a line of another file", async () => {
		expect(await read(`x:x:0:0\n${line("good", hash("-6"))}`)).toEqual([
			{ key: "line 1", fault: expect.stringContaining("nine fields"), hint: expect.any(String) },
			expect.objectContaining({ key: "good" }),
		]);
	});
});

test("with a passwd file only those come in who can log in and are people", async () => {
	const passwd = write(
		[
			"root:x:0:0::/root:/bin/bash",
			"daemon:x:1:1::/:/usr/sbin/nologin",
			"alice:x:1000:1000::/home/alice:/bin/bash",
			"bob:x:1001:1001::/home/bob:",
			"robot:x:1002:1002::/:/bin/false",
			"nobody:x:65534:65534::/:/bin/sh",
			"strange:x:abc:1::/:/bin/sh",
			"",
		].join("\n"),
		"passwd",
	);
	const users = ["root", "daemon", "alice", "bob", "robot", "nobody", "strange", "gone"];
	const text = users.map((user) => line(user, hash("-6"))).join("");
	const keys = async (minUid: number) =>
		(await read(text, { passwd, minUid })).flatMap((foreign) => ("formats" in foreign ? [foreign.key] : []));
	expect(await keys(1000)).toEqual(["alice", "bob"]);
	expect(await keys(0)).toEqual(["root", "alice", "bob"]);
	expect(await keys(1001)).toEqual(["bob"]);
	expect(await read(text, { passwd, minUid: 1000 })).toContainEqual({ key: "root", skipped: "not of a login user" });
});

test("an empty file, one that is not there and a directory are refused", async () => {
	await expect(read("")).rejects.toMatchObject({ code: "source", message: expect.stringContaining("is empty") });
	const passwd = write("", "passwd");
	await expect(read(line("a", "!"), { passwd })).rejects.toMatchObject({ code: "source" });
	await expect(all(readShadow("/nowhere/shadow", { minUid: 0 }))).rejects.toMatchObject({
		message: "there is no /nowhere/shadow",
	});
	await expect(all(readShadow("/", { minUid: 0 }))).rejects.toMatchObject({ message: "/ is a directory" });
});
