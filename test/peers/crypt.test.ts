import { describe, expect, it } from "vitest";
import { sha256cryptMethod } from "../../formats/sha256crypt.js";
import { sha512cryptMethod } from "../../formats/sha512crypt.js";
import { maxBytes, using } from "../support/formats.js";
import { awkward } from "../support/passwords.js";
import { missing, type Program, pathOf } from "../support/peers.js";
import { run } from "../support/sandbox.js";

const names = ["md5crypt", "sha256crypt", "sha512crypt", "bcrypt", "yescrypt"] as const;
const shaCrypt = { sha256crypt: sha256cryptMethod, sha512crypt: sha512cryptMethod };

const upTo = (bytes: number) => Object.entries(awkward).filter(([, password]) => Buffer.byteLength(password) <= bytes);
const other = (password: string) => `${password.slice(0, 8)}.`;

async function output(program: Program, args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}) {
	const outcome = await run(pathOf(program), args, { env: { LANG: "C.UTF-8", ...env } }, input);
	expect(outcome).toMatchObject({ code: 0, stderr: "" });
	return outcome.stdout.replace(/\n$/, "");
}

describe.skipIf(missing("mkpasswd"))("mkpasswd (needs whois)", () => {
	const mkpasswd = (method: string, password: string, ...args: readonly string[]) =>
		output("mkpasswd", ["-s", "-m", method, ...args], `${password}\n`);

	describe.each(names)("%s", (name) => {
		it.each(upTo(maxBytes(name)))(
			"trocla verifies its hash of %s, and refuses another password",
			async (_, password) => {
				const hash = await mkpasswd(name, password, ...(name === "bcrypt" ? ["-R", "5"] : []));
				expect(await using(name).verify(password, hash)).toBe(true);
				expect(await using(name).verify(other(password), hash)).toBe(false);
			},
		);
	});

	describe.each(Object.entries(shaCrypt))("%s without libcrypt", (name, { prefix, portable }) => {
		it.each(upTo(511))("is what it makes of %s", async (_, password) => {
			const hash = await mkpasswd(name, password, "-S", "saltsalt");
			expect(await portable.crypt(password, `${prefix}saltsalt`)).toBe(hash);
		});

		it.each([1000, 4999, 5000, 10_000])("is what it makes in %i rounds", async (rounds) => {
			const hash = await mkpasswd(name, "password", "-S", "saltsalt", "-R", String(rounds));
			expect(await portable.crypt("password", `${prefix}rounds=${rounds}$saltsalt`)).toBe(hash);
		});
	});
});

describe.skipIf(missing("openssl"))("openssl passwd (needs openssl)", () => {
	const flags = [
		["md5crypt", "-1"],
		["sha256crypt", "-5"],
		["sha512crypt", "-6"],
	] as const;

	describe.each(flags)("%s", (name, flag) => {
		// It cuts longer ones.
		const short = upTo(255);

		it.each(short)("trocla verifies its hash of %s, and refuses another password", async (_, password) => {
			const hash = await output("openssl", ["passwd", flag, "-stdin"], `${password}\n`);
			expect(await using(name).verify(password, hash)).toBe(true);
			expect(await using(name).verify(other(password), hash)).toBe(false);
		});

		it.each(short)("it makes trocla's hash of %s from the same salt", async (_, password) => {
			const hash = await using(name, {}).derive(password);
			const salt = hash.split("$")[2] ?? "";
			expect(await output("openssl", ["passwd", flag, "-stdin", "-salt", salt], `${password}\n`)).toBe(hash);
		});
	});
});

describe.skipIf(missing("perl"))("the crypt() of another program (needs perl)", () => {
	const crypt = (password: string, setting: string) =>
		output("perl", ["-e", "print crypt($ENV{PASSWORD}, $ENV{SETTING})"], "", { PASSWORD: password, SETTING: setting });

	describe.each(names)("%s", (name) => {
		it.each(upTo(maxBytes(name)))("it accepts trocla's hash of %s, and no other password", async (_, password) => {
			const hash = await using(name).derive(password);
			expect(await crypt(password, hash)).toBe(hash);
			expect(await crypt(other(password), hash)).not.toBe(hash);
		});
	});
});
