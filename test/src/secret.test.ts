import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { TroclaError } from "../../src/errors.js";
import { readSecret, type SecretSource } from "../../src/secret.js";
import { isRoot } from "../support/nobody.js";
import { cleanUp, Sandbox } from "../support/sandbox.js";

const SECRET = "s3cr3t Pässword%40";

/** A file in a sandbox; its directories are its owner's. */
function file(text: string, mode = 0o600): { readonly path: string; readonly source: SecretSource } {
	const path = new Sandbox().path("private/password");
	mkdirSync(dirname(path), { mode: 0o700 });
	writeFileSync(path, text, { mode });
	chmodSync(path, mode);
	return { path, source: { kind: "file", path } };
}

/** The refusal of a secret, which tells where it is and not what it is. */
function refusal(source: SecretSource): string {
	try {
		readSecret(source, "the store's password");
	} catch (error) {
		expect(error).toBeInstanceOf(TroclaError);
		const { code, message, hint, stack } = error as TroclaError;
		expect(code).toBe("config");
		expect(`${message} ${hint} ${stack}`).not.toContain(SECRET);
		return `${message}. ${hint}`;
	}
	return expect.fail("taken");
}

/** Sets a variable for the running test. */
function setVariable(name: string, value: string | undefined): void {
	const before = process.env[name];
	const set = (value: string | undefined) => {
		if (value === undefined) delete process.env[name];
		else process.env[name] = value;
	};
	cleanUp(() => set(before));
	set(value);
}

describe("a password in a file", () => {
	test.each([
		["a newline", `${SECRET}\n`],
		["nothing", SECRET],
		["a line end of Windows", `${SECRET}\r\n`],
		["more lines", `${SECRET}\nwhere it is from\n`],
	])("is its first line, which ends with %s", (_, text) => {
		expect(readSecret(file(text).source, "it")).toBe(SECRET);
	});

	test("keeps the blanks at its ends", () => {
		expect(readSecret(file(` ${SECRET} \n`).source, "it")).toBe(` ${SECRET} `);
	});

	test.each(["0644", "0640", "0620", "0602", "0604"])("is refused where others may read or change it: %s", (octal) => {
		const { path, source } = file(`${SECRET}\n`, Number.parseInt(octal, 8));
		expect(refusal(source)).toBe(
			`the store's password in ${path} can be read or changed by others (mode ${octal}). Run: chmod 600 ${path}`,
		);
	});

	test("is refused where others may put another file in its place, by a link too", () => {
		const { path, source } = file(`${SECRET}\n`);
		const link = new Sandbox().path("link");
		symlinkSync(path, link);
		expect(readSecret({ kind: "file", path: link }, "it")).toBe(SECRET);
		chmodSync(dirname(path), 0o777);
		const open = `is in ${dirname(path)}, which can be written by others (mode 0777). Run: chmod go-w ${dirname(path)}`;
		expect(refusal(source)).toContain(open);
		expect(refusal({ kind: "file", path: link })).toContain(open);
		chmodSync(dirname(path), 0o1777);
		expect(readSecret(source, "it")).toBe(SECRET);
	});

	test("is refused where there is none, or nothing in it", () => {
		const { path, source } = file("\nsecond line\n");
		expect(refusal(source)).toBe(`the store's password in ${path} is empty. Write it into the first line`);
		expect(refusal({ kind: "file", path: `${path}.txt` })).toMatch(/password.txt can't be read: ENOENT/);
		// A directory.
		expect(refusal({ kind: "file", path: dirname(path) })).toContain("can't be read: EISDIR");
	});
});

describe("a password in a variable", () => {
	test("is all of it", () => {
		setVariable("TEST_PASSWORD", `${SECRET}\nmore`);
		expect(readSecret({ kind: "env", name: "TEST_PASSWORD" }, "it")).toBe(`${SECRET}\nmore`);
	});

	test.each([undefined, ""])("is refused where it is %j", (value) => {
		setVariable("TEST_PASSWORD", value);
		expect(refusal({ kind: "env", name: "TEST_PASSWORD" })).toBe(
			"the store's password in $TEST_PASSWORD is not set. Set the variable TEST_PASSWORD where trocla runs",
		);
	});
});

describe("a password in a credential of systemd's", () => {
	const source = { kind: "credential", name: "password" } as const;

	test("is its first line, which the group may read, as systemd has it for a service's user", () => {
		const { path } = file(`${SECRET}\n`, 0o440);
		setVariable("CREDENTIALS_DIRECTORY", dirname(path));
		expect(readSecret(source, "it")).toBe(SECRET);
		chmodSync(path, 0o444);
		expect(refusal(source)).toContain(`the credential password (${path}) can be read or changed by others (mode 0444)`);
	});

	test("is refused where systemd handed none over", () => {
		setVariable("CREDENTIALS_DIRECTORY", undefined);
		expect(refusal(source)).toMatch(/CREDENTIALS_DIRECTORY is not set. .*LoadCredential=password:FILE/);
		setVariable("CREDENTIALS_DIRECTORY", new Sandbox().directory);
		expect(refusal(source)).toMatch(/the credential password can't be read: ENOENT/);
	});

	test("is only looked for in systemd's directory", () => {
		const { path } = file(`${SECRET}\n`);
		setVariable("CREDENTIALS_DIRECTORY", `${dirname(path)}/empty`);
		mkdirSync(`${dirname(path)}/empty`, { mode: 0o700 });
		expect(refusal({ kind: "credential", name: "../password" })).toContain("can't be read");
	});
});

test.skipIf(!isRoot)("root reads a password that is another user's", () => {
	const { path, source } = file(`${SECRET}\n`);
	chownSync(path, 65534, 65534);
	expect(readSecret(source, "it")).toBe(SECRET);
});
