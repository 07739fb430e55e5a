import { describe, expect, it } from "vitest";
import { using } from "../support/formats.js";
import { awkward } from "../support/passwords.js";
import { missing, pathOf } from "../support/peers.js";
import { run } from "../support/sandbox.js";

const passwords = Object.entries({ ...awkward, "a leading hyphen": "-e", "a newline at its end": "x\n" })
	// It takes no more.
	.filter(([, password]) => Buffer.byteLength(password) <= 127);

/** What libargon2's command makes of a password and a text as its salt; `memory` is the logarithm of the KiB. */
async function reference(password: string, ...args: readonly string[]): Promise<string> {
	const outcome = await run(pathOf("argon2"), args, {}, password);
	expect(outcome).toMatchObject({ code: 0, stderr: "" });
	return outcome.stdout.trimEnd();
}

describe.skipIf(missing("argon2"))("libargon2's argon2 (needs argon2)", () => {
	const { verify } = using("argon2");

	it.each(passwords)("trocla verifies its argon2id of %s, and refuses another password", async (_, password) => {
		const value = await reference(password, "somesalt", "-id", "-e", "-m", "10", "-t", "2", "-p", "2");
		expect(await verify(password, value)).toBe(true);
		expect(await verify(`${password}.`, value)).toBe(false);
	});

	it.each(
		["-i", "-d", "-id"].flatMap((variant) => ["10", "13"].map((version): [string, string] => [variant, version])),
	)("trocla verifies its %s of version %s", async (variant, version) => {
		for (const length of ["4", "16", "64"]) {
			const value = await reference(
				"password",
				"a salt of any length",
				variant,
				"-v",
				version,
				"-e",
				"-m",
				"6",
				"-l",
				length,
			);
			expect(await verify("password", value)).toBe(true);
			expect(await verify("passwort", value)).toBe(false);
		}
	});

	it.each(passwords)("it makes trocla's hash of %s from the same salt", async (_, password) => {
		const value = await withoutNul(() => using("argon2", { time: 2, memory: 100, parallelism: 3 }).derive(password));
		const salt = [...saltOf(value)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
		// A salt is any bytes, and arguments of a program that Node starts are UTF-8.
		const script = 'printf -v salt "$1"; "$0" "$salt" -id -e -t 2 -k 100 -p 3';
		expect(await run("bash", ["-c", script, pathOf("argon2"), salt], {}, password)).toEqual({
			code: 0,
			stdout: `${value}\n`,
			stderr: "",
		});
	});
});

const saltOf = (value: string) => Buffer.from(value.split("$")[4] ?? "", "base64");

/** A value whose salt can be an argument of a program. */
async function withoutNul(derive: () => Promise<string>): Promise<string> {
	const value = await derive();
	return saltOf(value).includes(0) ? withoutNul(derive) : value;
}
